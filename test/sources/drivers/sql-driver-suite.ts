import type { RedeyeError } from '../../../shared/core/errors.ts'
import type { SqlDriver, SqlRow, SqlSession, SqlValue } from '../../../shared/sources/sql-driver.ts'

/** A database to try a driver on: its URL, and a way to write to it that is not the driver's. */
export interface Trial {
  url: string
  execute(sql: string): void | Promise<void>
  close(): void | Promise<void>
}

/** What every SQL driver must do; a new one calls this with its database. */
export function sqlDriverSuite(name: string, driver: SqlDriver, begin: () => Trial | Promise<Trial>): void {
  describe(`the SQL driver ${name}`, () => {
    const ROWS = 2500
    let trial: Trial
    let session: SqlSession
    const connect = (signal = new AbortController().signal) => driver.connect(trial.url, { setting: 'DB', signal })
    const all = async (sql: string, values: SqlValue[] = [], batchRows = 1000) => (await batchesOf(session, sql, values, batchRows)).flat()

    beforeAll(async () => {
      trial = await begin()
      const odd = driver.quote('od"d`s')
      await trial.execute(`create table ${odd} (${driver.quote('a"b')} integer, ${driver.quote('select')} varchar(50))`)
      await trial.execute(`insert into ${odd} values (1, 'x''; drop table numbers; --')`)
      await trial.execute('create table numbers (n bigint primary key, t varchar(20), d double precision)')
      const rows = Array.from({ length: ROWS }, (_, i) => `(${i}, ${i % 2 ? `'t${i}'` : 'null'}, ${i / 4})`)
      await trial.execute(`insert into numbers values ${rows.join(', ')}`)
      session = await connect()
    })
    afterAll(async () => {
      await session?.close()
      await trial?.close()
    })

    test('streams rows in batches', async () => {
      const batches = await batchesOf(session, 'select n from numbers order by n', [], 1000)
      expect(batches.map(batch => batch.length)).toEqual([1000, 1000, 500])
      expect(batches.flat()).toEqual(Array.from({ length: ROWS }, (_, n) => ({ n })))
      expect(await all('select n from numbers where n < 0')).toEqual([])
    })

    test('gives numbers, texts and nulls, and whole numbers beyond 2^53 as bigints', async () => {
      expect(await all('select n, t, d from numbers where n in (2, 3) order by n')).toEqual([
        { n: 2, t: null, d: 0.5 },
        { n: 3, t: 't3', d: 0.75 },
      ])
      expect(await all('select cast(9007199254740993 as bigint) as big, cast(9007199254740991 as bigint) as small')).toEqual([
        { big: 9007199254740993n, small: 9007199254740991 },
      ])
    })

    test('quotes identifiers and binds values', async () => {
      const table = driver.quote('od"d`s')
      const column = driver.quote('select')
      const sql = `select ${driver.quote('a"b')}, ${column} from ${table} where ${column} = ${driver.placeholder(1)}`
      expect(await all(sql, ["x'; drop table numbers; --"])).toEqual([{ 'a"b': 1, select: "x'; drop table numbers; --" }])
      expect(await all(sql, ["' or 1 = 1 --"])).toEqual([])
      const range = `select n from numbers where n >= ${driver.placeholder(1)} and n < ${driver.placeholder(2)} order by n`
      expect(await all(range, [10n, 12])).toEqual([{ n: 10 }, { n: 11 }])
    })

    test('has one view for all its queries, read by turns, whatever is written meanwhile', async () => {
      const own = await connect()
      const [even, odd] = [0, 1].map(rest => own.query(`select n from numbers where n % 2 = ${rest}`, [], 100)[Symbol.asyncIterator]())
      const seen: SqlRow[] = []
      for (let turn = 0; ; turn++) {
        const [a, b] = [await even!.next(), await odd!.next()]
        if (a.done && b.done) break
        seen.push(...((a.value as SqlRow[] | undefined) ?? []), ...((b.value as SqlRow[] | undefined) ?? []))
        if (turn === 1) await trial.execute('insert into numbers values (1000001, null, 0)')
      }
      await own.close()
      await trial.execute('delete from numbers where n = 1000001')
      expect(seen.length).toBe(ROWS)
    })

    test('refuses to write', async () => {
      await expect(all('delete from numbers')).rejects.toThrow()
      expect(await all('select count(*) as n from numbers')).toEqual([{ n: ROWS }])
    })

    test.each([
      ['an unknown table', 'select 1 from nowhere'],
      ['an unknown column', `select nothing from numbers`],
      ['what is no SQL', 'selekt 1'],
      ['two columns of one name', 'select n, t as n from numbers'],
    ])('answers %s with BAD_SOURCE', async (_, sql) => {
      await expect(all(sql)).rejects.toMatchObject({ code: 'BAD_SOURCE', failure: 'user' } satisfies Partial<RedeyeError>)
    })

    test('stops when the attempt is cancelled, and closes twice without harm', async () => {
      const controller = new AbortController()
      const own = await connect(controller.signal)
      const reading = own.query('select n from numbers', [], 100)[Symbol.asyncIterator]()
      await reading.next()
      controller.abort(new Error('cancelled'))
      await expect(reading.next()).rejects.toThrow('cancelled')
      await own.close()
      await own.close()
    })
  })
}

async function batchesOf(session: SqlSession, sql: string, values: SqlValue[], batchRows: number): Promise<SqlRow[][]> {
  const batches: SqlRow[][] = []
  for await (const batch of session.query(sql, values, batchRows)) batches.push(batch)
  return batches
}
