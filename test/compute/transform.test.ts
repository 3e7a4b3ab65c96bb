import { readRows } from '../../shared/compute/lake-query.ts'
import type { TranslatedSql } from '../../shared/compute/work.ts'
import type { Manifest } from '../../shared/core/manifest.ts'
import type { PinnedPartition } from '../../shared/ports/compute.ts'
import {
  array,
  between,
  dataset,
  decimal,
  matches,
  overlapping,
  same,
  struct,
  type Task,
  trailing,
  transform,
  weekly,
} from '../../shared/task/index.ts'
import { DAY, day, openWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await openWorkplace()
})
afterEach(() => place.close())

const flights = day('flights', { origin: 'string', delay_min: 'int', at: 'timestamp' })
const delays = day('delays', { origin: 'string', flights: 'int', delay_min: 'bigint' }, ['origin'])
const flight = (origin: string, delay_min: number | null) => ({ origin, delay_min, at: '2001-02-14T05:00:00Z' })
const sumSql =
  'SELECT origin, count(*)::INTEGER AS flights, sum(delay_min)::BIGINT AS delay_min FROM flights GROUP BY origin ORDER BY origin'
const sql = (duckdb: string, ...parameters: string[]): { sql: TranslatedSql } => ({ sql: { duckdb, parameters } })
const summing = transform({ inputs: { flights: same(flights) }, output: delays, sql: 'delays.sql' })

async function rowsOf(task: Task, manifest: Manifest): Promise<Record<string, unknown>[]> {
  const folder = `${manifest.dataset}/${manifest.partition}/g${manifest.generation}-a${manifest.attempt}`
  return readRows(place.lake, {
    name: task.output.name,
    columns: task.output.columns,
    versions: [{ partition: manifest.partition, version: 1, folder }],
  })
}
async function rowsWith(task: Task, inputs: Record<string, PinnedPartition[]>, translated: { sql: TranslatedSql }, partition = DAY) {
  return rowsOf(task, await place.run(task, { inputs, partition }, translated))
}

test('runs its statement over the pinned version', async () => {
  const pin = await place.pin(flights, [flight('SFO', 10), flight('SFO', 20), flight('JFK', null)])
  const manifest = await place.run(summing, { inputs: { flights: [pin] } }, sql(sumSql))
  expect(manifest).toMatchObject({
    rows: 2,
    columns: { origin: { nulls: 0, min: 'JFK', max: 'SFO' }, delay_min: { nulls: 1, min: '30', max: '30' } },
  })
  expect(await rowsOf(summing, manifest)).toEqual([
    { origin: 'JFK', flights: 1, delay_min: null },
    { origin: 'SFO', flights: 2, delay_min: 30n },
  ])
})

test('reads exactly the versions that are pinned', async () => {
  const first = await place.pin(flights, [flight('SFO', 1)], DAY, 1)
  await place.pin(flights, [flight('SFO', 100)], DAY, 2)
  expect(await rowsWith(summing, { flights: [first] }, sql(sumSql))).toEqual([{ origin: 'SFO', flights: 1, delay_min: 1n }])
})

test('an input with nothing there is an empty table of its schema', async () => {
  const manifest = await place.run(summing, { inputs: { flights: [] } }, sql(sumSql))
  expect(manifest).toMatchObject({ rows: 0, files: [], bytes: 0 })
  const pin = await place.pin(flights, [])
  expect(await rowsWith(summing, { flights: [pin] }, sql(sumSql))).toEqual([])
  expect(
    await rowsWith(
      summing,
      {},
      sql("SELECT coalesce(max(origin), 'none') AS origin, 0 AS flights, 0 AS delay_min FROM flights WHERE _partition IS NULL"),
    ),
  ).toEqual([{ origin: 'none', flights: 0, delay_min: 0n }])
})

test('each row says its partition', async () => {
  const counted = day('counted', { day: 'string', flights: 'int' })
  const task = transform({ inputs: { flights: trailing(flights, 3) }, output: counted, sql: 'x.sql' })
  const pins = [
    await place.pin(flights, [flight('SFO', 1)], '2001-02-12'),
    await place.pin(flights, [], '2001-02-13'),
    await place.pin(flights, [flight('SFO', 1), flight('JFK', 1)], '2001-02-14'),
  ]
  const counting = sql('SELECT _partition AS day, count(*) AS flights FROM flights GROUP BY 1 ORDER BY 1')
  expect(await rowsWith(task, { flights: pins }, counting)).toEqual([
    { day: '2001-02-12', flights: 1 },
    { day: '2001-02-14', flights: 2 },
  ])
  expect(await rowsWith(task, { flights: pins.slice(2) }, counting)).toEqual([{ day: '2001-02-14', flights: 2 }])
})

test('the parameters are the output’s partition and its time', async () => {
  const weeks = dataset('weeks', {
    partition: weekly({ timezone: 'Europe/Madrid' }),
    columns: { week: 'string', start: 'timestamp', end: 'timestamp' },
    description: 'for a test',
    owner: 'tests@example.com',
  })
  const task = transform({ inputs: { flights: overlapping(flights) }, output: weeks, sql: 'x.sql' })
  const all = sql('SELECT $partition AS week, $start AS start, $end AS "end"', 'partition', 'start', 'end')
  expect(await rowsWith(task, {}, all, '2001-W12')).toEqual([
    { week: '2001-W12', start: '2001-03-18T23:00:00Z', end: '2001-03-25T22:00:00Z' },
  ])
})

test('a time that the partition has not is the SQL’s fault', async () => {
  const { unpartitioned } = await import('../../shared/task/index.ts')
  const once = dataset('once', {
    partition: unpartitioned(),
    columns: { a: 'timestamp' },
    description: 'for a test',
    owner: 'tests@example.com',
  })
  const task = transform({ inputs: {}, output: once, sql: 'x.sql' })
  await expect(place.run(task, { partition: 'all' }, sql('SELECT $start AS a', 'start'))).rejects.toMatchObject({
    code: 'BAD_SQL',
    failure: 'user',
  })
})

describe('the columns of an input that change', () => {
  const wider = day('flights', { ...flights.columns, carrier: 'string', tags: array(struct({ a: 'int' })) })
  const task = transform({
    inputs: { flights: trailing(wider, 2) },
    output: day('carriers', { carrier: 'string', n: 'int' }),
    sql: 'x.sql',
  })
  const counting = sql('SELECT carrier, count(*) AS n FROM flights WHERE tags IS NULL GROUP BY 1 ORDER BY 1 NULLS FIRST')

  test('an added one is null in older versions', async () => {
    const old = await place.pin(flights, [flight('SFO', 1), flight('SFO', 1)], '2001-02-13')
    const now = await place.pin(wider, [
      { ...flight('SFO', 1), carrier: 'AA' },
      { ...flight('JFK', 1), carrier: 'UA', tags: [{ a: 1 }] },
    ])
    expect(await rowsWith(task, { flights: [old, now] }, counting)).toEqual([
      { carrier: null, n: 2 },
      { carrier: 'AA', n: 1 },
    ])
  })

  test('one that is gone or has another type fails before anything is read', async () => {
    const now = await place.pin(wider, [flight('SFO', 1)])
    await expect(place.run(summing, { inputs: { flights: [now] } }, sql(sumSql))).rejects.toMatchObject({
      code: 'BAD_DATASET',
      failure: 'user',
      message: `flights@${DAY} has the column carrier, which is declared no more`,
    })
    const retyped = day('flights', { ...flights.columns, delay_min: decimal(10, 2) })
    const pin = await place.pin(retyped, [flight('SFO', 1)], '2001-02-13')
    await expect(place.run(summing, { inputs: { flights: [pin] } }, sql(sumSql))).rejects.toMatchObject({
      code: 'BAD_DATASET',
      message: 'flights@2001-02-13 has delay_min as decimal(10,2), which is declared as int',
    })
  })
})

test('of all inputs the manifests are looked at before a file is fetched, so that a version that cannot be read is what the attempt fails with', async () => {
  const other = day('airports', { code: 'string' })
  const task = transform({ inputs: { airports: same(other), flights: same(flights) }, output: delays, sql: 'delays.sql' })
  const airports = await place.pin(other, [{ code: 'SFO' }])
  const changed = await place.pin(day('flights', { ...flights.columns, carrier: 'string' }), [flight('SFO', 1)])
  const lake = { ...place.lake, fetch: () => Promise.reject(new Error('the disk is full')) }
  await expect(place.run(task, { inputs: { airports: [airports], flights: [changed] } }, { ...sql(sumSql), lake })).rejects.toMatchObject({
    code: 'BAD_DATASET',
    failure: 'user',
  })
})

describe('what the statement gives', () => {
  test('comes to the declared columns by name, in their order', async () => {
    const pin = await place.pin(flights, [flight('SFO', 10)])
    const reordered = sql('SELECT sum(delay_min) AS delay_min, 1 AS extra, count(*) AS FLIGHTS, max(origin) AS origin FROM flights')
    const manifest = await place.run(summing, { inputs: { flights: [pin] } }, reordered)
    expect(Object.keys((await rowsOf(summing, manifest))[0]!)).toEqual(['origin', 'flights', 'delay_min'])
    expect(await rowsOf(summing, manifest)).toEqual([{ origin: 'SFO', flights: 1, delay_min: 10n }])
  })

  test.each([
    ['a column that is missing', 'SELECT 1 AS flights, 2 AS delay_min', 'gives no column "origin"'],
    ['an overflow', "SELECT 'x' AS origin, 3000000000 AS flights, 1 AS delay_min", 'flights: 3000000000 does not fit INTEGER'],
    ['a bad cast', "SELECT 'x' AS origin, CAST('abc' AS INTEGER) AS flights, 1 AS delay_min", "Could not convert string 'abc' to INT32"],
    ['an overflow on the way', "SELECT 'x' AS origin, 2147483647::INTEGER + 1::INTEGER AS flights, 1 AS delay_min", 'Overflow in addition'],
    ['an error of its own', "SELECT 'x' AS origin, CAST(error('no such') AS INTEGER) AS flights, 1 AS delay_min", 'no such'],
    ['an unknown table', 'SELECT * FROM nowhere', 'Table with name nowhere does not exist'],
  ])('or fails as the user’s fault, naming the file: %s', async (_, duckdb, message) => {
    const failing = place.run(summing, { inputs: {} }, sql(duckdb))
    await expect(failing).rejects.toMatchObject({ code: 'BAD_SQL', failure: 'user', message: expect.stringContaining(message) })
    if (!message.startsWith('gives')) await expect(failing).rejects.toMatchObject({ place: { file: `${import.meta.dirname}/delays.sql` } })
    expect(await place.keys()).toEqual([])
  })
})

test('a version that has lost its manifest may come back', async () => {
  const pin = { partition: DAY, version: 1, folder: `flights/${DAY}/g9-a9` }
  await expect(place.run(summing, { inputs: { flights: [pin] } }, sql(sumSql))).rejects.toMatchObject({
    code: 'LAKE_FAILED',
    failure: 'transient',
  })
  await place.lake.put(`${pin.folder}/manifest.json`, '{"format":2}')
  await expect(place.run(summing, { inputs: { flights: [pin] } }, sql(sumSql))).rejects.toMatchObject({ code: 'NEWER_DOCUMENT' })
})

test('the SQL of a file that is not there is named', async () => {
  await expect(place.run(summing)).rejects.toMatchObject({ code: 'BAD_SQL', message: expect.stringContaining('delays.sql') })
})

test('attempts that run at the same time do not see each other', async () => {
  const pins = await Promise.all(['A', 'B', 'C', 'D'].map((origin, n) => place.pin(flights, [flight(origin, n)], `2001-02-1${n}`)))
  const all = await Promise.all(pins.map(pin => rowsWith(summing, { flights: [pin] }, sql(sumSql), pin.partition)))
  expect(all.map(rows => rows[0]!.origin)).toEqual(['A', 'B', 'C', 'D'])
})

test('a check against an input', async () => {
  const airports = day('airports', { iata: 'string' })
  const task = transform({
    inputs: { flights: same(flights), airports: same(airports) },
    output: delays,
    sql: 'x.sql',
    checks: [matches('origin', airports, 'iata'), between('flights', 1, 5)],
  })
  const inputs = {
    flights: [await place.pin(flights, [flight('SFO', 1), flight('XXX', 2)])],
    airports: [await place.pin(airports, [{ iata: 'SFO' }, { iata: null }])],
  }
  await expect(place.run(task, { inputs }, sql(sumSql))).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: `delays@${DAY}: matches: 1 of 2 rows have origin that is no iata of airports: {"origin":"XXX"}`,
  })
})
