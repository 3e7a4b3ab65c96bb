import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readRows } from '../../shared/compute/lake-query.ts'
import { localSpark } from '../../shared/local/spark.ts'
import type { Attempt, PinnedPartition } from '../../shared/ports/compute.ts'
import {
  accepted,
  array,
  between,
  decimal,
  matches,
  notNull,
  rows,
  same,
  struct,
  type Task,
  trailing,
  transform,
  unique,
} from '../../shared/task/index.ts'
import { attemptOf, DAY, day, openWorkplace, type Workplace } from '../compute/workplace.ts'
import { openSparkMachine, shortLived, sparkPython } from './spark-machine.ts'

// Spark as PyPI has it, beside DuckDB: the same versions in, the same version out.
const python = sparkPython()

let machine: Awaited<ReturnType<typeof openSparkMachine>>
beforeAll(async () => {
  machine = await openSparkMachine()
})
afterAll(() => machine?.close())

let place: Workplace
beforeEach(async () => {
  place = await openWorkplace()
  Object.assign(process.env, shortLived, machine.environment)
})
afterEach(() => place.close())

/** From here on each job of a test starts a virtual machine of its own, as outside of this suite. */
function onItsOwn() {
  for (const name of Object.keys(machine.environment)) delete process.env[name]
}

const flights = day('flights', {
  origin: 'string',
  delay_min: 'int',
  seats: 'bigint',
  fare: decimal(10, 2),
  load: 'double',
  late: 'boolean',
  on: 'date',
  at: 'timestamp',
  tags: array('string'),
  plane: struct({ model: 'string', built: 'int' }),
  raw: 'json',
})
const airports = day('airports', { code: 'string' })
const flight = (more: Record<string, unknown> = {}) => ({
  origin: 'SFO',
  delay_min: 10,
  seats: 180n,
  fare: '99.90',
  load: 0.75,
  late: false,
  on: '2001-02-14',
  at: '2001-02-14T05:00:00.25Z',
  tags: ['a', null],
  plane: { model: 'A320', built: 1999 },
  raw: { a: [1, 2] },
  ...more,
})

const counts = day('counts', { origin: 'string', flights: 'int' }, ['origin'])
const counting = (more: object = {}) =>
  transform({ inputs: { flights: same(flights) }, output: counts, sql: 'statement.sql', ...more }) as Task
const COUNT = 'SELECT origin, CAST(count(*) AS INT) AS flights FROM flights GROUP BY origin'

async function withSql(task: Task, sql: string): Promise<Task> {
  const file = join(place.folder, 'task.ts')
  await mkdir(place.folder, { recursive: true })
  await writeFile(join(place.folder, 'statement.sql'), sql)
  return { ...task, name: 'summing', declared: { ...task.declared, file } } as Task
}

const sparkFor = (task: Task, by = python) => localSpark(task, { lake: place.lake, folder: join(place.folder, 'lake'), python: by })
const run = (task: Task, inputs: Record<string, PinnedPartition[]>, generation = 1, more: Partial<Attempt> = {}) =>
  sparkFor(task).run(attemptOf(task, { inputs, generation, ...more }))

const rowsOf = (task: Task, generation: number) =>
  readRows(place.lake, {
    name: task.output.name,
    columns: task.output.columns,
    versions: [{ partition: DAY, version: 1, folder: `${task.output.name}/${DAY}/g${generation}-a1` }],
  })
const sorted = (found: Record<string, unknown>[]) =>
  found.map(row => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))).sort()

test('makes what DuckDB makes: rows of every type, their statistics, and what its checks say', async () => {
  const copy = day('copy', { ...flights.columns, day: 'string' }, ['day', 'origin'])
  const task = await withSql(
    transform({
      inputs: { flights: trailing(flights, 3), airports: same(airports) },
      output: copy,
      sql: 'statement.sql',
      checks: [
        rows({ atLeast: 1, atMost: 10 }),
        notNull('origin'),
        unique('day', 'delay_min'),
        between('fare', 0, 1000),
        accepted('origin', ['SFO', 'JFK', "O'Hare"]),
        matches('origin', airports, 'code'),
      ],
    }) as Task,
    'SELECT *, _partition AS day FROM flights WHERE at < :end',
  )
  const inputs = {
    flights: [
      await place.pin(flights, [flight(), flight({ delay_min: -3, origin: "O'Hare", fare: '0.05', load: 1e300 })], '2001-02-13'),
      await place.pin(flights, [flight({ delay_min: null, late: true, tags: [], plane: null, raw: null, at: '1999-12-31T23:59:59Z' })]),
    ],
    airports: [await place.pin(airports, [{ code: 'SFO' }, { code: "O'Hare" }])],
  }
  const { files, bytes, generation, ...expected } = await place.run(task, { inputs, generation: 7 })
  const { files: _, bytes: __, generation: ___, ...made } = await run(task, inputs, 8)
  expect(made).toEqual(expected)
  expect(sorted(await rowsOf(task, 8))).toEqual(sorted(await rowsOf(task, 7)))
})

test('gives an empty version of its schema for an input with nothing there', async () => {
  const task = await withSql(counting(), COUNT)
  expect(await run(task, {})).toMatchObject({ rows: 0, bytes: 0, files: [], columns: { origin: { nulls: 0 }, flights: { nulls: 0 } } })
})

test('says which checks failed, with examples, and makes nothing', async () => {
  const checks = [rows({ atLeast: 2 }), between('flights', 5, 9), unique('origin')]
  const task = await withSql(counting({ checks }), COUNT)
  await expect(run(task, { flights: [await place.pin(flights, [flight()])] })).rejects.toMatchObject({
    failure: 'user',
    code: 'CHECK_FAILED',
    message: `summing@${DAY}: counts@${DAY}: rows: expected at least 2, found 1; between: 1 of 1 rows have flights outside 5 to 9: {"origin":"SFO","flights":1}`,
  })
  expect(await place.keys('counts')).not.toContain(`counts/${DAY}/g1-a1/manifest.json`)
})

test('fails rows that repeat the output’s key, and counts them as DuckDB does', async () => {
  const task = await withSql(counting(), 'SELECT origin, 1 AS flights FROM flights')
  const inputs = { flights: [await place.pin(flights, [flight(), flight(), flight(), flight({ origin: 'JFK' })])] }
  const message = `counts@${DAY}: unique: 2 of 4 rows repeat origin: {"origin":"SFO","rows":3}`
  await expect(run(task, inputs)).rejects.toMatchObject({ code: 'CHECK_FAILED', message: `summing@${DAY}: ${message}` })
  await expect(place.run(task, { inputs })).rejects.toMatchObject({ code: 'CHECK_FAILED', message })
})

test('counts what the data makes of the statement as the user’s', async () => {
  onItsOwn()
  const task = await withSql(counting(), 'SELECT origin, CAST(1 / (delay_min - 10) AS INT) AS flights FROM flights')
  await expect(run(task, { flights: [await place.pin(flights, [flight()])] })).rejects.toMatchObject({
    failure: 'user',
    code: 'BAD_SQL',
    message: expect.stringContaining('[DIVIDE_BY_ZERO]'),
  })
})

test('leaves the manifest of the attempt’s first job as it is', async () => {
  const task = await withSql(counting(), COUNT)
  const inputs = { flights: [await place.pin(flights, [flight()])] }
  const first = await run(task, inputs)
  expect(await run(task, inputs)).toEqual(first)
  expect(await rowsOf(task, 1)).toEqual([{ origin: 'SFO', flights: 1 }])
})

test('ends with its attempt', async () => {
  onItsOwn()
  const task = await withSql(counting(), COUNT)
  const stop = new AbortController()
  const timeout = new DOMException('', 'TimeoutError')
  const running = run(task, {}, 1, { signal: stop.signal, log: () => setTimeout(() => stop.abort(timeout), 500) })
  await expect(running).rejects.toMatchObject({ failure: 'timeout', message: `summing@${DAY} took longer than its timeout` })
})

test.each(['/nowhere/python', 'no-such-python', 'python3'])('says that %s has no PySpark, and what to do', async without => {
  const task = await withSql(counting(), COUNT)
  await expect(sparkFor(task, without).run(attemptOf(task))).rejects.toMatchObject({
    failure: 'user',
    message: expect.stringContaining(`${without} has no PySpark`),
    remedy: expect.stringContaining('pip install pyspark==3.5.6'),
  })
})

test('says of work that outgrew this process what it needs, where nothing larger is at hand', async () => {
  const task = await withSql(counting(), COUNT)
  await expect(sparkFor(task, '/nowhere/python').run(attemptOf(task, { outgrown: true }))).rejects.toMatchObject({
    code: 'OUT_OF_MEMORY',
    failure: 'resources',
    remedy: expect.stringContaining('pip install pyspark==3.5.6'),
  })
})

test('a task’s one compute takes Spark for what only Spark can run, and where the task says so', async () => {
  const inputs = { flights: [await place.pin(flights, [flight()])] }
  const ran: string[] = []
  const noting = (task: Task) => ({
    run(attempt: Attempt) {
      ran.push(task.engine ?? 'any')
      return sparkFor(task).run(attempt)
    },
  })
  const both = await withSql(counting(), COUNT)
  await place.run(both, { inputs, generation: 1 }, { spark: noting(both) })
  const hinted = await withSql(counting({ engine: 'spark' }), COUNT)
  expect(await place.run(hinted, { inputs, generation: 2 }, { spark: noting(hinted) })).toMatchObject({ rows: 1 })
  const only = await withSql(counting(), 'SELECT origin, CAST(hash(origin) % 1 AS INT) AS flights FROM flights')
  expect(await place.run(only, { inputs, generation: 3 }, { spark: noting(only) })).toMatchObject({ rows: 1 })
  expect(await place.run(both, { inputs, attempt: 2, outgrown: true }, { spark: noting(both) })).toMatchObject({ rows: 1 })
  expect(ran).toEqual(['spark', 'any', 'any'])
})
