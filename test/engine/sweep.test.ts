import { LEASE_MS } from '../../shared/core/attempt.ts'
import { ordinalOf } from '../../shared/core/partition.ts'
import type { Pins, RunDoc, Version } from '../../shared/core/run.ts'
import { nightKey, runKey } from '../../shared/engine/keys.ts'
import { recover, sweepTask } from '../../shared/engine/sweep.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: an ingest, a task behind it, and one of keys
now: 2026-03-09T06:00:00Z
datasets:
  prices: { partition: daily, from: 2026-01-01 }
  orders: { partition: daily, from: 2026-01-01 }
  clean: { partition: daily, from: 2026-01-01 }
  regions: { partition: { keys: [emea, apac] } }
  by-day: { partition: daily, from: 2026-01-01 }
  second: { partition: daily, from: 2026-01-01 }
  windows: { partition: daily, from: 2026-01-01 }
  late: { partition: daily, from: 2026-01-01 }
tasks:
  read-orders: { output: orders, on: night }
  cleaning: { inputs: { prices: same }, output: clean, retry: { attempts: 2, losses: 1, backoff: 1m } }
  read-regions: { inputs: {}, output: regions }
  daily: { inputs: { regions: all }, output: by-day }
  windowing: { inputs: { prices: { trailing: 2 } }, output: windows }
  looking-back: { inputs: { prices: { offset: -20 } }, output: late }
  twice: { inputs: { prices: same, orders: latest }, output: second, retry: { attempts: 2, losses: 2, backoff: 1m } }
steps: []
`,
  'sweep.yaml',
)
const DAY = 86_400_000
let host: StoryHost
const run = async (dataset: string, partition: string) => (await host.ledger.get<RunDoc>(runKey(dataset, partition)))?.doc
const put = async (dataset: string, partition: string, doc: Partial<RunDoc>) => {
  const rev = (await host.ledger.get(runKey(dataset, partition)))?.rev ?? 0
  await host.ledger.put(runKey(dataset, partition), { v: 1, dataset, partition, generation: 0, attempt: 0, ...doc }, rev)
}
const version = (more: Partial<Version> = {}): Version => ({
  number: 1,
  as: 1,
  loud: 1,
  generation: 1,
  attempt: 1,
  rows: 1,
  bytes: 1,
  schemaHash: '',
  at: host.now,
  cause: { lane: 'nightly' },
  ancestry: {},
  ...more,
})
beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
})

// No message is delivered here but where it says so: what starts, the sweep has started.
describe('a service’s sweep', () => {
  test('finds versions that nobody spoke of, in the last fourteen days, and starts what follows', async () => {
    host.now += 30 * DAY
    await put('prices', '2026-03-02', { version: version({ at: host.now - 14 * DAY }) })
    await put('prices', '2026-03-03', { version: version({ at: host.now - 14 * DAY - 1 }) })
    await put('prices', '2026-03-04', { version: version({ loud: 0 }) })
    // Its partition has yet to begin.
    await put('prices', '2026-05-10', { version: version() })
    await put('prices', '2026-03-05', { skipped: true })
    await sweepTask(host.world, 'cleaning')
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  })

  test('starts again what nobody has begun, and ends it uncounted when its lease is over', async () => {
    const started: number[] = []
    host.world.workers = { start: async ({ attempt }) => void started.push(attempt), stop: async () => {} }
    await put('prices', '2026-03-02', { version: version() })
    await sweepTask(host.world, 'cleaning')
    host.now += 15 * 60_000
    await sweepTask(host.world, 'cleaning')
    expect(started).toEqual([1, 1])
    host.now += LEASE_MS
    await sweepTask(host.world, 'cleaning')
    expect(started).toEqual([1, 1, 2])
    expect(await run('clean', '2026-03-02')).toMatchObject({ state: 'running', generation: 1, attempt: 2, ended: {} })
  })

  test('goes on after what fails, and fails in the end', async () => {
    await put('clean', '2026-03-01', { task: 'cleaning', state: 'failed', effects: [{ effect: 'alert', generation: 1 }] })
    host.world.notifier.alert = async () => {
      throw new Error('the topic takes no mail')
    }
    await put('prices', '2026-03-02', { version: version() })
    await expect(sweepTask(host.world, 'cleaning')).rejects.toThrow('the topic takes no mail')
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  })

  test('looks at more open runs than it can in turn', async () => {
    const looked: string[] = []
    const { get } = host.world.ledger
    host.world.ledger.get = key => {
      if (key.pk === 'run/clean') looked.push(key.sk)
      return get(key)
    }
    const days = Array.from({ length: 3001 }, (_, i) => new Date(Date.UTC(2010, 0, 1) + i * DAY).toISOString().slice(0, 10))
    host.world.ledger.runsInState = async (_, states) => (states[0] === 'running' ? [] : days.map(sk => ({ pk: 'run/clean', sk })))
    await sweepTask(host.world, 'cleaning')
    expect(looked).toHaveLength(3000)
    host.now += 15 * 60_000
    await sweepTask(host.world, 'cleaning')
    expect(new Set(looked).size).toBe(3001)
  })

  test('finds what began of late, though what it is made of was published long before', async () => {
    host.now += 30 * DAY
    const at = host.now - 15 * DAY
    // The one for a day that began four days ago, one for three, one for a day that has yet to begin.
    for (const partition of ['2026-03-15', '2026-03-16', '2026-03-20']) await put('prices', partition, { version: version({ at }) })
    await sweepTask(host.world, 'looking-back')
    expect(host.seen.started).toEqual(['looking-back@2026-04-05'])
  })

  test('goes through them from the oldest partition, whichever was published last', async () => {
    for (const partition of ['2026-03-04', '2026-03-02', '2026-03-03']) {
      host.now += 1000
      await put('prices', partition, { version: version() })
    }
    const { publishedSince } = host.world.ledger
    host.world.ledger.publishedSince = async (...asked) => (await publishedSince(...asked)).toReversed()
    await sweepTask(host.world, 'cleaning')
    expect(host.seen.started).toEqual(['cleaning@2026-03-02', 'cleaning@2026-03-03', 'cleaning@2026-03-04'])
  })

  test('leaves what has taken note, and starts nothing twice', async () => {
    await host.ready([{ dataset: 'prices', partition: '2026-03-02' }])
    await sweepTask(host.world, 'cleaning')
    await host.drain()
    const asked: string[] = []
    const { get } = host.world.ledger
    host.world.ledger.get = key => {
      asked.push(key.pk)
      return get(key)
    }
    await sweepTask(host.world, 'cleaning')
    await host.drain()
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
    // All runs are asked for at once, and none by itself.
    expect(asked).toEqual([])
  })

  test('finds the one version that is news among others that are not', async () => {
    const { inputsHash } = host.graph.task('windowing')!
    const day = ordinalOf({ grain: 'daily', timezone: 'UTC' }, '2026-03-03')!
    await put('prices', '2026-03-02', { version: version({ number: 2, as: 2, loud: 2 }) })
    await put('prices', '2026-03-03', { version: version() })
    const pins = { inputsHash, inputs: [[[day - 1, day, 1, 1, 1]]] as Pins['inputs'], at: 0 }
    for (const partition of ['2026-03-02', '2026-03-03', '2026-03-04'])
      await put('windows', partition, {
        task: 'windowing',
        state: partition === '2026-03-03' ? 'succeeded' : 'cancelled',
        generation: 1,
        attempt: 1,
        pins,
      })
    const { publishedSince } = host.world.ledger
    for (const turned of [false, true]) {
      host.world.ledger.publishedSince = async (...asked) => {
        const keys = (await publishedSince(...asked)).toSorted((a, b) => (a.sk < b.sk ? -1 : 1))
        return turned ? keys.toReversed() : keys
      }
      host.hold(['windowing'])
      await sweepTask(host.world, 'windowing')
      expect(host.seen.started.splice(0)).toEqual(['windowing@2026-03-03'])
      await put('windows', '2026-03-03', { task: 'windowing', state: 'succeeded', generation: 1, attempt: 1, pins })
    }
  })

  test('has no night begin what only follows', async () => {
    await host.ledger.put(nightKey('2026-03-05'), { v: 1, date: '2026-03-05', at: host.now }, 0)
    await sweepTask(host.world, 'cleaning')
    expect(await run('clean', '2026-03-05')).toBeUndefined()
  })

  test('tells runs that are there of keys that concern them all', async () => {
    await put('by-day', '2026-03-02', {
      task: 'daily',
      state: 'succeeded',
      generation: 1,
      attempt: 1,
      pins: { inputsHash: 'old', inputs: [], at: 0 },
    })
    for (const key of ['emea', 'apac'])
      await put('regions', key, { task: 'read-regions', state: 'succeeded', generation: 1, attempt: 1, version: version() })
    await sweepTask(host.world, 'daily')
    expect(host.seen.started).toEqual(['daily@2026-03-02'])
  })

  test('makes up for the runs of recent nights that are not there, of those since its task was deployed', async () => {
    const deployed = host.graph.task('read-orders')!.deployedAt
    const night = (date: string, at: number) => host.ledger.put(nightKey(date), { v: 1, date, at }, 0)
    await night('2026-03-05', deployed)
    await night('2026-03-06', deployed - 1)
    await night('2026-03-07', host.now)
    await put('orders', '2026-03-07', { task: 'read-orders', state: 'cancelled' })
    await night('2026-02-01', host.now)
    await sweepTask(host.world, 'read-orders')
    expect(host.seen.started).toEqual(['read-orders@2026-03-05'])
  })

  test('ends an attempt that nobody speaks of, once its lease is over', async () => {
    host.hold(['cleaning'])
    await host.ready([{ dataset: 'prices', partition: '2026-03-02' }])
    await host.drain()
    host.vanish('cleaning@2026-03-02')
    host.now += LEASE_MS - 1
    await sweepTask(host.world, 'cleaning')
    expect((await run('clean', '2026-03-02'))!.state).toBe('running')
    host.now += 1
    await sweepTask(host.world, 'cleaning')
    expect(await run('clean', '2026-03-02')).toMatchObject({ state: 'failed', error: { failure: 'lost', code: 'WORKER_LOST' } })
  })

  test('looks at what is open: waiting, queued or held', async () => {
    await host.ready([{ dataset: 'prices', partition: '2026-03-02' }])
    await host.drain()
    host.seen.started = []
    for (const [partition, state] of [
      ['2026-03-03', 'waiting'],
      ['2026-03-04', 'queued'],
      ['2026-03-05', 'held'],
    ] as const) {
      await put('prices', partition, { version: version({ at: 1 }) })
      await put('clean', partition, { task: 'cleaning', state })
    }
    await sweepTask(host.world, 'cleaning')
    expect(host.seen.started.sort()).toEqual(['cleaning@2026-03-03', 'cleaning@2026-03-04', 'cleaning@2026-03-05'])
  })

  test('begins the next attempt after one that nobody speaks of, at once', async () => {
    await put('orders', '2026-01-01', { version: version() })
    host.hold(['twice'])
    await host.ready([{ dataset: 'prices', partition: '2026-03-02' }])
    await host.drain()
    host.vanish('twice@2026-03-02')
    host.now += LEASE_MS
    // An index may not name it yet.
    const { runsInState } = host.world.ledger
    host.world.ledger.runsInState = async (task, states) => (states.includes('queued') ? [] : runsInState(task, states))
    await sweepTask(host.world, 'twice')
    expect(await run('second', '2026-03-02')).toMatchObject({ state: 'running', attempt: 2, ended: { lost: 1 } })
  })

  test('asks nothing about what a task takes the latest of, nor looks at runs for versions that no reader follows', async () => {
    await put('prices', '2026-03-02', { version: version({ loud: 0 }) })
    const asked: string[] = []
    const { publishedSince, get } = host.world.ledger
    host.world.ledger.publishedSince = (dataset, since) => {
      asked.push(dataset)
      return publishedSince(dataset, since)
    }
    host.world.ledger.get = key => {
      asked.push(key.pk)
      return get(key)
    }
    await sweepTask(host.world, 'twice')
    expect(asked).toEqual(['prices'])
  })

  test('does what a document still says is to happen', async () => {
    await put('clean', '2026-03-02', { task: 'cleaning', state: 'failed', effects: [{ effect: 'alert', generation: 1 }] })
    await sweepTask(host.world, 'cleaning')
    expect(host.seen.alerts).toEqual(['cleaning@2026-03-02'])
    expect((await run('clean', '2026-03-02'))!.effects).toBeUndefined()
  })
})

test('a runtime that begins again ends what was at work, which counts to no losses', async () => {
  host.hold(['cleaning'])
  await host.ready([{ dataset: 'prices', partition: '2026-03-02' }])
  await host.drain()
  await recover(host.world)
  expect(await run('clean', '2026-03-02')).toMatchObject({
    state: 'queued',
    due: host.now,
    ended: {},
    error: { failure: 'lost', code: 'WORKER_LOST' },
  })
  await host.drain()
  expect(await run('clean', '2026-03-02')).toMatchObject({ state: 'running', generation: 1, attempt: 2 })
})
