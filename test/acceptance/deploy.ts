import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const sls = join(root, 'node_modules', '.bin', 'sls')

/** Runs `sls` in a service's folder; rejects with what it said when it fails. */
export async function runSls(folder: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(sls, args, {
    cwd: folder,
    env: {
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOME: process.env.HOME,
      ...env,
      SLS_AWS_MONITORING_FREQUENCY: '250',
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
      NODE_NO_WARNINGS: '1',
      // Each deployment loads the same packages.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'redeye', 'compiled'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code === 0) return said
  throw new Error(`sls ${args.join(' ')} in ${folder} ended with ${code}:\n${said}`)
}
