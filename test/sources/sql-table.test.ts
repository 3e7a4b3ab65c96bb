import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Source } from '../../shared/ports/source.ts'
import { type SqlQueryOptions, type SqlTableOptions, sqlQuery, sqlTable } from '../../shared/sources/sql-table.ts'
import { breaksAnywhere, errorOf, type Reading, read, readAll, temporaryFolder, whole } from './reading.ts'

const folder = temporaryFolder()
const file = join(folder, 'operations.db')
const secrets = { OPERATIONS_DB: `sqlite:${file}` }
const FLIGHTS = 3500

beforeAll(() => {
  const db = new DatabaseSync(file)
  db.exec(`
    pragma journal_mode = wal;
    create table flights (flight_id integer primary key, flight_date text, at text, iso text, seconds integer, ms integer, region text, delay real);
    create table odd (id integer, "select" text, big integer, doc text, raw blob);
    insert into odd values (1, 'x', 9007199254740993, '{"a":[1]}', x'00ff'), (2, null, -5, null, null), (3, 'y', 7, '{broken', null);
    create table empty (id integer, d text);
  `)
  const insert = db.prepare('insert into flights values (?, ?, ?, ?, ?, ?, ?, ?)')
  db.exec('begin')
  for (let i = 0; i < FLIGHTS; i++) {
    // From the middle of the 13th to the middle of the 16th; ids run against time, with a gap.
    const iso = new Date(Date.UTC(2001, 1, 13, 12) + i * 74_000).toISOString().slice(0, 19)
    const id = 10 * (FLIGHTS - i)
    insert.run(
      id,
      iso.slice(0, 10),
      iso.replace('T', ' '),
      `${iso}Z`,
      Date.parse(`${iso}Z`) / 1000,
      Date.parse(`${iso}Z`),
      i % 2 ? 'emea' : 'us',
      i / 4,
    )
  }
  db.exec('commit')
  db.close()
})

const table = (options: Partial<SqlTableOptions> = {}): Source => sqlTable({ connection: 'OPERATIONS_DB', table: 'flights', ...options })
const all = (options: Partial<SqlTableOptions> = {}, reading: Reading = {}) => readAll(table(options), { secrets, ...reading })
const failing = (options: Partial<SqlTableOptions> = {}, reading: Reading = {}) => errorOf(table(options), { secrets, ...reading })

describe('which rows a partition has', () => {
  test('an undated output reads the whole table, in batches', async () => {
    let batches = 0
    let rows = 0
    for await (const batch of read(table(), { secrets, partition: whole })) {
      expect(batch.records.length).toBeLessThanOrEqual(1000)
      batches++
      rows += batch.records.length
    }
    expect({ rows, batches }).toEqual({ rows: FLIGHTS, batches: 4 })
  })

  test('a day reads the rows of its date', async () => {
    const { records } = await all({ partitionColumn: 'flight_date' })
    expect(records.length).toBeGreaterThan(1000)
    expect(new Set(records.map(r => r.flight_date))).toEqual(new Set(['2001-02-14']))
  })

  test.each([
    ['timestamp', 'at'],
    ['iso', 'iso'],
    ['epochSeconds', 'seconds'],
    ['epochMs', 'ms'],
  ] as const)('an hour reads the rows of its time, held as %s', async (holds, partitionColumn) => {
    const hour = { key: '2001-02-14T05Z', start: '2001-02-14T05:00:00Z', end: '2001-02-14T06:00:00Z', timezone: 'UTC' }
    const { records } = await all({ partitionColumn, holds }, { partition: hour })
    const times = records.map(r => String(r.iso)).sort()
    expect(records.length).toBeGreaterThan(45)
    expect(times[0]! >= '2001-02-14T05:00:00Z' && times.at(-1)! < '2001-02-14T06:00:00Z').toBe(true)
  })

  test('dates are those of the partition’s zone', async () => {
    const madrid = { key: '2001-02-15', start: '2001-02-14T23:00:00Z', end: '2001-02-15T23:00:00Z', timezone: 'Europe/Madrid' }
    const { records } = await all({ partitionColumn: 'flight_date' }, { partition: madrid })
    expect(new Set(records.map(r => r.flight_date))).toEqual(new Set(['2001-02-15']))
  })

  test('a key reads the rows that have it', async () => {
    const { records } = await all({ partitionColumn: 'region' }, { partition: { key: 'emea' } })
    expect(records.length).toBe(FLIGHTS / 2)
  })

  test('a watermark reads what changed in the partition’s time, in that order', async () => {
    const { records } = await all({ watermark: 'at' })
    const times = records.map(r => String(r.at))
    expect(times).toEqual([...times].sort())
    expect(new Set(times.map(t => t.slice(0, 10)))).toEqual(new Set(['2001-02-14']))
  })

  test('only the columns asked for are read, with those that the order needs', async () => {
    const { records } = await all({ columns: ['delay'], key: ['flight_id'], partitionColumn: 'flight_date' })
    expect(Object.keys(records[0]!)).toEqual(['delay', 'flight_id'])
  })

  test('an empty table has no rows and no fault', async () => {
    expect((await all({ table: 'empty', partitionColumn: 'd' })).records).toEqual([])
    expect((await all({ table: 'empty', parallel: { column: 'id', ranges: 4 } })).records).toEqual([])
  })
})

describe('values', () => {
  test('whole numbers keep their digits, names are quoted, JSON columns are parsed or rejected', async () => {
    const { records, rejected } = await all({ table: 'main.odd', columns: ['id', 'select', 'big', 'doc'] }, { columns: { doc: 'json' } })
    expect(records).toEqual([
      { id: 1, select: 'x', big: 9007199254740993n, doc: { a: [1] } },
      { id: 2, select: null, big: -5, doc: null },
    ])
    expect(rejected).toEqual([{ raw: '{"id":3,"select":"y","big":7,"doc":"{broken"}', reason: 'doc: received "{broken", expected JSON' }])
  })
})

describe('a query', () => {
  const query = (options: Partial<SqlQueryOptions> = {}) =>
    sqlQuery({
      connection: 'OPERATIONS_DB',
      query: 'select flight_id, flight_date, upper(region) as region from flights -- all of them;\n;',
      ...options,
    })
  test('is narrowed down, ordered, cut into ranges and gone on with like a table', async () => {
    const options = { partitionColumn: 'flight_date', key: ['flight_id'], parallel: { column: 'flight_id', ranges: 2 } }
    const { records } = await readAll(query(options), { secrets })
    expect(records.length).toBeGreaterThan(1000)
    expect(new Set(records.map(r => `${r.flight_date} ${r.region}`))).toEqual(new Set(['2001-02-14 EMEA', '2001-02-14 US']))
    const sorted = (rows: unknown[]) => (rows as { flight_id: number }[]).sort((a, b) => a.flight_id - b.flight_id)
    expect(await breaksAnywhere(query(options), { secrets }, records, sorted)).toBeGreaterThan(1)
  })
  test('is one SELECT', async () => {
    expect(query().faults({})).toEqual([])
    expect(query({ query: '-- first\n /* then */ WITH a as (select 1) select * from a' }).faults({})).toEqual([])
    expect(query({ query: 'delete from flights' }).faults({})).toEqual(['query is one SELECT, not "delete from flights"'])
    expect(query().describe()).toBe('sql a query from OPERATIONS_DB')
    const two = await errorOf(query({ query: 'select 1; delete from flights' }), { secrets })
    expect(two).toMatchObject({ code: 'BAD_SOURCE' })
  })
})

describe('ranges and positions', () => {
  const byId = (rows: unknown[]) => (rows as { flight_id: number }[]).sort((a, b) => a.flight_id - b.flight_id)

  test.each([1, 3, 7])('%i ranges together are the table, once', async ranges => {
    const { records } = await all({ parallel: { column: 'flight_id', ranges } }, { partition: whole })
    expect(new Set(records.map(r => r.flight_id)).size).toBe(FLIGHTS)
    expect(records.length).toBe(FLIGHTS)
  })

  test('rows whose range column is null are in the first range', async () => {
    const { records } = await all({ table: 'odd', columns: ['id', 'big'], parallel: { column: 'big', ranges: 2 } })
    expect(records.length).toBe(3)
  })

  test('a range column of texts or fractions is refused', async () => {
    const error = await failing({ parallel: { column: 'delay', ranges: 2 } })
    expect(error).toMatchObject({ code: 'BAD_SOURCE', message: 'parallel.column "delay" holds 874.75, which is no whole number' })
  })

  test('with a key, reading goes on after any batch', async () => {
    const options = { key: ['flight_id'] }
    const { records } = await all(options, { partition: whole })
    expect(await breaksAnywhere(table(options), { secrets, partition: whole }, records)).toBe(4)
  })

  test('with a key of two columns, a watermark and ranges, too', async () => {
    for (const options of [{ key: ['region', 'flight_id'] }, { watermark: 'at', key: ['flight_id'] }] as Partial<SqlTableOptions>[]) {
      const { records } = await all(options)
      expect(await breaksAnywhere(table(options), { secrets }, records)).toBeGreaterThan(1)
      const ranged = { ...options, parallel: { column: 'flight_id', ranges: 3 } }
      expect(await breaksAnywhere(table(ranged), { secrets }, records, byId)).toBeGreaterThan(2)
    }
  })

  test('without a key there is no position', async () => {
    expect((await all({ partitionColumn: 'flight_date' })).positions).toEqual([undefined, undefined])
  })

  test('a null in the key is refused', async () => {
    const error = await failing({ table: 'odd', key: ['select'] })
    expect(error).toMatchObject({ code: 'BAD_SOURCE', message: expect.stringContaining('key column "select" is null in a row') })
  })

  test('what is written while reading is not read', async () => {
    const writer = new DatabaseSync(file)
    const ids = new Set<unknown>()
    try {
      for await (const batch of read(table({ parallel: { column: 'flight_id', ranges: 2 } }), { secrets, partition: whole })) {
        for (const record of batch.records) ids.add(record.flight_id)
        writer.exec('update flights set flight_id = -flight_id where flight_id > 0')
      }
    } finally {
      writer.exec('update flights set flight_id = -flight_id where flight_id < 0')
      writer.close()
    }
    expect(ids.size).toBe(FLIGHTS)
    expect([...ids].every(id => Number(id) > 0)).toBe(true)
  })
})

describe('what goes wrong is named', () => {
  test.each([
    ['no/scheme.db', 'BAD_SOURCE', 'the setting OPERATIONS_DB is no database URL: it begins with no scheme'],
    [
      'mysqlx://me:secret@host/db',
      'BAD_SOURCE',
      'the setting OPERATIONS_DB names a database of scheme "mysqlx:", for which there is no driver',
    ],
    ['sqlite:/nowhere/at-all.db', 'BAD_SOURCE', 'the SQLite file /nowhere/at-all.db of the setting OPERATIONS_DB does not exist'],
    [`sqlite:${folder}`, 'BAD_SOURCE', `the SQLite file ${folder} of the setting OPERATIONS_DB is no file`],
  ])('the URL %s', async (url, code, message) => {
    expect(await failing({}, { secrets: { OPERATIONS_DB: url } })).toMatchObject({ code, message, failure: 'user' })
  })

  test('a password in a URL is in no message', async () => {
    const error = await failing({}, { secrets: { OPERATIONS_DB: 'mysqlx://me:secret@host/db' } })
    expect(`${error.message} ${error.remedy}`).not.toMatch('secret')
  })

  test('an absent or empty setting', async () => {
    expect(await failing({}, { secrets: {} })).toMatchObject({ code: 'BAD_CREDENTIAL' })
    expect(await failing({}, { secrets: { OPERATIONS_DB: ' ' } })).toMatchObject({
      code: 'BAD_CREDENTIAL',
      message: 'the setting OPERATIONS_DB is empty',
    })
  })

  test('a file that is no database, and one that may not be read', async () => {
    const other = join(folder, 'other.db')
    writeFileSync(other, 'this is no database, but long enough to look like one '.repeat(20))
    expect(await failing({}, { secrets: { OPERATIONS_DB: `sqlite:${other}` } })).toMatchObject({ code: 'BAD_SOURCE', failure: 'user' })
    if (process.getuid?.() === 0) return
    chmodSync(other, 0)
    expect(await failing({}, { secrets: { OPERATIONS_DB: `sqlite:${other}` } })).toMatchObject({ code: 'BAD_CREDENTIAL' })
  })

  test('a locked database is busy, and worth another attempt', async () => {
    const locked = join(folder, 'locked.db')
    const writer = new DatabaseSync(locked)
    writer.exec('create table flights (id integer); begin exclusive; insert into flights values (1)')
    const error = await failing({}, { secrets: { OPERATIONS_DB: `sqlite:${locked}` } })
    writer.close()
    expect(error).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      failure: 'transient',
      message: expect.stringContaining('database is locked'),
    })
  })

  test('an unknown table or column, which SQLite would take for a text', async () => {
    expect(await failing({ table: 'flighs' })).toMatchObject({
      code: 'BAD_SOURCE',
      message: expect.stringContaining('no such table: flighs'),
    })
    expect(await failing({ columns: ['dely'] })).toMatchObject({
      code: 'BAD_SOURCE',
      message: expect.stringContaining('no such column: "dely"'),
    })
    expect(await failing({ partitionColumn: 'fligt_date' })).toMatchObject({ code: 'BAD_SOURCE' })
    expect(await failing({ table: 'flights"; drop table flights; --' })).toMatchObject({ code: 'BAD_SOURCE' })
  })

  test('a column that holds time in another form, which would match nothing', async () => {
    expect(await failing({ partitionColumn: 'seconds' })).toMatchObject({
      code: 'BAD_SOURCE',
      message: 'column "seconds" of flights holds 982065200, which is no date (OPERATIONS_DB)'.replace(
        '982065200',
        String(Date.UTC(2001, 1, 13, 12) / 1000 + (FLIGHTS - 1) * 74),
      ),
      remedy: "say holds: 'epochSeconds' or 'epochMs'",
    })
    expect(await failing({ partitionColumn: 'iso', holds: 'timestamp' })).toMatchObject({ remedy: "say holds: 'iso'" })
    expect(await failing({ watermark: 'flight_date' })).toMatchObject({ remedy: "say holds: 'date'" })
  })

  test('a partition column for an output without partitions, or dates for hours', async () => {
    expect(await failing({ partitionColumn: 'flight_date' }, { partition: whole })).toMatchObject({ code: 'BAD_SOURCE' })
    for (const [key, end] of [
      ['00', '01'],
      ['05', '06'],
      ['23', '24'],
    ]) {
      const hour = { key: `2001-02-14T${key}Z`, start: `2001-02-14T${key}:00:00Z`, end: `2001-02-14T${end}:00:00Z`, timezone: 'UTC' }
      expect(await failing({ partitionColumn: 'flight_date' }, { partition: hour })).toMatchObject({
        message: `partitionColumn "flight_date" holds dates, which cannot tell apart what is of a part of a day like "2001-02-14T${key}Z"`,
      })
    }
  })

  test('a cancelled attempt ends at the next batch', async () => {
    const controller = new AbortController()
    let batches = 0
    const reading = async () => {
      for await (const _ of read(table(), { secrets, partition: whole, signal: controller.signal })) {
        batches++
        controller.abort(new Error('cancelled'))
      }
    }
    await expect(reading()).rejects.toThrow('cancelled')
    expect(batches).toBe(1)
  })
})

test('a configuration’s faults are found without touching the world', () => {
  expect(table({ partitionColumn: 'flight_date', key: ['flight_id'] }).faults({})).toEqual([])
  expect(table({ connection: 'sqlite:/data/x.db' }).faults({})).toEqual([
    "connection is the name of a setting, like 'OPERATIONS_DB', and not the value itself: received a URL",
  ])
  expect(
    table({ partitionColumn: 'a', watermark: 'b', parallel: { column: 'id', ranges: 0 }, columns: [], key: [] }).faults({}),
  ).toHaveLength(4)
  expect(table({ holds: 'iso', table: ' ' }).faults({})).toHaveLength(2)
  expect(table().describe()).toBe('sql flights from OPERATIONS_DB')
})

test.each<[string, () => Source, string]>([
  [
    'sqlTable',
    () => table({ partitonColumn: 'flight_date' } as object),
    'sqlTable has no option "partitonColumn"; did you mean partitionColumn?',
  ],
  [
    'sqlTable’s ranges',
    () => table({ parallel: { column: 'id', range: 2 } as never }),
    'parallel has no option "range"; did you mean ranges?',
  ],
  ['sqlQuery', () => sqlQuery({ connection: 'A', querry: 'select 1' } as never), 'sqlQuery has no option "querry"; did you mean query?'],
])('%s names an option it does not have', (_, source, fault) => {
  expect(source().faults({})).toEqual([fault])
})
