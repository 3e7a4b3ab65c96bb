import { spawn } from 'node:child_process'

/** Runs a file of ours with this Node; rejects with what it said when it fails. */
export async function runNode(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill('SIGKILL')
  process.once('exit', stop)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  process.removeListener('exit', stop)
  if (code !== 0) throw new Error(`${file} ended with ${code}:\n${said}`)
}
