import type { LimitDoc } from '../../shared/core/limit.ts'
import { ordinalOf } from '../../shared/core/partition.ts'
import type { Cause, RunDoc } from '../../shared/core/run.ts'
import { beginWork } from '../../shared/engine/attempt.ts'
import { considerRun, type Reason } from '../../shared/engine/consider.ts'
import { limitKey, nightKey, pauseKey, requestKey, runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks, one of which may run once at a time
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  once: { partition: daily, from: 2026-03-01 }
  regions: { partition: { keys: [emea, apac] } }
  newest: { partition: daily, from: 2026-03-01 }
  totals: { partition: daily, from: 2026-03-01 }
  windows: { partition: daily, from: 2026-03-01 }
  read: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  one-by-one: { inputs: { orders: same }, output: once, limit: 1 }
  by-newest: { inputs: { orders: latest }, output: newest }
  by-region: { inputs: { regions: all }, output: totals }
  by-two: { inputs: { orders: { trailing: 2 }, regions: latest }, output: windows }
  reading: { output: read, on: night }
steps: []
`,
  'consider.yaml',
)
const partition = '2026-03-02'
let host: StoryHost
const look = (task = 'cleaning', reason: Reason = {}, of = partition) =>
  considerRun(host.world, host.graph, task, ordinalOf({ grain: 'daily', timezone: 'UTC' }, of)!, reason)
const run = async (dataset = 'clean', of = partition) => (await host.ledger.get<RunDoc>(runKey(dataset, of)))?.doc
/** Somebody else writes the run, once, just before it is written. */
const overtaken = (dataset: string, doc: Partial<RunDoc>) => {
  const { put } = host.world.ledger
  let left = 1
  host.world.ledger.put = async (key, next, rev) => {
    if (key.pk === `run/${dataset}` && left-- > 0)
      await put(key, { v: 1, dataset, partition: key.sk, generation: 0, attempt: 0, ...doc }, rev)
    return put(key, next, rev)
  }
}
const limit = async () => (await host.ledger.get<LimitDoc>(limitKey('task/one-by-one')))!.doc

beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
  // The events of these versions are not delivered: every look here is the test's own.
  await host.ready([
    { dataset: 'orders', partition },
    { dataset: 'orders', partition: '2026-03-03' },
  ])
})

describe('a claim whose start got lost', () => {
  test('is started again by whoever looks later, as the same attempt, until a worker has begun it', async () => {
    const started: number[] = []
    const start = async ({ attempt }: { attempt: number }) => void started.push(attempt)
    host.world.workers = { start, stop: async () => {} }
    expect(await look()).toBe(true)
    expect(await run()).not.toHaveProperty('begunAt')
    host.now += 44_999
    await look()
    expect(started).toEqual([1])
    host.now += 1
    expect(await look()).toBe(false)
    expect(started).toEqual([1, 1])
    expect(await beginWork(host.world, { task: 'cleaning', dataset: 'clean', partition, generation: 1, attempt: 1 })).toBeDefined()
    host.now += 60_000
    await look()
    expect(started).toEqual([1, 1])
  })

  test('has begun where a start is never lost', async () => {
    await look()
    expect(await run()).toMatchObject({ state: 'running', begunAt: host.now })
  })
})

describe('a look that loses the race', () => {
  test('for a claim looks again: whoever cancelled it is heeded', async () => {
    overtaken('clean', { task: 'cleaning', state: 'cancelled' })
    expect(await look()).toBe(false)
    expect((await run())!.state).toBe('cancelled')
    expect(host.seen.started).toEqual([])
  })

  test('for a claim looks again, and starts on what is there now', async () => {
    overtaken('clean', { task: 'cleaning', state: 'waiting', requests: ['gone'] })
    expect(await look()).toBe(true)
    expect(await run()).toMatchObject({ state: 'running', generation: 1, requests: ['gone'] })
    expect(await run()).not.toHaveProperty('permits')
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  })

  test('for what is to be written down looks again', async () => {
    await host.ledger.put(pauseKey('cleaning'), { v: 1, task: 'cleaning', paused: true, at: 0 }, 0)
    overtaken('clean', { task: 'cleaning', state: 'waiting', requests: ['gone'] })
    expect(await look()).toBe(false)
    expect(await run()).toMatchObject({ state: 'queued', requests: ['gone'] })
  })

  test('of a run that has to queue looks again', async () => {
    host.hold(['one-by-one'])
    expect(await look('one-by-one')).toBe(true)
    overtaken('once', { task: 'one-by-one', state: 'waiting', requests: ['gone'] })
    expect(await look('one-by-one', {}, '2026-03-03')).toBe(false)
    expect(await run('once', '2026-03-03')).toMatchObject({ state: 'queued', requests: ['gone'] })
    expect((await limit()).waiting.map(w => w.partition)).toEqual(['2026-03-03'])
  })

  test('to another’s start gives its place back', async () => {
    overtaken('once', { task: 'one-by-one', state: 'cancelled' })
    expect(await look('one-by-one')).toBe(false)
    expect((await limit()).holders).toEqual([])
  })
})

describe('a look', () => {
  test('at a retry after a deployment that changed the inputs begins anew, on those that the task has now', async () => {
    const pins = { inputsHash: 'those it had', inputs: [[]], at: 1 }
    const retry: RunDoc = {
      ...{ v: 1, dataset: 'clean', partition, task: 'cleaning', generation: 1, attempt: 1 },
      ...{ state: 'queued', ended: { transient: 1 }, cause: { lane: 'nightly' }, pins },
    }
    await host.ledger.put(runKey('clean', partition), retry, 0)
    expect(await look()).toBe(true)
    const { inputsHash } = story.tasks.find(t => t.task === 'cleaning')!
    expect(await run()).toMatchObject({
      state: 'running',
      generation: 2,
      attempt: 1,
      pins: { inputsHash, inputs: [[[expect.any(Number), expect.any(Number), 1, 1, 1]]] },
    })
  })

  test('that may not start another run tells it to look for itself', async () => {
    const { publish } = host.world.bus
    const told: unknown[] = []
    host.world.bus.publish = async events => {
      told.push(...events)
      await publish(events)
    }
    expect(await look('cleaning', { mayStart: false })).toBe(false)
    expect(await run()).toBeUndefined()
    expect(told).toEqual([{ type: 'RunDue', detail: { task: 'cleaning', partition, cause: { lane: 'nightly' }, at: expect.any(Number) } }])
    await host.drain()
    expect(host.seen.started).toContain('cleaning@2026-03-02')
  })

  test('by a night starts nothing that is over, but takes what has not been claimed into its lane, once', async () => {
    const key = runKey('clean', partition)
    const doc = { v: 1, dataset: 'clean', partition, task: 'cleaning', generation: 0, attempt: 0 } as const
    const put = async (made: Partial<RunDoc>) => host.ledger.put(key, { ...doc, ...made }, (await host.ledger.get(key))?.rev ?? 0)
    const cause: Cause = { lane: 'backfill', under: ['q'] }
    await put({ state: 'succeeded', generation: 1, attempt: 1, cause })
    expect(await look('cleaning', { night: partition })).toBe(false)
    const heard = await run()
    expect(heard).toMatchObject({ state: 'succeeded', cause, heard: [`night ${partition}`] })
    await put({ ...heard, state: 'waiting', requests: ['q'] })
    expect(await look('cleaning', { night: partition })).toBe(false)
    expect(await run()).toMatchObject({ state: 'waiting', cause })
    await put({ state: 'queued', requests: ['q'], cause })
    expect(await look('cleaning', { night: partition })).toBe(true)
    expect((await run())!.cause).toEqual({ lane: 'nightly', night: partition })
    expect(await look('cleaning', { night: '2026-03-03' }, '2026-03-03')).toBe(true)
    expect((await run('clean', '2026-03-03'))!.cause).toEqual({ lane: 'nightly', night: '2026-03-03' })
  })

  test('at a run that is not there begins it where a night names it, of its own task and its own date', async () => {
    const night = (date: string) => host.ledger.put(nightKey(date), { v: 1, date, at: host.now }, 0)
    await night('2026-03-04')
    expect(await look('reading', {}, '2026-03-05')).toBe(false)
    expect(await run('read', '2026-03-05')).toBeUndefined()
    expect(await look('reading', {}, '2026-03-04')).toBe(true)
    expect((await run('read', '2026-03-04'))!.cause).toEqual({ lane: 'nightly', night: '2026-03-04' })
    const cancelled = { v: 1, dataset: 'read', partition: '2026-03-06', task: 'reading', state: 'cancelled', generation: 0, attempt: 0 }
    await host.ledger.put(runKey('read', '2026-03-06'), cancelled, 0)
    await night('2026-03-06')
    expect(await look('reading', {}, '2026-03-06')).toBe(false)
    // Nothing of what this one reads is there, and no night names what only follows.
    expect(await look('cleaning', {}, '2026-03-04')).toBe(false)
    expect(await run('clean', '2026-03-04')).toBeUndefined()
  })

  describe('that is told why', () => {
    const queued = { task: 'cleaning', state: 'queued', cause: { lane: 'backfill' }, lookedAt: 1000 } as const
    const told = async (reason: Reason, doc: Partial<RunDoc> = queued) => {
      await host.ledger.put(pauseKey('cleaning'), { v: 1, task: 'cleaning', paused: true, at: 0 }, 0)
      await host.ledger.put(runKey('clean', partition), { v: 1, dataset: 'clean', partition, generation: 0, attempt: 0, ...doc }, 0)
      await look('cleaning', reason)
      return (await run())!.cause!.lane
    }
    const cause = { lane: 'nightly' } as const

    test('takes note', async () => expect(await told({ cause })).toBe('nightly'))
    test('of what was found since takes note', async () => expect(await told({ cause, causeAt: 1001 })).toBe('nightly'))
    test('again does not', async () => expect(await told({ cause, causeAt: 1000 })).toBe('backfill'))
    test('of a run that nobody has looked at takes note', async () => {
      const { lookedAt: _, ...rest } = queued
      expect(await told({ cause, causeAt: 1000 }, rest)).toBe('nightly')
    })
  })

  test('that may not try a run again tells it just that it is due', async () => {
    const doc = { v: 1, dataset: 'clean', partition, task: 'cleaning', state: 'queued', generation: 1, attempt: 1, ended: { transient: 1 } }
    await host.ledger.put(runKey('clean', partition), doc, 0)
    const told: unknown[] = []
    host.world.bus.publish = async events => void told.push(...events)
    expect(await look('cleaning', { mayStart: false })).toBe(false)
    expect(told).toStrictEqual([{ type: 'RunDue', detail: { task: 'cleaning', partition } }])
  })

  test('while a request selects, or all is paused, starts nothing', async () => {
    const doc = { v: 1, dataset: 'clean', partition, task: 'cleaning', state: 'waiting', requests: ['r'], generation: 0, attempt: 0 }
    await host.ledger.put(runKey('clean', partition), doc, 0)
    await host.ledger.put(requestKey('r'), { phase: 'marking', tasks: ['cleaning'] }, 0)
    expect(await look()).toBe(false)
    expect(await run()).toEqual(doc)
    // Selecting what has begun since: this one was selected before.
    await host.ledger.put(requestKey('r'), { phase: 'marking', tasks: ['cleaning'], since: Date.parse(partition) }, 1)
    await host.ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: true, at: 0 }, 0)
    expect(await look()).toBe(false)
    expect((await run())!.state).toBe('queued')
    await host.ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: false, at: 0 }, 1)
    expect(await look()).toBe(true)
  })

  test('at a queued run that finds no place again writes nothing', async () => {
    host.hold(['one-by-one'])
    await look('one-by-one')
    await look('one-by-one', {}, '2026-03-03')
    const { put } = host.ledger.requests
    host.now += 1000
    await look('one-by-one', {}, '2026-03-03')
    expect(host.ledger.requests.put).toBe(put)
    expect(await run('once', '2026-03-03')).toMatchObject({ state: 'queued' })
  })

  test('at a queued run for a version it has not seen leaves a mark, found no place or not', async () => {
    host.hold(['one-by-one'])
    await look('one-by-one')
    await look('one-by-one', {}, '2026-03-03')
    const before = (await run('once', '2026-03-03'))!.newsAt!
    host.now += 1000
    await host.ready([{ dataset: 'orders', partition: '2026-03-03' }])
    await look('one-by-one', {}, '2026-03-03')
    const { state, newsAt } = (await run('once', '2026-03-03'))!
    expect(state).toBe('queued')
    expect(newsAt).toBeGreaterThan(before)
  })

  test('at a queued run whose place has gone to another leaves it on the list of who waits', async () => {
    host.hold(['one-by-one'])
    await look('one-by-one')
    await look('one-by-one', {}, '2026-03-03')
    await look('one-by-one', { place: 'task/one-by-one' }, '2026-03-03')
    expect((await limit()).waiting.map(w => w.partition)).toEqual(['2026-03-03'])
  })

  test('at a queued run that is handed a place and paused takes it off who was refused, or its place would come back again and again', async () => {
    host.hold(['one-by-one'])
    await look('one-by-one')
    await look('one-by-one', {}, '2026-03-03')
    expect((await run('once', '2026-03-03'))!.refusedBy).toBe('task/one-by-one')
    await host.ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: true, at: 0 }, 0)
    await look('one-by-one', { place: 'task/one-by-one' }, '2026-03-03')
    expect(await run('once', '2026-03-03')).toMatchObject({ state: 'queued' })
    expect((await run('once', '2026-03-03'))!.refusedBy).toBeUndefined()
  })

  test('that starts keeps its place, and one that was handed a place and does not start gives it back', async () => {
    host.hold(['one-by-one'])
    await look('one-by-one')
    expect(await run('once')).toMatchObject({ permits: ['task/one-by-one'] })
    expect((await limit()).holders).toHaveLength(1)
    const { doc, rev } = (await host.ledger.get<LimitDoc>(limitKey('task/one-by-one')))!
    const handed = { dataset: 'once', partition: '2026-03-07', task: 'one-by-one', until: host.now + 1000 }
    await host.ledger.put(limitKey('task/one-by-one'), { ...doc, holders: [handed] }, rev)
    expect(await look('one-by-one', { place: 'task/one-by-one' }, '2026-03-07')).toBe(false)
    expect((await limit()).holders).toEqual([])
  })

  describe('at a partition whose inputs the next one needs too sees to the next one', () => {
    let set: unknown[]
    const due = (task: string, of: string) => [Date.parse(of), { type: 'RunDue', detail: { task, partition: of } }]
    const evening = async (task: string, of = '2026-03-02') => {
      host.world.timers.set = async (at, event) => void set.push([at, event])
      host.now = Date.parse(`${of}T23:00Z`)
      await look(task, {}, of)
      return set
    }
    beforeEach(() => {
      set = []
    })

    test('when it begins, whether it needs some of them or all', async () => {
      expect(await evening('by-two')).toEqual([due('by-two', '2026-03-03')])
      await host.ready([{ dataset: 'orders', partition: '2026-03-01' }])
      set = []
      expect(await evening('by-two')).toEqual([due('by-two', '2026-03-03')])
    })

    test('by no timer once it has begun', async () => {
      host.now = Date.parse('2026-03-03')
      host.world.timers.set = async (...timer) => void set.push(timer)
      await look('by-two')
      expect(set).toEqual([])
    })

    test('not for versions from before its task, nor for those that readers do not follow', async () => {
      const { deployedAt } = host.graph.task('by-two')!
      const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('orders', partition)))!
      await host.ledger.put(runKey('orders', partition), { ...doc, version: { ...doc.version!, loud: 0 } }, rev)
      expect(await evening('by-two')).toEqual([])
      await host.ledger.put(runKey('orders', partition), { ...doc, version: { ...doc.version!, at: deployedAt - 1 } }, rev + 1)
      expect(await evening('by-two')).toEqual([])
      await host.ledger.put(runKey('orders', partition), { ...doc, version: { ...doc.version!, at: deployedAt } }, rev + 2)
      expect(await evening('by-two')).toEqual([due('by-two', '2026-03-03')])
    })

    test('not for what every partition takes, nor for the latest', async () => {
      for (const key of ['emea', 'apac']) await host.ready([{ dataset: 'regions', partition: key }])
      expect(await evening('by-region')).toEqual([])
      expect(await evening('by-newest')).toEqual([])
    })
  })

  test('that makes a run of keys reads them once it is there to be found, by a version that came meanwhile', async () => {
    await host.ready([{ dataset: 'regions', partition: 'emea' }])
    const { put } = host.world.ledger
    let first = true
    host.world.ledger.put = async (key, doc, rev) => {
      if (first && key.pk === 'run/totals') await host.ready([{ dataset: 'regions', partition: 'apac' }])
      first &&= key.pk !== 'run/totals'
      return put(key, doc, rev)
    }
    expect(await look('by-region')).toBe(true)
    expect(host.seen.started).toEqual(['by-region@2026-03-02'])
  })

  test('sees to it that the next partition is looked at when it begins', async () => {
    const set: [number, unknown][] = []
    host.world.timers.set = async (at, event) => void set.push([at, event])
    host.now = Date.parse('2026-03-02T23:00Z')
    await host.ready([{ dataset: 'orders', partition: '2026-03-03' }])
    await look()
    expect(set).toEqual([])
    await look('cleaning', {}, '2026-03-03')
    expect(set).toEqual([[Date.parse('2026-03-03'), { type: 'RunDue', detail: { task: 'cleaning', partition: '2026-03-03' } }]])
  })
})

test('whether there is a pause is asked by who would claim, and by nobody else', async () => {
  const asked: string[] = []
  const { getMany } = host.world.ledger
  host.world.ledger.getMany = async keys => {
    asked.push(...keys.filter(({ pk }) => pk === 'pause').map(({ sk }) => sk))
    return getMany(keys)
  }
  await look('cleaning', {}, '2026-03-04')
  expect(asked).toEqual([])
  await look()
  expect(asked).toEqual(['all', 'cleaning'])
})
