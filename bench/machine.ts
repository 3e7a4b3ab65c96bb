import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** The machine in a few lines: figures mean nothing without it. */
export function describeMachine(folder: string): string {
  return [
    `Node ${process.version} on ${type()} ${release()} ${arch()}`,
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB memory, load ${loadavg()[0]!.toFixed(1)} at the start`,
    `disk: ${diskOf(folder)}`,
  ].join('\n')
}

function diskOf(folder: string): string {
  try {
    const [device, kind] = execFileSync('df', ['-T', folder], { encoding: 'utf8' }).trim().split('\n').at(-1)!.split(/\s+/)
    return `${kind} on ${device}`
  } catch {
    return 'of a kind that df does not tell'
  }
}
