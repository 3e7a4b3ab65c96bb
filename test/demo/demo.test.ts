import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { answers, nights, nightsAfter, nightsBefore, prepareWorld, theNight, type World } from '../../demo/demo.ts'
import { runScript } from '../../demo/script.ts'
import { withWarehouse } from '../../shared/targets/warehouse-file.ts'
import { runServices } from './run-services.ts'

// The first nights of February, with which their week closes.
const dates = ['2001-02-01', '2001-02-02', '2001-02-03', '2001-02-04']

let folder: string
let services: World
let script: World
/** Where the services put each version. */
let made: Map<string, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
  services = await prepareWorld(join(folder, 'services'), folder)
  script = await prepareWorld(join(folder, 'script'), folder)
  made = await runServices(services, join(folder, 'services', 'lake'), dates)
  await runScript(script.settings, join(folder, 'script', 'lake'), dates)
  // Half a million flights go into a database here, and eight nights are run.
}, 180_000)
afterAll(async () => {
  await services.close()
  await script.close()
  rmSync(folder, { recursive: true })
})

function rowsOf(setting: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(script.settings[setting]!.slice('sqlite:'.length), { readOnly: true })
  try {
    return db
      .prepare(sql)
      .all()
      .map(row => ({ ...row }))
  } finally {
    db.close()
  }
}

test('the nights are those of February, in order, with the fourteenth in their midst', () => {
  expect([...nightsBefore, theNight, ...nightsAfter]).toEqual(nights)
  expect([nights[0], theNight, nights.at(-1)]).toEqual(['2001-02-01', '2001-02-14', '2001-02-28'])
})

test('the operations database holds the real flights', () => {
  expect(
    rowsOf('OPERATIONS_DB', `select count(*) as flights, sum(distance_mi) as miles from flights where flight_date = '2001-02-14'`),
  ).toEqual([{ flights: 16359, miles: 11918806 }])
  expect(rowsOf('OPERATIONS_DB', 'select min(flight_date) as first, max(flight_date) as last from flights')).toEqual([
    { first: '2001-01-31', last: '2001-03-01' },
  ])
})

test('what was built is built once', async () => {
  const built = () =>
    readdirSync(folder)
      .filter(name => name.startsWith('outside'))
      .map(name => statSync(join(folder, name)).ino)
  const before = built()
  const again = await prepareWorld(join(folder, 'again'), folder)
  await again.close()
  expect(built()).toEqual(before)
})

test('the warehouse answers the questions, as the raw flights would', async () => {
  const [routes, waits, strikes] = await answers(services.settings.WAREHOUSE!, '2001-02-04')
  expect(routes!.columns).toEqual(['route', 'on_time_percent', 'flights'])
  expect(routes!.rows[0]).toEqual(['PHL-TPA', 31, 32])
  expect(waits!.rows).toHaveLength(5)
  expect(strikes!.rows.length).toBeGreaterThan(2)
})

test('every session is on the queue', () => {
  expect(rowsOf('MARKETING_QUEUE', 'select count(*) > 5000 as many from messages')).toEqual([{ many: 1 }])
})

/* The services make the very rows that the hand-written script makes, whose SQL no translator has touched. */

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
  const loaded = await rows(services.settings)
  expect(loaded).toHaveLength(dates.length)
  expect(loaded).toEqual(await rows(script.settings))
})
