import type { RunDoc } from '../../shared/core/run.ts'
import { requestKey, runKey } from '../../shared/engine/keys.ts'
import { matters, relay } from '../../shared/engine/relay.ts'
import type { Change } from '../../shared/ports/ledger.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const doc = (more: Partial<RunDoc> = {}): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition: '2001-02-14',
  task: 'cleaning',
  generation: 1,
  attempt: 1,
  ...more,
})
const change = (before: Partial<RunDoc> | undefined, after: Partial<RunDoc>, pk = 'run/clean') => ({
  key: { pk, sk: '2001-02-14' },
  before: before && doc(before),
  after: doc(after),
})
const version = (number: number) => ({ version: { number } as RunDoc['version'] })
const cause = { lane: 'nightly' } as const
const alert = { effect: 'alert', generation: 1 } as const

describe('the feed holds what an event may follow from:', () => {
  test.each([
    ['a first version', change(undefined, version(1))],
    ['a next version', change(version(1), version(2))],
    ['a place that is free again', change({ permits: ['p'] }, {})],
    ['a time to look again', change(undefined, { due: 5 })],
    ['another time', change({ due: 4 }, { due: 5 })],
    ['what was noted, once the run is over', change({ noted: cause, state: 'running' }, { noted: cause, state: 'succeeded' })],
    ['what was noted by a run that failed', change(undefined, { noted: cause, state: 'failed' })],
    ['what was noted by a run that was cancelled', change(undefined, { noted: cause, state: 'cancelled' })],
    ['requests that were served', change({ requests: ['r'] }, {})],
    ['a skip', change(undefined, { skipped: true })],
    ['a skip after a version', change({ skipped: false }, { skipped: true })],
    ['a first effect', change(undefined, { effects: [alert] })],
    ['one effect more', change({ effects: [alert] }, { effects: [alert, { effect: 'notice' }] })],
  ])('%s', (_, changed) => expect(matters(changed)).toBe(true))
})

describe('and nothing else:', () => {
  test.each([
    ['a run that failed', change({ state: 'running' }, { state: 'failed' })],
    ['a run that begins to wait', change(undefined, { state: 'waiting' })],
    ['the same version', change(version(2), version(2))],
    ['a place that is taken', change({}, { permits: ['p'] })],
    ['a place that is still held', change({ permits: ['p'] }, { permits: ['p'] })],
    ['the same time', change({ due: 5 }, { due: 5 })],
    ['a time that is over', change({ due: 5 }, {})],
    ['what is noted while the run is at work', change({ state: 'running' }, { noted: cause, state: 'running' })],
    ['what is noted of a run that is no run', change({}, { noted: cause })],
    ['requests that are still open', change({ requests: ['r'] }, { requests: ['r'] })],
    ['a request that selects', change({}, { requests: ['r'] })],
    ['a skip told again', change({ skipped: true }, { skipped: true })],
    ['a skip that a version ended', change({ skipped: true }, { skipped: false })],
    ['effects that have happened', change({ effects: [alert] }, {})],
    ['the same effects', change({ effects: [alert] }, { effects: [alert] })],
    ['what is no run', change(undefined, { ...version(1), due: 5 }, 'limit')],
  ])('%s', (_, changed) => expect(matters(changed)).toBe(false))
})

test('of pauses only what ends one', () => {
  const pause = (before: boolean | undefined, after: boolean) =>
    matters({ key: { pk: 'pause', sk: 'all' }, before: before === undefined ? undefined : { paused: before }, after: { paused: after } })
  expect(pause(true, false)).toBe(true)
  expect(pause(false, true)).toBe(false)
  expect(pause(true, true)).toBe(false)
  expect(pause(false, false)).toBe(false)
  expect(pause(undefined, false)).toBe(false)
})

describe('what follows from a change', () => {
  const story = parseStory(
    `
story: two tasks in a row, one beside them, and one of keys behind
now: 2001-03-01T06:00:00Z
datasets:
  orders: { partition: daily, from: 2001-01-01 }
  regions: { partition: { keys: [emea] } }
  clean: { partition: daily, from: 2001-01-01 }
  report: { partition: daily, from: 2001-01-01 }
  totals: { partition: daily, from: 2001-01-01 }
  newest: { partition: daily, from: 2001-01-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same }, output: report }
  totalling: { inputs: { regions: all }, output: totals }
  picking: { inputs: { totals: latest }, output: newest }
steps: []
`,
    'relay.yaml',
  )
  let host: StoryHost
  let told: unknown[]
  let acknowledged: unknown[]
  const events = async (...changes: Change[]) => {
    const published: unknown[] = []
    host.world.bus.publish = async said => void published.push(...said)
    const feed = { read: async () => ({ changes, upTo: 7 }), acknowledge: async (upTo: unknown) => void acknowledged.push(upTo) }
    expect(await relay(host.world, feed as never)).toBe(changes.length)
    return published
  }
  const partition = '2001-02-14'
  const due = (task: string) => ({ type: 'RunDue', detail: { task, partition } })
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    told = []
    acknowledged = []
    host.world.notifier.alert = async alert => void told.push(alert)
  })

  test('of nothing is nothing', async () => {
    expect(await events()).toEqual([])
    expect(acknowledged).toEqual([])
  })

  test('is published before the feed is told', async () => {
    expect(await events(change({}, { due: story.now }))).toStrictEqual([due('cleaning')])
    expect(acknowledged).toEqual([7])
  })

  test('later is set for then', async () => {
    const set: unknown[] = []
    host.world.timers.set = async (...timer) => void set.push(timer)
    expect(await events(change({}, { due: story.now + 1 }))).toEqual([])
    expect(set).toEqual([[story.now + 1, due('cleaning')]])
    // What was due before is told already, and what is due no more is not told.
    expect(await events(change({ due: 5 }, { due: 5, skipped: true }))).toEqual([due('reporting')])
    expect(await events(change({ due: 5 }, { skipped: true }))).toEqual([due('reporting')])
    expect(set).toHaveLength(1)
  })

  test('happens, of effects, but of those that were there it was heard before', async () => {
    await host.ledger.put(runKey('clean', partition), doc({ effects: [alert] }), 0)
    await events(change({ effects: [alert] }, { effects: [alert], due: story.now }))
    expect(told).toEqual([])
    await events(change(undefined, { effects: [alert] }))
    expect(told).toHaveLength(1)
  })

  test('of places that are free again is one event each, of the attempt that had them, the last one first', async () => {
    const detail = { dataset: 'clean', partition, generation: 1, attempt: 1 }
    expect(await events(change({ permits: ['task/cleaning', 'lane/manual'] }, { generation: 2, attempt: 3 }))).toEqual([
      { type: 'PlaceFreed', detail: { limit: 'lane/manual', ...detail } },
      { type: 'PlaceFreed', detail: { limit: 'task/cleaning', ...detail } },
    ])
  })

  test('of what was noted is that it is due, and when that was, where it is known', async () => {
    const detail = { task: 'cleaning', partition, cause }
    expect(await events(change({}, { noted: cause, state: 'failed' }))).toStrictEqual([{ type: 'RunDue', detail }])
    expect(await events(change({}, { noted: cause, state: 'failed', endedAt: 5 }))).toStrictEqual([
      { type: 'RunDue', detail: { ...detail, at: 5 } },
    ])
  })

  test('of what was noted is nothing yet while the run is at work, and nothing more of a run that is over', async () => {
    expect(await events(change({}, { noted: cause, state: 'running', due: story.now }))).toEqual([due('cleaning')])
    expect(await events(change({}, { state: 'failed', due: story.now }))).toEqual([due('cleaning')])
  })

  test.each(['failed', 'cancelled', 'held'] as const)(
    'of a run that is %s now is that what open requests name behind it is due',
    async state => {
      expect(await events(change({ state: 'waiting' }, { state, noted: undefined }))).toEqual([])
      await host.ledger.put(requestKey('r'), { tasks: ['reporting'], phase: 'open' }, 0)
      expect(await events(change({ state: 'waiting' }, { state, noted: undefined }))).toEqual([due('reporting')])
      expect(await events(change({ state }, { state, noted: undefined }))).toEqual([])
    },
  )

  describe('of requests that were served', () => {
    const quiet = { ...version(1).version!, cause: { lane: 'backfill', quiet: true } } as RunDoc['version']

    test('without a version is that all behind are due', async () =>
      expect(await events(change({ requests: ['r'] }, {}))).toEqual([due('reporting')]))

    test('by a version that readers follow is the version alone', async () => {
      await host.ledger.put(requestKey('r'), { tasks: ['reporting'] }, 0)
      const loud = { ...version(1).version!, at: 5, cause } as RunDoc['version']
      expect(await events(change({ requests: ['r'] }, { version: loud }))).toEqual([
        { type: 'DatasetReady', detail: { dataset: 'clean', partition, number: 1, at: 5, cause } },
      ])
    })

    test.each([
      [['cleaning', 'reporting'], 1],
      [['cleaning'], 0],
      [undefined, 0],
    ])('by one they do not is that those behind which the requests name are due: %j', async (tasks, runs) => {
      if (tasks) await host.ledger.put(requestKey('r'), { tasks }, 0)
      const said = await events(change({ requests: ['r'] }, { version: quiet }))
      expect(said.slice(1)).toEqual(Array.from({ length: runs }, () => due('reporting')))
    })

    test('of a dataset that is deployed no more is nothing', async () =>
      expect(await events({ ...change({ requests: ['r'] }, { dataset: 'gone' }), key: { pk: 'run/gone', sk: partition } })).toEqual([]))
  })

  describe('of a requested run that is the last that may be the latest', () => {
    const change = (before: Partial<RunDoc>, after: Partial<RunDoc>) => ({
      key: { pk: 'run/totals', sk: partition },
      before: doc({ dataset: 'totals', ...before }),
      after: doc({ dataset: 'totals', ...after }),
    })
    beforeEach(async () => {
      await host.ledger.put(runKey('totals', '2001-02-13'), doc({ partition: '2001-02-13', ...version(1) }), 0)
      await host.ledger.put(runKey('newest', partition), doc({ dataset: 'newest', task: 'picking', state: 'waiting' }), 0)
    })

    test.each<[string, Partial<RunDoc>]>([
      ['it is over', {}],
      ['it is skipped', { requests: ['r'], skipped: true }],
    ])('is, where %s, that who waits for that is due', async (_, after) =>
      expect(await events(change({ requests: ['r'] }, after))).toEqual([due('picking')]),
    )

    test.each<[string, Partial<RunDoc>, Partial<RunDoc>]>([
      ['it has a version', { requests: ['r'] }, { version: { number: 1, at: 5, cause } as RunDoc['version'] }],
      ['it is still to come', { requests: ['r'] }, { requests: ['r'], due: story.now + 5 }],
      ['no request selected it', {}, { skipped: true }],
    ])('is nothing of the kind where %s', async (_, before, after) =>
      expect(await events(change(before, after))).not.toContainEqual(due('picking')),
    )
  })

  describe('of a skip', () => {
    test('is that its readers are due', async () => expect(await events(change({}, { skipped: true }))).toEqual([due('reporting')]))

    test('that was one is nothing', async () =>
      expect(await events(change({ skipped: true }, { skipped: true, due: story.now }))).toEqual([due('cleaning')]))

    test('of keys that every day takes concerns the days whose runs are there, and no other', async () =>
      expect(await events(change({}, { dataset: 'regions', partition: 'emea', skipped: true }, 'run/regions'))).toEqual([]))

    test('of a dataset that is deployed no more is nothing', async () =>
      expect(await events(change({}, { dataset: 'gone', skipped: true }, 'run/gone'))).toEqual([]))
  })

  test('of a resume is that what was queued is due, the oldest first, upstream first, and of all tasks or one', async () => {
    const queued = (dataset: string, task: string, day: string) =>
      host.ledger.put(runKey(dataset, day), doc({ dataset, task, partition: day, state: 'queued' }), 0)
    await queued('report', 'reporting', '2001-02-14')
    await queued('clean', 'cleaning', '2001-02-15')
    await queued('clean', 'cleaning', '2001-02-14')
    // What the index names a moment too long.
    const { runsInState } = host.world.ledger
    host.world.ledger.runsInState = async (...asked) => [...(await runsInState(...asked)), runKey('clean', '2001-02-16')]
    const resume = (task: string) =>
      events({ key: { pk: 'pause', sk: task }, before: { paused: true }, after: { task, paused: false } } as never)
    const runs = async (task: string) =>
      ((await resume(task)) as { detail: { task: string; partition: string } }[]).map(e => `${e.detail.task}@${e.detail.partition}`)
    expect(await runs('all')).toEqual(['cleaning@2001-02-14', 'reporting@2001-02-14', 'cleaning@2001-02-15'])
    expect(await runs('cleaning')).toEqual(['cleaning@2001-02-14', 'cleaning@2001-02-15'])
    // Of a task that is gone the sweep cancels what it finds.
    await queued('gone', 'gone', '2001-02-14')
    expect(await runs('gone')).toEqual([])
  })
})
