import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** Runs `redeye` in a project, as a person would who has the emulator's account; never rejects. */
export async function redeye(
  project: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ exit: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['--no-warnings', join(root, 'cli', 'redeye.ts'), '-C', project, ...args], {
    env: {
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOME: process.env.HOME,
      ...env,
      SLS_AWS_MONITORING_FREQUENCY: '250',
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => child.kill('SIGKILL')
  process.once('exit', stop)
  const said = { out: '', err: '' }
  child.stdout.on('data', data => (said.out += data))
  child.stderr.on('data', data => (said.err += data))
  const exit = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', code => resolve(code ?? -1)))
  process.removeListener('exit', stop)
  return { exit, ...said }
}
