import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { airportsKey, crewDeskToken, startServers } from './servers.ts'
import { buildWorld } from './world.ts'

export { type Answer, answers } from './answers.ts'

/** The world outside, running: what the services' settings and secrets are, by name, and how to end it. */
export interface World {
  settings: Record<string, string>
  close(): Promise<void>
}

/**
 * Builds the world outside in a folder, where it is not there yet, and starts its services. What they are sent, the queue and the warehouse
 * go to `folder`; what is only read may lie in another folder, `outside`, and be shared.
 *
 * @example
 * const world = await prepareWorld('.redeye/demo')
 * try { … } finally { await world.close() }
 */
export async function prepareWorld(folder: string, outside = folder): Promise<World> {
  mkdirSync(folder, { recursive: true })
  const files = await buildWorld(outside)
  const servers = await startServers(files, join(folder, 'crew-desk.db'))
  return {
    settings: {
      OPERATIONS_DB: `sqlite:${files.operations}`,
      SITE_LOGS: files.logs,
      AIRPORTS_API: servers.airports,
      AIRPORTS_KEY: airportsKey,
      STRIKES_API: servers.strikes,
      CREW_DESK: servers.crewDesk,
      CREW_DESK_TOKEN: crewDeskToken,
      MARKETING_QUEUE: `sqlite:${join(folder, 'marketing-queue.db')}`,
      WAREHOUSE: `duckdb:${join(folder, 'warehouse.duckdb')}`,
    },
    close: servers.close,
  }
}

const february = Array.from({ length: 28 }, (_, n) => `2001-02-${String(n + 1).padStart(2, '0')}`)

/** The night that is shown. */
export const theNight = '2001-02-14'
/** Nights in order: those filled before it, it, and those after it, with which the weeks and the month close. */
export const nightsBefore = february.slice(0, 13)
export const nightsAfter = february.slice(14)
export const nights = february
