import { createCompute } from '../../shared/compute/compute.ts'
import { readRows } from '../../shared/compute/lake-query.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { Manifest } from '../../shared/core/manifest.ts'
import { Unfinished } from '../../shared/ports/compute.ts'
import type { Lake } from '../../shared/ports/lake.ts'
import type { Batch } from '../../shared/ports/source.ts'
import { decimal, ingest, notNull } from '../../shared/task/index.ts'
import { attemptOf, DAY, day, openWorkplace, sourceOf, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await openWorkplace()
})
afterEach(() => place.close())

const orders = day('orders', { id: 'int', price: decimal(8, 2), at: 'timestamp' }, ['id'])
const order = (id: number) => ({ id: String(id), price: id / 4, at: `2001-02-14 05:00:0${id % 10}` })
const ordersOf = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => order(from + n))
const gone = () => new RedeyeError('SOURCE_UNAVAILABLE', 'the source went away')

async function rowsOf(manifest: Manifest): Promise<Record<string, unknown>[]> {
  const folder = `${manifest.dataset}/${manifest.partition}/g${manifest.generation}-a${manifest.attempt}`
  return readRows(place.lake, { name: 'orders', columns: orders.columns, versions: [{ partition: DAY, version: 1, folder }] }, 1e6)
}

test('records become rows of the declared types, with a manifest that says what is known of them', async () => {
  const manifest = await place.run(ingest({ source: sourceOf([{ records: ordersOf(0, 3) }, { records: [{ id: 3 }] }]), output: orders }))
  expect(await rowsOf(manifest)).toEqual([
    { id: 0, price: '0.00', at: '2001-02-14T05:00:00Z' },
    { id: 1, price: '0.25', at: '2001-02-14T05:00:01Z' },
    { id: 2, price: '0.50', at: '2001-02-14T05:00:02Z' },
    { id: 3, price: null, at: null },
  ])
  expect(manifest).toMatchObject({
    format: 1,
    dataset: 'orders',
    partition: DAY,
    generation: 1,
    attempt: 1,
    rows: 4,
    schema: 'id:int,price:decimal(8,2),at:timestamp',
    columns: {
      id: { nulls: 0, min: '0', max: '3' },
      price: { nulls: 1, min: '0.00', max: '0.50' },
      at: { nulls: 1, min: '2001-02-14T05:00:00Z', max: '2001-02-14T05:00:02Z' },
    },
  })
  expect(manifest.quarantine).toBeUndefined()
  expect(await place.keys()).toEqual([`orders/${DAY}/g1-a1/manifest.json`, `orders/${DAY}/g1-a1/part-0000.parquet`])
  expect(manifest.files).toEqual([
    { key: `orders/${DAY}/g1-a1/part-0000.parquet`, rows: 4, bytes: await place.lake.size(manifest.files[0]!.key) },
  ])
})

test('nothing is a version without files', async () => {
  const manifest = await place.run(ingest({ source: sourceOf([]), output: orders }))
  expect(manifest).toMatchObject({ rows: 0, bytes: 0, files: [], columns: { id: { nulls: 0 } } })
  expect(await rowsOf(manifest)).toEqual([])
})

test('the source is asked for the partition, with its times', async () => {
  let asked: unknown
  const source = sourceOf(request => {
    asked = { ...request.partition, position: request.position }
    return []
  })
  await place.run(ingest({ source, output: orders }))
  expect(asked).toEqual({
    key: DAY,
    start: '2001-02-14T00:00:00.000Z',
    end: '2001-02-15T00:00:00.000Z',
    timezone: 'UTC',
    position: undefined,
  })
})

test('a map makes rows and leaves some out', async () => {
  const source = sourceOf([{ records: [{ n: 1 }, { n: 2 }, { n: 3 }] }])
  const manifest = await place.run(ingest({ source, output: orders, map: record => (record.n === 2 ? null : { id: record.n }) }))
  expect((await rowsOf(manifest)).map(row => row.id)).toEqual([1, 3])
})

describe('what does not fit', () => {
  const records = [...ordersOf(0, 98), { id: 'x7' }, { id: 5, price: 'cheap' }]

  test('is quarantined with its reason', async () => {
    const rejected = [{ raw: 'not a line', reason: 'no fields', where: 'a.log:7' }]
    const manifest = await place.run(ingest({ source: sourceOf([{ records, rejected }]), output: orders, maxRejected: 0.03 }))
    expect(manifest.rows).toBe(98)
    expect(manifest.quarantine).toMatchObject({ key: `orders/${DAY}/g1-a1/quarantine.jsonl`, rows: 3 })
    const lines = new TextDecoder()
      .decode(await place.lake.get(manifest.quarantine!.key))
      .trimEnd()
      .split('\n')
    expect(lines.map(line => JSON.parse(line))).toEqual([
      { reason: 'id: received "x7", expected int', where: 'record 99', raw: '{"id":"x7"}' },
      { reason: 'price: received "cheap", expected decimal(8,2)', where: 'record 100', raw: '{"id":5,"price":"cheap"}' },
      { reason: 'no fields', where: 'a.log:7', raw: 'not a line' },
    ])
    expect(manifest.quarantine!.bytes).toBe(await place.lake.size(manifest.quarantine!.key))
  })

  test('fails the attempt when it is more than the stated share, and is kept to be looked at', async () => {
    const running = place.run(ingest({ source: sourceOf([{ records }]), output: orders }))
    await expect(running).rejects.toMatchObject({
      code: 'BAD_ROW',
      failure: 'user',
      message: expect.stringContaining(
        '2 of 100 records do not fit orders, more than the share of 0.01: id: received "x7", expected int (record 99)',
      ),
      remedy: expect.stringContaining(`orders/${DAY}/g1-a1/quarantine.jsonl`),
    })
    expect(await place.keys()).toContain(`orders/${DAY}/g1-a1/quarantine.jsonl`)
    expect(await place.keys()).not.toContain(`orders/${DAY}/g1-a1/manifest.json`)
  })

  test('includes a record on which the map fails', async () => {
    const map = (record: Record<string, unknown>) => ({ id: (record.deep as { n: number }).n })
    const source = sourceOf([{ records: [{ deep: { n: 1 } }, { deep: null }] }])
    const manifest = await place.run(ingest({ source, output: orders, map, maxRejected: 0.5 }))
    expect(manifest).toMatchObject({ rows: 1, quarantine: { rows: 1 } })
  })

  test('takes bounded memory, however much it is', async () => {
    const rejected = Array.from({ length: 5000 }, (_, n) => ({ raw: `${n}`.repeat(2000), reason: 'long' }))
    const manifest = await place.run(ingest({ source: sourceOf([{ records: [], rejected }]), output: orders, maxRejected: 1 }))
    expect(manifest.quarantine!.rows).toBe(5000)
    const first = new TextDecoder().decode((await place.lake.get(manifest.quarantine!.key))!.slice(0, 8000)).split('\n')[0]!
    expect(JSON.parse(first)).toEqual({ reason: 'long', raw: '0'.repeat(2000) })
  })
})

describe('many rows', () => {
  test('are written in parts', async () => {
    const batches = Array.from({ length: 10 }, (_, n) => ({ records: ordersOf(n * 1000, (n + 1) * 1000) }))
    const manifest = await place.run(ingest({ source: sourceOf(batches), output: orders }), {}, { partRows: 3000 })
    expect(manifest.files.map(file => file.rows)).toEqual([3000, 3000, 3000, 1000])
    expect(manifest.files.at(-1)!.key).toBe(`orders/${DAY}/g1-a1/part-0003.parquet`)
    expect(manifest).toMatchObject({
      rows: 10_000,
      columns: { id: { nulls: 0, min: '0', max: '9999' }, price: { min: '0.00', max: '2499.75' } },
    })
    const rows = await rowsOf(manifest)
    expect(rows.map(row => row.id)).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
    // A source that cannot go on from a position has no checkpoint.
    expect(await place.keys()).toHaveLength(5)
  })
})

describe('a function whose time is nearly over', () => {
  const batches = Array.from({ length: 10 }, (_, n): Batch => ({ records: ordersOf(n * 100, (n + 1) * 100), position: n }))
  const going = (seen: number[]) =>
    sourceOf(({ position }) =>
      batches.slice(position === undefined ? 0 : Number(position) + 1).map(batch => {
        seen.push(batch.position as number)
        return batch
      }),
    )

  test('stops at a checkpoint, and the same attempt goes on from there, its files beside one another', async () => {
    const seen: number[] = []
    const task = ingest({ source: going(seen), output: orders })
    let batch = 0
    const yields = () => ++batch % 4 === 0
    await expect(place.run(task, { yields })).rejects.toBeInstanceOf(Unfinished)
    await expect(place.run(task, { yields, handedOn: true })).rejects.toBeInstanceOf(Unfinished)
    const manifest = await place.run(task, { yields, handedOn: true })
    expect(new Set(seen).size).toBe(10)
    expect(manifest.files.map(f => [f.key, f.rows])).toEqual([
      [`orders/${DAY}/g1-a1/part-0000.parquet`, 400],
      [`orders/${DAY}/g1-a1/part-0001.parquet`, 400],
      [`orders/${DAY}/g1-a1/part-0002.parquet`, 200],
    ])
    expect((await rowsOf(manifest)).map(row => row.id)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  test('asks for no checkpoint where there can be none', async () => {
    const asked: string[] = []
    const { get } = place.lake
    const lake: Lake = {
      ...place.lake,
      get(key) {
        asked.push(key)
        return get.call(place.lake, key)
      },
    }
    const task = ingest({ source: sourceOf([{ records: ordersOf(0, 10) }]), output: orders })
    await place.run(task, {}, { lake })
    expect(asked).toEqual([])
    await place.run(task, { attempt: 2 }, { lake })
    expect(asked).toEqual([`orders/${DAY}/g1-checkpoint.json`])
  })

  test('a source that cannot go on is not stopped', async () => {
    const source = sourceOf([{ records: ordersOf(0, 10) }, { records: ordersOf(10, 20) }])
    expect(await place.run(ingest({ source, output: orders }), { yields: () => true })).toMatchObject({ rows: 20 })
  })
})

describe('a source that dies midway', () => {
  const batches = Array.from({ length: 10 }, (_, n): Batch => ({ records: ordersOf(n * 100, (n + 1) * 100), position: { page: n } }))
  const dying = (after: number, seen: number[]) =>
    sourceOf(request => {
      const from = request.position === undefined ? 0 : (request.position as { page: number }).page + 1
      return (function* () {
        for (const [n, batch] of batches.entries()) {
          if (n < from) continue
          if (n === after) throw gone()
          seen.push(n)
          yield batch
        }
      })()
    })
  const everything = Array.from({ length: 1000 }, (_, n) => n)

  test('is gone on with where it stopped, and the earlier attempt’s files are taken over', async () => {
    const seen: number[] = []
    await expect(place.run(ingest({ source: dying(4, seen), output: orders }))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      failure: 'transient',
    })
    expect(await place.keys()).toEqual([`orders/${DAY}/g1-a1/part-0000.parquet`, `orders/${DAY}/g1-checkpoint.json`])
    await expect(place.run(ingest({ source: dying(7, seen), output: orders }), { attempt: 2 })).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    })
    const manifest = await place.run(ingest({ source: dying(99, seen), output: orders }), { attempt: 3 })
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(manifest.files.map(file => [file.key, file.rows])).toEqual([
      [`orders/${DAY}/g1-a1/part-0000.parquet`, 400],
      [`orders/${DAY}/g1-a2/part-0000.parquet`, 300],
      [`orders/${DAY}/g1-a3/part-0000.parquet`, 300],
    ])
    expect((await rowsOf(manifest)).map(row => row.id)).toEqual(everything)
    expect(manifest.columns.id).toEqual({ nulls: 0, min: '0', max: '999' })
  })

  test('is begun anew by the next generation', async () => {
    const seen: number[] = []
    await expect(place.run(ingest({ source: dying(4, seen), output: orders }))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    const manifest = await place.run(ingest({ source: dying(99, seen), output: orders }), { generation: 2 })
    expect(seen.slice(4)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(manifest.files).toHaveLength(1)
  })

  test('is begun anew when the columns have changed since', async () => {
    const seen: number[] = []
    await expect(place.run(ingest({ source: dying(4, seen), output: orders }))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    const wider = day('orders', { ...orders.columns, note: 'string' })
    const manifest = await place.run(ingest({ source: dying(99, seen), output: wider }), { attempt: 2 })
    expect(manifest).toMatchObject({ rows: 1000, files: [{ key: `orders/${DAY}/g1-a2/part-0000.parquet` }] })
  })

  test('is begun anew when a finished file is gone', async () => {
    const seen: number[] = []
    await expect(place.run(ingest({ source: dying(4, seen), output: orders }))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await place.lake.remove([`orders/${DAY}/g1-a1/part-0000.parquet`])
    const manifest = await place.run(ingest({ source: dying(99, seen), output: orders }), { attempt: 2 })
    expect((await rowsOf(manifest)).map(row => row.id)).toEqual(everything)
  })

  test('is begun anew when it gives no positions', async () => {
    const withoutPosition = (after: number) =>
      sourceOf(function* (): Iterable<Batch> {
        for (const [n, batch] of batches.entries()) {
          if (n === after) throw gone()
          yield { records: batch.records }
        }
      })
    await expect(place.run(ingest({ source: withoutPosition(4), output: orders }))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(await place.keys()).not.toContain(`orders/${DAY}/g1-checkpoint.json`)
    const manifest = await place.run(ingest({ source: withoutPosition(99), output: orders }), { attempt: 2 })
    expect((await rowsOf(manifest)).map(row => row.id)).toEqual(everything)
  })

  test('keeps what was quarantined, and counts it towards the share', async () => {
    const bad = (n: number): Batch => ({ records: [...ordersOf(n * 10, n * 10 + 9), { id: `bad ${n}` }], position: n })
    const source = (from: number, after: number) =>
      sourceOf(request =>
        (function* () {
          for (let n = request.position === undefined ? from : (request.position as number) + 1; n < 4; n++) {
            if (n === after) throw gone()
            yield bad(n)
          }
        })(),
      )
    const task = (after: number, maxRejected: number) => ingest({ source: source(0, after), output: orders, maxRejected })
    await expect(place.run(task(2, 0.1))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await expect(place.run(task(9, 0.09), { attempt: 2 })).rejects.toMatchObject({
      code: 'BAD_ROW',
      message: expect.stringContaining('4 of 40'),
    })
    const manifest = await place.run(task(9, 0.1), { attempt: 3 })
    expect(manifest).toMatchObject({ rows: 36, quarantine: { rows: 4 } })
    const text = new TextDecoder().decode(await place.lake.get(manifest.quarantine!.key))
    expect(text.match(/bad \d/g)!.filter((_, n) => n % 2 === 0)).toEqual(['bad 0', 'bad 1', 'bad 2', 'bad 3'])
  })

  test('a long pull is kept on the way, so that a killed process loses little', async () => {
    const stop = new Error('the process was killed here')
    const source = sourceOf(function* () {
      yield* batches.slice(0, 5)
      throw stop
    })
    await expect(place.run(ingest({ source, output: orders }), {}, { checkpointMs: 0 })).rejects.toThrow('killed')
    const manifest = await place.run(ingest({ source: dying(99, []), output: orders }), { attempt: 2 })
    expect((await rowsOf(manifest)).map(row => row.id)).toEqual(everything)
    expect(manifest.files.map(file => file.rows)).toEqual([100, 100, 100, 100, 100, 500])
  })

  test('a small pull makes one file and no checkpoint', async () => {
    const manifest = await place.run(ingest({ source: dying(99, []), output: orders }))
    expect(manifest.files).toHaveLength(1)
    expect(await place.keys()).toHaveLength(2)
  })
})

test('an attempt that ended reads no more and leaves no manifest', async () => {
  const end = new AbortController()
  const source = sourceOf(async function* () {
    yield { records: ordersOf(0, 10) }
    end.abort()
    yield { records: ordersOf(10, 20) }
    throw new Error('nothing more is read')
  })
  const task = ingest({ source, output: orders })
  const running = createCompute(task, place.world()).run(attemptOf(task, { signal: end.signal }))
  await expect(running).rejects.toMatchObject({ code: 'ATTEMPT_ENDED', failure: 'cancelled' })
  expect(await place.keys()).toEqual([])
})

test('a check that fails publishes nothing', async () => {
  const source = sourceOf([{ records: [order(1), { id: null, price: 3 }] }])
  await expect(place.run(ingest({ source, output: orders, checks: [notNull('id')] }))).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    failure: 'user',
    message: `orders@${DAY}: notNull: 1 of 2 rows have no id: {"id":null}`,
  })
  expect(await place.keys()).not.toContain(`orders/${DAY}/g1-a1/manifest.json`)
})
