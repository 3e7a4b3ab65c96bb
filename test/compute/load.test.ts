import { readRows } from '../../shared/compute/lake-query.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { Json } from '../../shared/core/schema.ts'
import { Unfinished } from '../../shared/ports/compute.ts'
import type { Delivery, Receipt, Target } from '../../shared/ports/target.ts'
import { latest, load, receipts, rows, same, trailing } from '../../shared/task/index.ts'
import { DAY, day, openWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await openWorkplace()
})
afterEach(() => place.close())

const routes = day('routes', { route: 'string', flights: 'bigint' }, ['route'])
const loaded = day('routes_loaded', receipts)
const route = (n: number) => ({ route: `R${n}`, flights: n })

function targetOf(deliver: (delivery: Delivery) => AsyncIterable<Receipt>): Target {
  return { target: 'test', describe: () => 'test', faults: () => [], deliver }
}

async function all(delivery: Delivery): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for await (const some of delivery.rows) rows.push(...some)
  return rows
}

test('delivers the input’s rows under the fence of its attempt, and keeps the receipts', async () => {
  let got: { delivery: Delivery; rows: unknown[] } | undefined
  const target = targetOf(async function* (delivery) {
    got = { delivery, rows: await all(delivery) }
    yield { batch: 0, rows: 2, token: 'routes/1', answer: 'ok' }
    yield { batch: 1, rows: 1, token: 'routes/2', answer: 'ok' }
  })
  const pin = await place.pin(routes, [route(1), route(2), route(3)], DAY, 7)
  const task = load({ inputs: { routes: same(routes) }, target, output: loaded, checks: [rows({ atLeast: 1 })] })
  const manifest = await place.run(task, { inputs: { routes: [pin] }, generation: 3, attempt: 2 })
  expect(got!.rows).toEqual([1, 2, 3].map(n => ({ route: `R${n}`, flights: BigInt(n) })))
  expect(got!.delivery).toMatchObject({
    task: task.name,
    dataset: 'routes',
    partition: DAY,
    version: 7,
    generation: 3,
    attempt: 2,
    key: ['route'],
  })
  expect(manifest).toMatchObject({ dataset: 'routes_loaded', rows: 2, generation: 3, attempt: 2 })
  const folder = `routes_loaded/${DAY}/g3-a2`
  expect(
    await readRows(place.lake, { name: 'routes_loaded', columns: receipts, versions: [{ partition: DAY, version: 1, folder }] }),
  ).toEqual([
    { batch: 0, rows: 2, token: 'routes/1', answer: 'ok' },
    { batch: 1, rows: 1, token: 'routes/2', answer: 'ok' },
  ])
})

test('hands over files where they are the rows, and none where a map makes them', async () => {
  const pins = [await place.pin(routes, [route(1)], '2001-02-13'), await place.pin(routes, [route(2)])]
  const given: (string[] | undefined)[] = []
  const target = targetOf(async function* (delivery) {
    given.push(await delivery.files?.())
    yield { batch: 0, rows: 0, token: '', answer: '' }
  })
  const inputs = { routes: trailing(routes, 2) }
  await place.run(load({ inputs, target, output: loaded }), { inputs: { routes: pins } })
  await place.run(load({ inputs, target, output: loaded, map: row => row }), { inputs: { routes: pins } })
  const wider = day('routes', { ...routes.columns, note: 'string' })
  await place.run(load({ inputs: { routes: trailing(wider, 2) }, target, output: loaded }), { inputs: { routes: pins } })
  expect(given).toEqual([await Promise.all(pins.map(pin => place.lake.fetch(`${pin.folder}/part-0000.parquet`))), undefined, undefined])
})

test('a version that cannot be read is what the load fails with, before a file is fetched', async () => {
  const target = targetOf(async function* () {
    yield { batch: 0, rows: 1, token: 't', answer: 'ok' }
  })
  const pin = await place.pin(day('routes', { route: 'string', flights: 'bigint', miles: 'int' }, ['route']), [route(1)])
  const lake = { ...place.lake, fetch: () => Promise.reject(new Error('the disk is full')) }
  const task = load({ inputs: { routes: same(routes) }, target, output: loaded })
  await expect(place.run(task, { inputs: { routes: [pin] } }, { lake })).rejects.toMatchObject({ code: 'BAD_DATASET', failure: 'user' })
})

test('a map makes the delivered rows, and leaves some out', async () => {
  let got: { columns: unknown; rows: unknown[] } | undefined
  const target = targetOf(async function* (delivery) {
    got = { columns: delivery.columns, rows: await all(delivery) }
    yield { batch: 0, rows: 1, token: '', answer: '' }
  })
  const columns = { id: 'string', n: 'int' } as const
  const task = load({
    inputs: { routes: same(routes) },
    target,
    output: loaded,
    columns,
    map: row => (row.flights === 2n ? null : { id: row.route, n: Number(row.flights) }),
  })
  await place.run(task, { inputs: { routes: [await place.pin(routes, [route(1), route(2)])] } })
  expect(got).toEqual({ columns, rows: [{ id: 'R1', n: 1 }] })
})

test('a mapped row that does not fit is the task’s fault', async () => {
  const target = targetOf(async function* (delivery) {
    await all(delivery)
    yield { batch: 0, rows: 1, token: '', answer: '' }
  })
  const task = load({
    inputs: { routes: same(routes) },
    target,
    output: loaded,
    columns: { n: 'int' },
    map: row => ({ n: row.route as unknown as number }),
  })
  await expect(place.run(task, { inputs: { routes: [await place.pin(routes, [route(1)])] } })).rejects.toMatchObject({
    code: 'BAD_ROW',
    failure: 'user',
    message: expect.stringContaining('n: received "R1", expected int'),
  })
})

test('a next attempt of the generation goes on where the target had accepted', async () => {
  const seen: (Json | undefined)[] = []
  let dies = true
  const target = targetOf(async function* (delivery) {
    seen.push(delivery.position)
    await delivery.save({ accepted: 4 })
    if (dies) throw new RedeyeError('TARGET_UNAVAILABLE', 'gone')
    yield { batch: 0, rows: 4, token: '', answer: 'accepted before' }
  })
  const task = load({ inputs: { routes: same(routes) }, target, output: loaded })
  const inputs = { routes: [await place.pin(routes, [route(1)])] }
  await expect(place.run(task, { inputs })).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
  dies = false
  await place.run(task, { inputs, attempt: 2 })
  await place.run(task, { inputs, generation: 2 })
  expect(seen).toEqual([undefined, { accepted: 4 }, undefined])
})

test('many rows come in batches, in the same order each time', async () => {
  const runs: number[][] = []
  const target = targetOf(async function* (delivery) {
    const order: number[] = []
    for await (const some of delivery.rows) {
      expect(some.length).toBeLessThanOrEqual(2048)
      order.push(...some.map(row => Number(row.flights)))
    }
    runs.push(order)
    yield { batch: 0, rows: order.length, token: '', answer: '' }
  })
  const task = load({ inputs: { routes: same(routes) }, target, output: loaded })
  const pin = await place.pin(
    routes,
    Array.from({ length: 20_000 }, (_, n) => route(n)),
  )
  await place.run(task, { inputs: { routes: [pin] } })
  await place.run(task, { inputs: { routes: [pin] }, attempt: 2 })
  expect(runs[0]).toEqual(Array.from({ length: 20_000 }, (_, n) => n))
  expect(runs[1]).toEqual(runs[0])
})

test('a target may stop reading early', async () => {
  const target = targetOf(async function* (delivery) {
    for await (const some of delivery.rows) {
      yield { batch: 0, rows: some.length, token: '', answer: 'enough' }
      return
    }
  })
  const pin = await place.pin(
    routes,
    Array.from({ length: 5000 }, (_, n) => route(n)),
  )
  const manifest = await place.run(load({ inputs: { routes: same(routes) }, target, output: loaded }), { inputs: { routes: [pin] } })
  expect(manifest.rows).toBe(1)
})

test('a load of several inputs that trigger says so', async () => {
  const target = targetOf(async function* () {
    yield { batch: 0, rows: 0, token: '', answer: '' }
  })
  const two = load({ inputs: { routes: same(routes), others: same(routes) }, target, output: loaded })
  await expect(place.run(two)).rejects.toMatchObject({ code: 'BAD_TASK', failure: 'user' })
  const one = load({ inputs: { names: latest(routes), routes: same(routes) }, target, output: loaded })
  await expect(place.run(one)).resolves.toMatchObject({ rows: 1 })
})

describe('a function whose time is nearly over', () => {
  test('stops once the target has said how far it is, and the same attempt delivers the rest', async () => {
    const sent: number[] = []
    const target = targetOf(async function* (delivery) {
      for (const n of [0, 1, 2]) {
        if (n > Number(delivery.position ?? -1)) {
          sent.push(n)
          await delivery.save(n)
        }
        yield { batch: n, rows: 1, token: `${n}`, answer: 'ok' }
      }
    })
    const task = load({ inputs: { routes: same(routes) }, target, output: loaded })
    const attempt = { inputs: { routes: [await place.pin(routes, [route(1)])] }, yields: () => true }
    for (const more of [{}, { handedOn: true }, { handedOn: true }] as const)
      await expect(place.run(task, { ...attempt, ...more })).rejects.toBeInstanceOf(Unfinished)
    expect(await place.run(task, { ...attempt, handedOn: true })).toMatchObject({ rows: 3 })
    expect(sent).toEqual([0, 1, 2])
  })

  test('a target that cannot go on is not stopped', async () => {
    const target = targetOf(async function* () {
      for (const n of [0, 1]) yield { batch: n, rows: 1, token: `${n}`, answer: 'ok' }
    })
    const task = load({ inputs: { routes: same(routes) }, target, output: loaded })
    const attempt = { inputs: { routes: [await place.pin(routes, [route(1)])] }, yields: () => true }
    expect(await place.run(task, attempt)).toMatchObject({ rows: 2 })
  })
})
