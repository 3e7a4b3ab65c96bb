import { readdirSync, readFileSync } from 'node:fs'

/** Kills the processes that the emulator runs a function in; throws when there is none. */
export async function killWorker(name: string): Promise<void> {
  const found = readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && commandOf(pid).includes(`/ministack-lambda-${name}-`))
  if (found.length === 0) throw new Error(`no process runs ${name}`)
  for (const pid of found) process.kill(Number(pid), 'SIGKILL')
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
