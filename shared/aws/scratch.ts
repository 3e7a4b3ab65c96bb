import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'redeye-work-'

/** Where this process keeps its files: all in one folder, so that it can be emptied whole. */
export const scratchFolder = (disk = tmpdir()): string => join(disk, `${PREFIX}${process.pid}`)

/**
 * Empties the scratch folder and the folders in it, and removes those of processes that are gone: a sandbox keeps its disk from one
 * attempt to the next, and from a process that died to the one that follows it. Those of others who live (as in an emulator, where all
 * share a disk) stay.
 */
export function emptyScratch(disk = tmpdir()): string {
  const own = scratchFolder(disk)
  for (const name of readdirSync(disk)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(disk, name), { recursive: true, force: true })
  }
  mkdirSync(own, { recursive: true })
  for (const entry of readdirSync(own, { withFileTypes: true })) {
    const path = join(own, entry.name)
    rmSync(path, { recursive: true, force: true })
    // DuckDB outlives the attempt, and makes the folder it spills to only once.
    if (entry.isDirectory()) mkdirSync(path)
  }
  return own
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
