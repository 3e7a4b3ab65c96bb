import { readdirSync, readFileSync } from 'node:fs'

/** Kills the processes that an emulator, which is known by its folder, runs a function in, or any of its functions; throws when there is none. */
export async function killWorker(folder: string, name = ''): Promise<void> {
  const found = readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && commandOf(pid).includes(`${folder}/ministack-lambda-${name}`))
  if (found.length === 0) throw new Error(`no process runs ${name || 'a function'}`)
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
