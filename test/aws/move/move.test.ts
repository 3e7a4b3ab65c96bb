import { type MoveOptions, type MoveWorld, move } from '../../../shared/aws/move/move.ts'
import type { PauseDoc } from '../../../shared/engine/keys.ts'
import { everything, type FakeRegion, fakeRegion, place, publish, replicate } from './two-regions.ts'

const options: MoveOptions = { drainMs: 10_000, settleMs: 60_000, arriveMs: 10_000 }
const file = 'flights/2001-02-14/g1-a1/part-0000.parquet'
let west: FakeRegion
let central: FakeRegion
let told: string[]
let slept: number
/** What happens elsewhere while a move waits. */
let meanwhile: () => void

const world = (from: FakeRegion | undefined, to: FakeRegion): MoveWorld => ({
  from,
  fromName: to === central ? 'west' : 'central',
  to,
  home: 'west',
  now: () => 1000,
  async sleep(ms) {
    slept += ms
    meanwhile()
  },
  tell: (step, text) => void told.push(`${step}: ${text}`),
})
const toCentral = (more: Partial<MoveOptions> = {}) => move(world(west, central), { ...options, ...more })

beforeEach(() => {
  west = fakeRegion('west', true)
  central = fakeRegion('central', false)
  ;[told, slept] = [[], 0]
  meanwhile = () => replicate(west, central)
  for (const [dataset, outside] of [
    ['flights', false],
    ['orders', true],
  ] as const)
    place(west, 'contract', `dataset/${dataset}`, {
      kind: 'dataset',
      dataset,
      partitioning: { grain: 'daily', timezone: 'UTC' },
      outside,
      keepMs: 0,
    })
  place(west, 'contract', 'task/flown-flights', { kind: 'task', task: 'flown-flights', output: 'flights', inputs: [], onNight: true })
  for (const partition of ['2001-02-13', '2001-02-14']) publish(west, 'flown-flights', 'flights', partition)
  replicate(west, central)
})

test('the other region writes, hears and goes on; the old one hears nothing', async () => {
  const moved = await toCentral()
  expect(moved).toMatchObject({ moved: true, versions: 2, files: 2, incomplete: [], reruns: [], outside: [], resumed: true })
  expect([west.on, central.on]).toEqual([false, true])
  expect(everything(central)).toEqual({ v: 1, task: 'all', paused: false, at: 1000, writer: 'central' })
  // Until the new region's word arrives, the old one stays paused.
  expect(everything(west)).toMatchObject({ paused: true, moving: { quiet: true } })
  expect(slept).toBeGreaterThanOrEqual(60_000)
})

test('what runs may end first', async () => {
  place(west, 'run/flights', '2001-02-15', { task: 'flown-flights', dataset: 'flights', partition: '2001-02-15', state: 'running' })
  meanwhile = () => {
    expect(west.on || slept > options.drainMs).toBe(true)
    publish(west, 'flown-flights', 'flights', '2001-02-15')
    place(west, 'run/flights', '2001-02-15', west.docs.get('run/flights/2001-02-15')!.doc as object, 2)
    replicate(west, central)
  }
  expect(await toCentral()).toMatchObject({ moved: true, versions: 3 })
  expect(told).toContain('drain: still at work: flown-flights@2001-02-15')
})

test('what does not end in time stops the move, which goes on when it is run again', async () => {
  place(west, 'run/flights', '2001-02-15', { task: 'flown-flights', state: 'running' })
  await expect(toCentral()).rejects.toMatchObject({
    code: 'MOVE_STOPPED',
    message: 'in west still at work: flown-flights@2001-02-15; west still writes and is paused: what runs goes on, nothing new begins',
    remedy: expect.stringContaining('redeye move west gives it up'),
  })
  expect([west.on, central.on]).toEqual([true, false])
  place(west, 'run/flights', '2001-02-15', { task: 'flown-flights', state: 'cancelled' }, 2)
  expect(await toCentral()).toMatchObject({ moved: true, resumed: true })
})

test('a move that stopped is given up by moving back: what it paused goes on', async () => {
  place(west, 'run/flights', '2001-02-15', { task: 'flown-flights', state: 'running' })
  await expect(toCentral()).rejects.toThrow('still at work')
  replicate(west, central)
  expect(await move(world(central, west), options)).toMatchObject({ moved: true, resumed: true })
  expect(everything(west)).toEqual({ v: 1, task: 'all', paused: false, at: 1000, writer: 'west' })
  expect([west.on, central.on]).toEqual([true, false])
})

test('a ledger that does not arrive stops the move, and nothing is switched on', async () => {
  place(west, 'run/flights', '2001-02-16', { task: 'flown-flights', state: 'failed' })
  meanwhile = () => {}
  await expect(toCentral()).rejects.toMatchObject({
    message: expect.stringMatching(/^of the ledger has not arrived in central: .*run\/flights\/2001-02-16/),
  })
  expect([west.on, central.on]).toEqual([false, false])
})

test('files that do not arrive are made anew by their task; what was made outside is to be delivered again', async () => {
  publish(west, 'nobody', 'orders', '2001-02-14')
  const lost = [file, 'orders/2001-02-14/g1-a1/manifest.json']
  for (const key of lost) central.files.delete(key)
  meanwhile = () => replicate(west, central, lost)
  const moved = await toCentral()
  expect(moved.incomplete).toEqual([
    { dataset: 'flights', partition: '2001-02-14', keys: [file] },
    { dataset: 'orders', partition: '2001-02-14', keys: ['orders/2001-02-14/g1-a1/manifest.json'] },
  ])
  expect(moved.outside.map(o => o.dataset)).toEqual(['orders'])
  const [request] = central.published
  expect(request).toMatchObject({
    type: 'RunRequested',
    detail: { tasks: ['flown-flights'], from: '2001-02-14', to: '2001-02-14', run: 'all', id: expect.stringMatching(/^move-/) },
  })
  // Asked for before anything may start.
  expect(told.findIndex(t => t.startsWith('repeat'))).toBeLessThan(told.findIndex(t => t.startsWith('resume')))
})

test('files that are only late are waited for', async () => {
  central.files.delete(file)
  let looks = 0
  meanwhile = () => replicate(west, central, looks++ < 1 ? [file] : [])
  expect(await toCentral()).toMatchObject({ incomplete: [], reruns: [] })
  expect(central.published).toEqual([])
})

test('one that stopped after the switch repeats its requests under the same names', async () => {
  central.files.delete(file)
  meanwhile = () => replicate(west, central, [file])
  const { publish: take } = central.bus
  central.bus.publish = () => Promise.reject(new Error('no answer'))
  await expect(toCentral()).rejects.toMatchObject({ message: 'no answer; central writes and is paused; west hears nothing' })
  expect(everything(central)).toMatchObject({ writer: 'central', paused: true })
  central.bus.publish = take
  await toCentral()
  await toCentral()
  expect(central.published).toHaveLength(1)
  expect(everything(central)).toMatchObject({ writer: 'central', paused: false })
})

test('people’s own pause outlives the move', async () => {
  place(west, 'pause', 'all', { v: 1, task: 'all', paused: true, at: 5, heard: ['x'] })
  expect(await toCentral()).toMatchObject({ moved: true, resumed: false })
  expect(everything(central)).toEqual({ v: 1, task: 'all', paused: true, at: 1000, writer: 'central', heard: ['x'] })
})

test('whoever resumes everything in the middle stops the move', async () => {
  meanwhile = () => place(west, 'pause', 'all', { ...(everything(west) as PauseDoc), paused: false }, 9)
  await expect(toCentral()).rejects.toThrow('everything was resumed in west meanwhile')
  expect(central.on).toBe(false)
})

test('a lost region is asked for nothing', async () => {
  central.files.delete(file)
  const moved = await move(world(undefined, central), options)
  expect(moved).toMatchObject({ moved: true, resumed: true, reruns: [{ task: 'flown-flights' }] })
  expect(west.done).toEqual([])
  expect(everything(central)).toMatchObject({ writer: 'central', paused: false })
  // It comes back: the same command switches it off.
  replicate(central, west)
  await move(world(west, central), options)
  expect([west.on, central.on]).toEqual([false, true])
})

test('and back again', async () => {
  await toCentral()
  replicate(central, west)
  meanwhile = () => replicate(central, west)
  expect(await move(world(central, west), options)).toMatchObject({ moved: true, from: 'central', to: 'west' })
  expect([west.on, central.on]).toEqual([true, false])
  expect(everything(west)).toMatchObject({ writer: 'west', paused: false })
})

test('only looked at, nothing changes', async () => {
  place(west, 'run/flights', '2001-02-15', { task: 'flown-flights', state: 'running' })
  central.files.delete(file)
  const before = structuredClone([...west.docs, ...central.docs])
  expect(await toCentral({ check: true })).toMatchObject({
    moved: false,
    running: 1,
    incomplete: [{ partition: '2001-02-14' }],
    reruns: [{ task: 'flown-flights' }],
  })
  expect([...west.docs, ...central.docs]).toEqual(before)
  expect([west.done, central.done, slept]).toEqual([[], [], 0])
  expect(told).toContain('look: of the ledger has not arrived: run/flights/2001-02-15')
})

test('a region that lacks something is not moved to', async () => {
  central.lacks = ['the rule redeye-dev-flown-flights-decide', 'the setting WAREHOUSE']
  await expect(toCentral()).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: 'central lacks the rule redeye-dev-flown-flights-decide, the setting WAREHOUSE',
  })
  expect(everything(west)).toBeUndefined()
})
