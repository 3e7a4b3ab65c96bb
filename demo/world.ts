import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readHistory } from './history.ts'
import { buildOperations } from './operations.ts'
import { visitSite } from './site.ts'

/** Where the parts of the world outside lie. */
export interface WorldFiles {
  operations: string
  logs: string
  airports: string
  strikes: string
}

// Grows when the world changes, so that one built by an older version is not taken for this one.
const VERSION = 2

/** The days on which the site is visited: those of February, and one after. */
export const siteDays = Array.from({ length: 29 }, (_, n) => new Date(Date.UTC(2001, 1, 1 + n)).toISOString().slice(0, 10))

/**
 * Builds the world outside in a folder, from real flights, airports and wildlife strikes: an operations database, the site's access logs,
 * and what two APIs will answer. The same every time; what is there already, whole, is left as it is.
 */
export async function buildWorld(folder: string): Promise<WorldFiles> {
  const built = join(folder, `outside-${VERSION}`)
  if (!existsSync(built)) {
    const unfinished = `${built}.unfinished`
    for (const earlier of existsSync(folder) ? readdirSync(folder).filter(name => name.startsWith('outside-')) : [])
      rmSync(join(folder, earlier), { recursive: true, force: true })
    await fill(filesIn(unfinished))
    renameSync(unfinished, built)
  }
  return filesIn(built)
}

function filesIn(folder: string): WorldFiles {
  return {
    operations: join(folder, 'operations.db'),
    logs: join(folder, 'logs'),
    airports: join(folder, 'airports.json'),
    strikes: join(folder, 'strikes.json'),
  }
}

async function fill(files: WorldFiles): Promise<void> {
  mkdirSync(files.logs, { recursive: true })
  const history = await readHistory()
  const site = visitSite(history.flights, siteDays)
  buildOperations(files.operations, history.flights, site.bookings)
  // Level 1 takes a third of the time, and nobody keeps these logs.
  for (const [date, lines] of site.logs)
    writeFileSync(join(files.logs, `access-${date}.log.gz`), gzipSync(`${lines.join('\n')}\n`, { level: 1 }))
  writeFileSync(files.airports, JSON.stringify(history.airports))
  writeFileSync(files.strikes, JSON.stringify(history.strikes))
}
