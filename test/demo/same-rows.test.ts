import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { prepareWorld, type World } from '../../demo/demo.ts'
import { runScript } from '../../demo/script.ts'
import airportDay from '../../services/airport-day/task.ts'
import airportRegistry from '../../services/airport-registry/task.ts'
import flownFlights from '../../services/flown-flights/task.ts'
import loadAirportDays from '../../services/load-airport-days/task.ts'
import loadRoutes from '../../services/load-routes/task.ts'
import networkMonth from '../../services/network-month/task.ts'
import networkWeek from '../../services/network-week/task.ts'
import queueSessions from '../../services/queue-sessions/task.ts'
import routeDemand from '../../services/route-demand/task.ts'
import routePunctuality from '../../services/route-punctuality/task.ts'
import seatBookings from '../../services/seat-bookings/task.ts'
import sendLateRoutes from '../../services/send-late-routes/task.ts'
import siteLogs from '../../services/site-logs/task.ts'
import strikeReports from '../../services/strike-reports/task.ts'
import visitorList from '../../services/visitor-list/task.ts'
import webSessions from '../../services/web-sessions/task.ts'
import { createCompute } from '../../shared/compute/compute.ts'
import { neededBy } from '../../shared/core/mapping.ts'
import { isTimed, keyOf, ordinalOf, ordinalRange } from '../../shared/core/partition.ts'
import { folderLake } from '../../shared/local/lake.ts'
import type { SourceWorld } from '../../shared/ports/source.ts'
import { withWarehouse } from '../../shared/targets/warehouse-file.ts'
import type { Task } from '../../shared/task/index.ts'

/*
 * The services, run one after the other without ledger and events, make the very rows that the hand-written script makes,
 * whose SQL no translator has touched. The first nights of February, with which their week closes.
 */

const dates = ['2001-02-01', '2001-02-02', '2001-02-03', '2001-02-04']
const daily = [
  ...[flownFlights, seatBookings, siteLogs, airportRegistry, strikeReports],
  ...[airportDay, routePunctuality, webSessions, visitorList, routeDemand],
  ...[loadRoutes, loadAirportDays, sendLateRoutes, queueSessions],
]

let folder: string
let world: World
let other: World
let made: Map<string, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'same-rows-'))
  world = await prepareWorld(join(folder, 'services'), folder)
  other = await prepareWorld(join(folder, 'script'), folder)
  made = await runServices(world)
  await runScript(other.settings, join(folder, 'script', 'lake'), dates)
}, 120_000)
afterAll(async () => {
  await world.close()
  await other.close()
  rmSync(folder, { recursive: true })
})

/** The folder of each version that was made, by dataset and partition. */
async function runServices({ settings }: World): Promise<Map<string, string>> {
  const folders = new Map<string, string>()
  const source: SourceWorld = { fetch, secret: async name => settings[name]!, sleep: ms => wait(ms), now: () => Date.now() }
  const lake = folderLake(join(folder, 'services', 'lake'))
  const run = async (task: Task, partition: string) => {
    const version = `${task.output.name}/${partition}/g1-a1`
    const inputs = Object.fromEntries(Object.keys(task.inputs).map(alias => [alias, pinned(task, alias, partition, folders)]))
    const attempt = { task: task.name, partition, generation: 1, attempt: 1, folder: version, inputs, inputBytes: 0 }
    await createCompute(task, { lake, source }).run({ ...attempt, signal: new AbortController().signal, log: () => undefined })
    folders.set(`${task.output.name}@${partition}`, join(folder, 'services', 'lake', version))
  }
  for (const date of dates) for (const task of daily) await run(task, date)
  await run(networkWeek, '2001-W05')
  await run(networkMonth, '2001-02')
  return folders
}

function pinned(task: Task, alias: string, partition: string, folders: Map<string, string>) {
  const { dataset, mapping } = task.inputs[alias]!
  const from = dataset.partition
  // A latest input takes the newest there is, which at the end of a night is the night's own.
  const needed =
    mapping.map === 'latest' ? undefined : neededBy(mapping, from, task.output.partition, ordinalOf(task.output.partition, partition)!)
  const keys = needed === undefined || !isTimed(from) ? [partition] : ordinalRange(from, needed.from, needed.to).map(o => keyOf(from, o))
  return keys
    .filter(key => folders.has(`${dataset.name}@${key}`))
    .map(key => ({ partition: key, version: 1, folder: `${dataset.name}/${key}/g1-a1` }))
}

/** How many rows only one of two relations has, each as often as it stands there; doubles are compared to nine digits. */
async function differences(db: DuckDBConnection, a: string, b: string): Promise<number> {
  const columns = (await db.runAndReadAll(`describe from ${a}`)).getRowObjectsJson().map(column => {
    const name = `"${column.column_name}"`
    return column.column_type === 'DOUBLE' ? `round(${name}, 9)` : column.column_type === 'BIGINT' ? `cast(${name} as bigint)` : name
  })
  const rows = (relation: string) => `(select ${columns.join(', ')} from ${relation})`
  const only = (x: string, y: string) => `(select count(*) from (${rows(x)} except all ${rows(y)}))`
  const reader = await db.runAndReadAll(`select ${only(a, b)} + ${only(b, a)}`)
  return Number(reader.getRowsJson()[0]![0])
}

async function inMemory<T>(use: (db: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create()
  const db = await instance.connect()
  try {
    await db.run(`set TimeZone = 'UTC'`)
    return await use(db)
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

const ofDays = [
  'flights',
  'bookings',
  'web_logs',
  'airports',
  'wildlife_strikes',
  'airport_days',
  'route_punctuality',
  'sessions',
  'visitors',
  'route_demand',
]

test.each([...ofDays.map(name => [name, dates.at(-1)!]), ['network_weeks', '2001-W05']])('%s@%s', async (dataset, partition) => {
  const files = join(made.get(`${dataset}@${partition}`)!, '*.parquet')
  const file = join(folder, 'script', 'lake', dataset, `${partition.replace('2001-W05', '2001-02-04')}.parquet`)
  await inMemory(async db => {
    expect(await differences(db, `read_parquet('${files}')`, `read_parquet('${file}')`)).toBe(0)
  })
})

test.each(['route_punctuality', 'airport_days'])('the warehouse’s table %s', async table => {
  const rows = (settings: World['settings']) =>
    withWarehouse(
      settings.WAREHOUSE!.slice('duckdb:'.length),
      ms => wait(ms),
      async db => (await db.runAndReadAll(`select _partition, count(*), sum(hash(#1)) from ${table} group by 1 order by 1`)).getRowsJson(),
    )
  const loaded = await rows(world.settings)
  expect(loaded).toHaveLength(dates.length)
  expect(loaded).toEqual(await rows(other.settings))
})
