import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'

/** How a command of osls ended, and what it said. */
export interface OslsEnd {
  ok: boolean
  output: string
}

/** Runs `sls` in a folder: the project's own, by the Node that runs this. */
export async function osls(folder: string, args: readonly string[]): Promise<OslsEnd> {
  const child = spawn(process.execPath, [oslsFile(folder), ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const hear = (data: Buffer) => {
    output += data
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { ok: code === 0, output }
}

function oslsFile(folder: string): string {
  try {
    return createRequire(join(folder, 'package.json')).resolve('osls/bin/serverless.js')
  } catch (cause) {
    throw new RedeyeError('NOT_DEPLOYED', `${folder}: osls is not installed`, { remedy: 'npm install --save-dev osls', cause })
  }
}

/** What of its output says why it failed. */
export function whyItFailed(output: string): string {
  const lines = output.split('\n')
  const at = lines.findIndex(line => /^Error:?/.test(line.trim()))
  return (at < 0 ? lines.slice(-15) : lines.slice(at)).join('\n').trim()
}
