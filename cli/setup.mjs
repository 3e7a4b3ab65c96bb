// Runs on any Node that npm runs on, before anything is installed: plain JavaScript, nothing imported but Node's own.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

// The oldest Node that npm's own install steps are tried on; Redeye's code runs on the Node 24 that is installed with it.
const OLDEST = [20, 19]

const root = join(import.meta.dirname, '..')
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
  fail(`Redeye is set up with Node ${OLDEST.join('.')} or later, and this is ${process.versions.node}.`)

// npm writes this file when an installation is whole.
if (!existsSync(join(root, 'node_modules/.package-lock.json'))) {
  console.log('Installing what Redeye needs, once; this takes a minute.')
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status } = spawnSync(command, [...args, '--no-fund', '--no-audit'], {
    cwd: root,
    stdio: 'inherit',
    shell: !npm && process.platform === 'win32',
  })
  if (status !== 0) fail('npm ci did not succeed; what it said is above.')
}
if (!existsSync(join(root, 'node_modules/node/bin/node')))
  fail('Node 24 is not among the packages: it is fetched by an install script. Run npm ci without --ignore-scripts.')

function fail(message) {
  console.error(message)
  process.exit(1)
}
