// Brings what the other npm scripts need, Node 24 among it, so that a fresh clone needs no command before `npm run demo` or `npm test`.
// Plain JavaScript: it is run by whichever Node is there (20.19 or later).
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const wanted = join(root, 'package-lock.json')
// npm writes it last, when everything else is there.
const installed = join(root, 'node_modules', '.package-lock.json')

if (!existsSync(installed) || statSync(wanted).mtimeMs > statSync(installed).mtimeMs) {
  process.stderr.write('Installing what Redeye needs; this takes a minute, once\n')
  // The npm that called, not whichever stands first on the path; `install` and not `ci`, which would begin by removing what is there.
  const npm = process.env.npm_execpath
  // What the script itself prints may be read by another program.
  const stdio = ['ignore', 2, 2]
  const options = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...options], { cwd: root, stdio })
    : spawnSync('npm', options, { cwd: root, stdio, shell: process.platform === 'win32' })
  if (status !== 0) {
    process.stderr.write('What Redeye needs could not be installed\n  → see npm’s message above; the packages come from npm’s registry\n')
    process.exit(status ?? 1)
  }
}
