import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { row, runTask } from '../../shared/testing/index.ts'
import announce from './announce/task.ts'
import dailyOrigins from './daily-origins/task.ts'
import { airports, flights, origins, reports } from './datasets.ts'
import sounding from './sounding/task.ts'
import strikes from './strikes/task.ts'

const partition = '2001-02-14'
const sfo = row(airports, { iata: 'SFO' })

describe('a transform', () => {
  test('runs its own SQL on the rows of the test', async () => {
    const { rows } = await runTask(dailyOrigins, {
      partition,
      inputs: { flights: [row(flights, { origin: 'SFO' }), row(flights, { origin: 'SFO' })], airports: [sfo] },
    })
    // Midnight in New York.
    expect(rows).toEqual([{ origin: 'SFO', flights: 2, began: '2001-02-14 05:00:00' }])
  })

  test('knows rows by their partition, too', async () => {
    const inputs = {
      flights: { '2001-02-13': [row(flights, { origin: 'SFO' })], '2001-02-14': [{ origin: 'JFK' }] },
      airports: [sfo, { iata: 'JFK' }],
    }
    const { rows } = await runTask(dailyOrigins, { partition, inputs })
    expect(rows.map(({ origin }) => ({ origin }))).toEqualRows([{ origin: 'SFO' }, { origin: 'JFK' }])
  })

  test('that only Spark can run says how a test gets it, and not to say what it would say anyway', async () => {
    const before = process.env.REDEYE_SPARK_PYTHON
    delete process.env.REDEYE_SPARK_PYTHON
    try {
      await expect(runTask(sounding, { partition })).rejects.toMatchObject({
        code: 'BAD_SQL',
        message: 'only Spark can run soundex(), and this test has none',
        remedy: expect.stringMatching(/pip install pyspark==.* set REDEYE_SPARK_PYTHON/),
        place: { file: expect.stringMatching(/sounding\.sql$/), line: 1, column: 8 },
      })
    } finally {
      if (before !== undefined) process.env.REDEYE_SPARK_PYTHON = before
    }
  })

  test('whose SQL is wrong fails the test with its place and what to do, every time, and shows no place of Redeye’s own', async () => {
    const wrong = { ...dailyOrigins, work: { work: 'transform', sqlFile: 'wrong.sql' } } as typeof dailyOrigins
    for (const _ of [1, 2]) {
      const { message, stack } = await runTask(wrong, { partition }).then(
        () => new Error('it did not reject'),
        (error: Error) => error,
      )
      expect(message).toBe('no column is called "orign"')
      const [head, first, ...others] = stack!.split('\n')
      expect(head).toBe('RedeyeError: no column is called "orign" (testing/daily-origins/wrong.sql:2:8); did you mean origin?')
      expect(first).toBe(`    at ${join(import.meta.dirname, 'daily-origins/wrong.sql')}:2:8`)
      expect(others.join('\n')).not.toContain('/shared/')
    }
  })

  test('has empty inputs where none are given', async () => {
    expect((await runTask(dailyOrigins, { partition })).rows).toEqual([])
  })

  test('rejects when a check fails, but for the number of rows, of which a test has few', async () => {
    const inputs = { flights: [row(flights, { origin: 'XXX' })], airports: [sfo] }
    await expect(runTask(dailyOrigins, { partition, inputs })).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message: 'origins@2001-02-14: matches: 1 of 1 rows have origin that is no iata of airports: {"origin":"XXX"}',
    })
  })

  test('reports checks when asked', async () => {
    const inputs = { flights: [row(flights, { origin: 'XXX' })], airports: [sfo] }
    const { checks } = await runTask(dailyOrigins, { partition, inputs, checks: 'report' })
    expect(checks.map(({ check, ok, violations }) => [check.check, ok, violations])).toEqual([
      ['rows', false, 1],
      ['notNull', true, 0],
      ['between', true, 0],
      ['matches', false, 1],
      ['unique', true, 0],
    ])
  })

  test('types follow from the task', async () => {
    const { rows } = await runTask(dailyOrigins, { partition })
    const counts: (number | null)[] = rows.map(made => made.flights)
    expect(counts).toEqual([])
    // @ts-expect-error there is no such input
    await expect(runTask(dailyOrigins, { partition, inputs: { planes: [] } })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    // @ts-expect-error a number is no text
    await expect(runTask(dailyOrigins, { partition, inputs: { airports: [{ iata: 7n, state: [] }] } })).rejects.toMatchObject({
      code: 'BAD_ROW',
    })
  })

  test.each([
    ['a partition that is none', { partition: '2001-02' }, 'BAD_PARTITION'],
    ['no partition', {}, 'BAD_ARGUMENT'],
    [
      'rows of a partition that the task does not read',
      { partition, inputs: { flights: { '2001-02-12': [row(flights)] } } },
      'BAD_ARGUMENT',
    ],
  ])('refuses %s', async (_, options, code) => {
    await expect(runTask(dailyOrigins, options)).rejects.toMatchObject({ code, failure: 'user' })
  })
})

test('times that a row does not name lie in its partition', async () => {
  const seen = { ...dailyOrigins, work: { work: 'transform', sqlFile: 'times.sql' } } as typeof dailyOrigins
  const { rows } = await runTask(seen, {
    partition,
    inputs: {
      flights: { '2001-02-13': [row(flights)], '2001-02-14': [row(flights, { at: '2001-02-14T09:00:00Z' })] },
      airports: [{ iata: '' }],
    },
    checks: 'report',
  })
  expect(rows.map(({ began }) => ({ began }))).toEqualRows([
    { began: '2001-02-13 2001-02-13 05:00:00' },
    { began: '2001-02-14 2001-02-14 09:00:00' },
  ])
})

describe('an ingest', () => {
  const responses = [{ url: 'https://strikes.example.com/reports', body: { data: [{ number: 1, place: 'SFO' }, { number: 'x' }] } }]
  const settings = { STRIKES: 'https://strikes.example.com' }

  test('asks recorded responses', async () => {
    const { rows, quarantined, requests } = await runTask(strikes, { partition: '2001-W07', responses, settings })
    expect(rows).toEqual([{ id: 1, place: 'SFO' }])
    expect(quarantined).toEqual([{ reason: 'id: received "x", expected int', where: 'record 2', raw: '{"number":"x"}' }])
    expect(requests.map(({ url }) => url)).toEqual(['https://strikes.example.com/reports'])
  })

  test('takes records instead of its source', async () => {
    const { rows } = await runTask(strikes, { partition: '2001-W07', records: [{ number: 2, place: null }] })
    expect(rows).toEqual([{ id: 2, place: null }])
    expect(rows[0]).toMatchObject(row(reports, { id: 2, place: null }))
  })

  test('rejects when too much does not fit', async () => {
    const running = runTask(strikes, { partition: '2001-W07', records: [{ number: 'x' }] })
    await expect(running).rejects.toMatchObject({ code: 'BAD_ROW', message: expect.stringContaining('1 of 1 records') })
  })
})

describe('a load', () => {
  const inputs = { origins: [row(origins, { origin: 'SFO', flights: 2 }), row(origins, { origin: 'JFK', flights: 0 })] }

  test('shows what its map delivers, and delivers nowhere', async () => {
    const { delivered, rows } = await runTask(announce, { partition, inputs })
    expect(delivered).toEqual([{ airport: 'SFO', n: 2 }])
    expect(rows).toMatchObject([{ batch: 0, rows: 1 }])
  })

  test('delivers to recorded responses', async () => {
    const responses = [{ url: 'https://desk.example.com/origins', method: 'POST', body: { ok: true } }]
    const { rows, requests } = await runTask(announce, { partition, inputs, responses, settings: { DESK: 'https://desk.example.com' } })
    expect(rows).toMatchObject([{ batch: 0, rows: 1 }])
    expect(JSON.parse(requests[0]!.body!)).toEqual([{ airport: 'SFO', n: 2 }])
    expect(requests[0]!.headers['idempotency-key']).toContain('2001-02-14')
  })
})

test('leaves no file behind', () => {
  // A process with a folder for temporary files of its own: other suites use that of the machine at the same time.
  const folder = mkdtempSync(join(tmpdir(), 'redeye-cli-'))
  const script = `
    import { row, runTask } from 'redeye/testing'
    import { flights } from '#datasets'
    import task from './services/route-punctuality/task.ts'
    const { rows } = await runTask(task, { partition: '2001-02-14', inputs: { flights: [row(flights, { origin: 'SFO', destination: 'JFK' })] } })
    console.log(rows.length)`
  const options = {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: folder },
    encoding: 'utf8',
  } as const
  expect(execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], options)).toBe('1\n')
  expect(readdirSync(folder)).toEqual([])
  rmSync(folder, { recursive: true })
})
