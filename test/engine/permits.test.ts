import type { LimitDoc } from '../../shared/core/limit.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { limitKey, runKey } from '../../shared/engine/keys.ts'
import { auditLimits, candidateOf, freePlace, limitsOf } from '../../shared/engine/permits.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks, one of which may run once at a time
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  regions: { partition: { keys: [emea, apac] } }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, limit: 1 }
  by-region: { inputs: { clean: latest }, output: regions }
steps: []
`,
  'permits.yaml',
)
const HALF_HOUR = 30 * 60_000

let host: StoryHost
const limit = async (name: string) => (await host.ledger.get<LimitDoc>(limitKey(name)))!.doc
const run = async (dataset: string, partition: string) => (await host.ledger.get<RunDoc>(runKey(dataset, partition)))?.doc
const ready = async (...partitions: string[]) => {
  await host.ready(partitions.map(partition => ({ dataset: 'orders', partition })))
  await host.drain()
}
beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
})

describe('the limits of a run', () => {
  const doc = (cause: RunDoc['cause']): RunDoc => ({
    v: 1,
    dataset: 'clean',
    partition: '2026-03-02',
    task: 'cleaning',
    generation: 0,
    attempt: 0,
    cause,
  })

  test('are its task’s, its lane’s, and those of the requests it is under', async () => {
    const world = { ...host.world, laneLimits: { backfill: 3 } }
    await host.ledger.put({ pk: 'request', sk: 'one' }, { maxActive: 2 }, 0)
    await host.ledger.put({ pk: 'request', sk: 'two' }, {}, 0)
    expect(await limitsOf(world, doc({ lane: 'backfill', under: ['one', 'two', 'gone'] }), 1)).toEqual([
      { name: 'task/cleaning', size: 1 },
      { name: 'lane/backfill', size: 3 },
      { name: 'request/one', size: 2 },
    ])
    expect(await limitsOf(world, doc({ lane: 'nightly' }), undefined)).toEqual([])
    expect(await limitsOf(world, doc({ lane: 'backfill' }), undefined)).toEqual([{ name: 'lane/backfill', size: 3 }])
  })

  test('know it by its lane, its partition’s beginning or place, and how far it is from the sources', () => {
    expect(candidateOf(host.graph, doc({ lane: 'manual' }))).toEqual({
      dataset: 'clean',
      partition: '2026-03-02',
      task: 'cleaning',
      lane: 'manual',
      order: Date.parse('2026-03-02'),
      depth: 0,
    })
    const keyed = { dataset: 'regions', partition: 'apac', task: 'by-region' }
    expect(candidateOf(host.graph, keyed)).toEqual({ ...keyed, lane: 'nightly', order: 1, depth: 1 })
  })
})

describe('a look at who holds places', () => {
  test('leaves the place of an attempt that runs, however long', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    host.now += 10 * HALF_HOUR
    await auditLimits(host.world)
    await host.drain()
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-02'])
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  })

  /** Another run stands as the holder of the one place. */
  const heldBy = async (holder: Partial<LimitDoc['holders'][number]>, more: Partial<LimitDoc> = {}) => {
    const { doc, rev } = (await host.ledger.get<LimitDoc>(limitKey('task/cleaning')))!
    const until = host.now + HALF_HOUR
    await host.ledger.put(limitKey('task/cleaning'), { ...doc, holders: [{ ...doc.holders[0]!, until, ...holder }], ...more }, rev)
  }

  test('frees what nobody claimed, but not before its time, and hands it on', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    await heldBy({ partition: '2026-03-08', token: 'gone' })
    host.now += HALF_HOUR - 1
    await auditLimits(host.world)
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-08'])
    host.now += 1
    await auditLimits(host.world)
    await host.drain()
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-03'])
    expect(host.seen.started).toEqual(['cleaning@2026-03-02', 'cleaning@2026-03-03'])
  })

  test.each([{ generation: 2 }, { attempt: 2 }])('frees the place of another attempt of a run that runs: %j', async other => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    await heldBy(other)
    host.now += HALF_HOUR
    await auditLimits(host.world)
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-03'])
  })

  test('frees the place of a run that runs without it', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
    const { permits: _, ...rest } = doc
    await host.ledger.put(runKey('clean', '2026-03-02'), rest, rev)
    host.now += HALF_HOUR
    await auditLimits(host.world)
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-03'])
  })

  test('frees a place that was handed to a run which never took it', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    await heldBy({ partition: '2026-03-08', token: undefined, generation: undefined, attempt: undefined })
    host.now += HALF_HOUR
    await auditLimits(host.world)
    expect((await limit('task/cleaning')).holders.map(h => h.partition)).toEqual(['2026-03-03'])
  })

  test('hands free places on, and fills an emptied list from the queued runs', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03', '2026-03-04')
    const { doc, rev } = (await host.ledger.get<LimitDoc>(limitKey('task/cleaning')))!
    await host.ledger.put(limitKey('task/cleaning'), { ...doc, holders: [], waiting: [], more: true }, rev)
    await auditLimits(host.world)
    expect(await limit('task/cleaning')).toMatchObject({ holders: [{ partition: '2026-03-03' }], waiting: [{ partition: '2026-03-04' }] })
    expect('more' in (await limit('task/cleaning'))).toBe(false)
    await host.drain()
    expect((await run('clean', '2026-03-03'))!.state).toBe('running')
  })

  test('puts nobody back on the list whom the index names a moment too long', async () => {
    await host.ledger.put(
      runKey('clean', '2026-03-05'),
      { v: 1, dataset: 'clean', partition: '2026-03-05', task: 'cleaning', state: 'succeeded', generation: 1, attempt: 1 },
      0,
    )
    host.world.ledger.runsInState = async () => [runKey('clean', '2026-03-05'), runKey('clean', '2026-03-06')]
    await host.ledger.put(limitKey('task/cleaning'), { v: 1, limit: 1, holders: [], waiting: [], more: true }, 0)
    await auditLimits(host.world)
    expect(await limit('task/cleaning')).toEqual({ v: 1, limit: 1, holders: [], waiting: [] })
  })

  test('refills no list of a task that is gone', async () => {
    await host.ledger.put(
      runKey('gone', '2026-03-05'),
      { v: 1, dataset: 'gone', partition: '2026-03-05', task: 'gone', state: 'queued', refusedBy: 'task/gone', generation: 1, attempt: 1 },
      0,
    )
    await host.ledger.put(limitKey('task/gone'), { v: 1, limit: 1, holders: [], waiting: [], more: true }, 0)
    await auditLimits(host.world)
    expect(await limit('task/gone')).toEqual({ v: 1, limit: 1, holders: [], waiting: [] })
  })

  test('hands a free place to who waits, where nobody holds one', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    const { doc, rev } = (await host.ledger.get<LimitDoc>(limitKey('task/cleaning')))!
    expect(doc.waiting).toHaveLength(1)
    await host.ledger.put(limitKey('task/cleaning'), { ...doc, holders: [] }, rev)
    await auditLimits(host.world)
    expect(await limit('task/cleaning')).toMatchObject({ holders: [{ partition: '2026-03-03' }], waiting: [] })
  })

  test('of a limit that nobody ever took tells nobody, and makes none', async () => {
    const told: unknown[] = []
    host.world.bus.publish = async events => void told.push(...events)
    await freePlace(host.world, 'task/cleaning')
    await freePlace(host.world, 'task/cleaning', { dataset: 'clean', partition: '2026-03-02', token: '' })
    expect([told, await host.ledger.get(limitKey('task/cleaning'))]).toEqual([[], undefined])
  })

  test.each([
    ['lane/nightly', 'lane/nightly', true],
    ['lane/manual', 'lane/nightly', false],
    ['request/one', 'request/one', true],
    ['task/by-region', 'task/by-region', true],
    // On two lists it would be handed the place of the one, and give it back for want of the other, again and again.
    ['task/by-region', 'lane/nightly', false],
    ['task/cleaning', undefined, false],
  ])('fills the list of %s with queued runs that it has refused: %s, %s', async (name, refusedBy, refused) => {
    const queued: RunDoc = {
      v: 1,
      dataset: 'regions',
      partition: 'apac',
      task: 'by-region',
      state: 'queued',
      generation: 0,
      attempt: 0,
      cause: { lane: 'nightly' },
      ...(refusedBy && { refusedBy }),
    }
    await host.ledger.put(runKey('regions', 'apac'), queued, 0)
    await host.ledger.put(runKey('regions', 'emea'), { ...queued, partition: 'emea', state: 'waiting' }, 0)
    await host.ledger.put(limitKey(name), { v: 1, limit: 1, holders: [], waiting: [], more: true }, 0)
    await auditLimits(host.world)
    expect((await limit(name)).holders.map(h => h.partition)).toEqual(refused ? ['apac'] : [])
  })

  test('fills no list that still names somebody', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03', '2026-03-04')
    const { doc, rev } = (await host.ledger.get<LimitDoc>(limitKey('task/cleaning')))!
    await host.ledger.put(limitKey('task/cleaning'), { ...doc, waiting: doc.waiting.slice(0, 1), more: true }, rev)
    const { put } = host.ledger.requests
    await auditLimits(host.world)
    expect(host.ledger.requests.put).toBe(put)
  })

  test('cancels the lost attempt of a task that is gone, for nobody else ends it', async () => {
    const attempt = { generation: 1, attempt: 1 }
    const gone = { dataset: 'lost', partition: 'all', task: 'gone' }
    const lease = host.now + HALF_HOUR
    const running: RunDoc = { v: 1, ...gone, state: 'running', ...attempt, lease, permits: ['lane/nightly'] }
    await host.ledger.put(runKey('lost', 'all'), running, 0)
    const holders = [{ ...gone, ...attempt, token: 't', until: host.now - 1 }]
    await host.ledger.put(limitKey('lane/nightly'), { v: 1, limit: 1, holders, waiting: [] }, 0)
    await auditLimits(host.world)
    expect(await run('lost', 'all')).toEqual(running)
    host.now = lease
    await auditLimits(host.world)
    expect((await run('lost', 'all'))!.state).toBe('cancelled')
    await auditLimits(host.world)
    expect((await limit('lane/nightly')).holders).toEqual([])
  })

  test('with nothing to do writes nothing', async () => {
    host.hold(['cleaning'])
    await ready('2026-03-02', '2026-03-03')
    const { put } = host.ledger.requests
    await auditLimits(host.world)
    expect(host.ledger.requests.put).toBe(put)
  })
})

describe('runs that need a place under each of two limits', () => {
  const two = parseStory(
    `
story: one task has a limit, and so has the lane that it shares with another
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2025-11-01 }
  prices: { partition: daily, from: 2025-10-01 }
  clean: { partition: daily, from: 2025-11-01 }
  priced: { partition: daily, from: 2025-10-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, limit: 1 }
  pricing: { inputs: { prices: same }, output: priced }
steps: []
`,
    'two-limits.yaml',
  )
  /** Lets all happen that is to happen; where they hand on for ever that is without end. */
  const settle = async (most: number) => {
    const { get } = host.world.ledger
    let reads = 0
    host.world.ledger.get = async key => {
      if (++reads > most) throw new Error('they hand on for ever')
      return get(key)
    }
    await host.drain()
    host.world.ledger.get = get
  }
  const end = (task: string, dataset: string, partition: string) => host.end({ task, dataset, partition, generation: 1, attempt: 1 }, 'ok')
  beforeEach(async () => {
    host = new StoryHost(two, two.now)
    await host.deploy()
    host.world.laneLimits = { nightly: 1 }
    host.hold(['cleaning', 'pricing'])
    await host.ready([{ dataset: 'prices', partition: '2025-10-01' }])
    await host.drain()
  })

  test('do not hand them to one another for ever', async () => {
    // Both are refused by the lane.
    await ready('2026-03-01', '2026-03-03')
    await end('pricing', 'priced', '2025-10-01')
    await settle(1000)
    expect((await run('clean', '2026-03-01'))!.state).toBe('running')
    // Both are refused by the task.
    await ready('2026-03-02', '2026-03-04')
    for (const day of ['01', '02', '03', '04']) {
      expect((await run('clean', `2026-03-${day}`))!.state).toBe('running')
      await end('cleaning', 'clean', `2026-03-${day}`)
      await settle(1000)
    }
  })

  test('do not go round where they are more than a limit lists', async () => {
    const days = Array.from({ length: 120 }, (_, i) => new Date(Date.parse('2025-11-01') + i * 86_400_000).toISOString().slice(0, 10))
    const [first, ...others] = days
    await ready(first!)
    await end('pricing', 'priced', '2025-10-01')
    await host.drain()
    // The task refuses them; then the lane does.
    await host.ready([{ dataset: 'prices', partition: '2025-10-02' }])
    await ready(...others)
    await end('cleaning', 'clean', first!)
    await settle(20_000)
    expect(await run('clean', others[0]!)).toMatchObject({ state: 'queued', refusedBy: 'lane/nightly' })
    await end('pricing', 'priced', '2025-10-02')
    for (const day of others) {
      await settle(20_000)
      expect((await run('clean', day))!.state).toBe('running')
      await end('cleaning', 'clean', day)
    }
  })
})
