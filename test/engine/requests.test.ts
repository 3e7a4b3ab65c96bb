import type { Envelope, NewEvent } from '../../shared/core/events.ts'
import type { RequestDoc } from '../../shared/core/request.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { decide } from '../../shared/engine/decide.ts'
import { type PauseDoc, pauseKey, requestKey, runKey } from '../../shared/engine/keys.ts'
import { partitioningOf, placeOf } from '../../shared/engine/load.ts'
import { requests, sweepRequests } from '../../shared/engine/requests.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks in a row
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same }, output: report }
steps: []
`,
  'requests.yaml',
)
const wish = { tasks: ['cleaning'], from: '2026-03-02', to: '2026-03-04', id: 'r' }
const envelope = ({ type, detail }: NewEvent, id = 'e1'): Envelope =>
  ({ version: '0', id, 'detail-type': type, source: 'redeye', account: '', time: '', region: '', resources: [], detail }) as Envelope
const refused = (code: string) => expect.objectContaining({ code })

let host: StoryHost
const hear = (event: NewEvent, id?: string) => requests(host.world, envelope(event, id))
const request = async () => (await host.ledger.get<RequestDoc>(requestKey('r')))?.doc
const run = async (partition: string) => (await host.ledger.get<RunDoc>(runKey('clean', partition)))?.doc
beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
})

describe('what operators wish is refused, and nothing is written,', () => {
  test.each<[string, NewEvent, string]>([
    ['of a task that is not deployed', { type: 'RunRequested', detail: { ...wish, tasks: ['gone'] } }, 'UNKNOWN_NAME'],
    ['of a range that ends before it begins', { type: 'RunRequested', detail: { ...wish, to: '2026-03-01' } }, 'BAD_PARTITION'],
    ['of a field that is none', { type: 'RunRequested', detail: { ...wish, run: 'some' as never } }, 'BAD_EVENT'],
    ['to pause a task that is not deployed', { type: 'TaskPaused', detail: { task: 'gone' } }, 'UNKNOWN_NAME'],
    ['to resume one', { type: 'TaskResumed', detail: { task: 'gone' } }, 'UNKNOWN_NAME'],
    [
      'to skip a dataset that is not deployed',
      { type: 'PartitionSkipped', detail: { dataset: 'gone', partition: '2026-03-02' } },
      'UNKNOWN_NAME',
    ],
    [
      'to skip a partition that is none',
      { type: 'PartitionSkipped', detail: { dataset: 'clean', partition: '2026-02-28' } },
      'BAD_PARTITION',
    ],
    [
      'to cancel a run of a task that is not deployed',
      { type: 'RunCancelled', detail: { task: 'gone', partition: '2026-03-02' } },
      'UNKNOWN_NAME',
    ],
    ['to approve one', { type: 'RunApproved', detail: { task: 'gone', partition: '2026-03-02' } }, 'UNKNOWN_NAME'],
    ['to cancel a run of nobody', { type: 'RunCancelled', detail: { partition: '2026-03-02' } as never }, 'BAD_EVENT'],
    ['by a name that no event has', { type: 'RunCanceled' as never, detail: { task: 'cleaning', partition: '2026-03-02' } }, 'BAD_EVENT'],
    ['that the platform does not take', { type: 'RunDue', detail: { task: 'cleaning', partition: '2026-03-02' } }, 'BAD_EVENT'],
  ])('%s', async (_, event, code) => {
    const { put } = host.ledger.requests
    await expect(hear(event)).rejects.toEqual(refused(code))
    expect(host.ledger.requests.put).toBe(put)
  })
})

test.each<NewEvent['type']>(['RunCancelled', 'RunApproved'])(
  '%s is left to the service of a task that is deployed, with what is wrong with it',
  async type => {
    const { put } = host.ledger.requests
    await hear({ type, detail: { task: 'cleaning', partition: '2026-03-02' } } as NewEvent)
    await hear({ type, detail: { task: 'cleaning' } } as NewEvent)
    expect(host.ledger.requests.put).toBe(put)
  },
)

test('a service refuses events that are not its own kind, and names that are not deployed', async () => {
  const told = (event: NewEvent, task = 'cleaning') => decide(host.world, task, envelope(event))
  await expect(told({ type: 'TaskPaused', detail: { task: 'all' } })).rejects.toEqual(refused('BAD_EVENT'))
  await expect(told({ type: 'RunDue', detail: { task: 'cleaning' } as never })).rejects.toEqual(refused('BAD_EVENT'))
  await expect(told({ type: 'RunDue', detail: { task: 'gone', partition: '2026-03-02' } }, 'gone')).rejects.toEqual(refused('UNKNOWN_NAME'))
  await expect(told({ type: 'RunDue', detail: { task: 'cleaning', partition: 'x' } })).rejects.toEqual(refused('BAD_PARTITION'))
  await expect(told({ type: 'NightStarted', detail: { date: '2026-02-30' } })).rejects.toEqual(refused('BAD_DATE'))
  expect(() => placeOf(host.graph, 'gone', 0)).toThrow(refused('UNKNOWN_NAME'))
  expect(() => partitioningOf(host.graph, 'gone')).toThrow(refused('UNKNOWN_NAME'))
})

test('a pause says what, since when, and is heeded once for each event', async () => {
  await hear({ type: 'TaskPaused', detail: { task: 'all' } }, 'e1')
  const paused = async () => (await host.ledger.get<PauseDoc>(pauseKey('all')))!.doc
  expect(await paused()).toEqual({ v: 1, task: 'all', paused: true, at: story.now, heard: ['e1'] })
  host.now += 1000
  await hear({ type: 'TaskResumed', detail: { task: 'all' } }, 'e2')
  expect(await paused()).toEqual({ v: 1, task: 'all', paused: false, at: story.now + 1000, heard: ['e1', 'e2'] })
  await hear({ type: 'TaskPaused', detail: { task: 'all' } }, 'e1')
  expect((await paused()).paused).toBe(false)
})

describe('a request', () => {
  test('selects its runs, lets them go, oldest first, and counts them', async () => {
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
    host.seen.started = []
    await hear({ type: 'RunRequested', detail: { ...wish, run: 'all', lane: 'manual', maxActive: 2 } })
    expect(await request()).toMatchObject({ phase: 'open', marked: 3, selected: 3, maxActive: 2 })
    expect(await run('2026-03-04')).toMatchObject({ state: 'waiting', requests: ['r'], cause: { lane: 'manual', under: ['r'] } })
    expect('quiet' in (await run('2026-03-04'))!.cause!).toBe(false)
    await host.drain()
    expect(host.seen.started).toEqual(['cleaning@2026-03-02', 'reporting@2026-03-02'])
  })

  test('marks what it names beside what it selects, where the task reads from another that it names, and counts the selected', async () => {
    await host.ready(['02', '03'].map(d => ({ dataset: 'orders', partition: `2026-03-${d}` })))
    await host.drain()
    const report = async (partition: string) => (await host.ledger.get<RunDoc>(runKey('report', partition)))!.doc
    await hear({ type: 'RunRequested', detail: { ...wish, tasks: ['cleaning', 'reporting'] } })
    expect(await request()).toMatchObject({ marked: 6, selected: 2 })
    expect(await report('2026-03-03')).toMatchObject({ state: 'succeeded', named: ['r'] })
    expect('named' in (await report('2026-03-04'))).toBe(false)
    expect('named' in (await run('2026-03-03'))!).toBe(false)
    await hear({ type: 'RunRequested', detail: { ...wish, id: 'q', tasks: ['reporting'] } })
    expect((await report('2026-03-03')).named).toEqual(['r'])
  })

  test('is open while what it names is on its way, and not for what is over', async () => {
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
    await hear({ type: 'RunRequested', detail: { ...wish, tasks: ['cleaning', 'reporting'], to: '2026-03-02' } })
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('report', '2026-03-02')))!
    expect(doc.named).toEqual(['r'])
    for (const [i, state] of (['waiting', 'queued', 'running', 'succeeded'] as const).entries()) {
      await host.ledger.put(runKey('report', '2026-03-02'), { ...doc, state }, rev + i)
      await sweepRequests(host.world)
      expect((await request())!.phase).toBe(state === 'succeeded' ? 'ended' : 'open')
    }
  })

  test('in the nightly lane is under no limit of its own; without downstream it is quiet', async () => {
    await hear({ type: 'RunRequested', detail: { ...wish, lane: 'nightly', maxActive: 2, downstream: false } })
    expect((await run('2026-03-04'))!.cause).toEqual({ lane: 'nightly', quiet: true })
    const other = { ...wish, id: 'q', tasks: ['reporting'] }
    await hear({ type: 'RunRequested', detail: other })
    expect((await host.ledger.get<RunDoc>(runKey('report', '2026-03-04')))!.doc.cause).toEqual({ lane: 'backfill' })
  })

  test('told again is the same, with other content refused', async () => {
    await hear({ type: 'RunRequested', detail: wish })
    const before = await request()
    await hear({ type: 'RunRequested', detail: wish })
    expect(await request()).toEqual(before)
    await expect(hear({ type: 'RunRequested', detail: { ...wish, run: 'all' } })).rejects.toEqual(refused('REQUEST_CHANGED'))
  })

  test('that died while it marked goes on where it was', async () => {
    await hear({ type: 'RunRequested', detail: wish })
    const stored = (await host.ledger.get<RequestDoc>(requestKey('r')))!
    await host.ledger.put(requestKey('r'), { ...stored.doc, phase: 'marking', marked: 2, selected: 2 }, stored.rev)
    for (const partition of ['2026-03-02', '2026-03-04']) {
      const { rev } = (await host.ledger.get(runKey('clean', partition)))!
      await host.ledger.put(runKey('clean', partition), { v: 1, dataset: 'clean', partition, generation: 0, attempt: 0 }, rev)
    }
    await sweepRequests(host.world)
    expect(await request()).toMatchObject({ phase: 'open', marked: 3, selected: 3 })
    expect((await run('2026-03-02'))!.state).toBeUndefined()
    expect((await run('2026-03-04'))!.state).toBe('waiting')
  })

  test('that died while it marked selects what it was to select before what has begun since', async () => {
    await hear({ type: 'RunRequested', detail: { ...wish, from: '2026-03-08', to: '2026-03-10' } })
    const stored = (await host.ledger.get<RequestDoc>(requestKey('r')))!
    await host.ledger.put(requestKey('r'), { ...stored.doc, phase: 'marking', marked: 0, selected: 0 }, stored.rev)
    for (const partition of ['2026-03-08', '2026-03-09']) {
      const { rev } = (await host.ledger.get(runKey('clean', partition)))!
      await host.ledger.put(runKey('clean', partition), { v: 1, dataset: 'clean', partition, generation: 0, attempt: 0 }, rev)
    }
    host.now = Date.parse('2026-03-10T01:00Z')
    await sweepRequests(host.world)
    for (const partition of ['2026-03-08', '2026-03-09']) expect((await run(partition))!.requests).toEqual(['r'])
    await sweepRequests(host.world)
    expect((await run('2026-03-10'))!.requests).toEqual(['r'])
    expect(await request()).toMatchObject({ phase: 'open', selected: 3 })
  })

  test('of a task that is gone since goes on with the others', async () => {
    await hear({ type: 'RunRequested', detail: wish })
    const stored = (await host.ledger.get<RequestDoc>(requestKey('r')))!
    await host.ledger.put(requestKey('r'), { ...stored.doc, phase: 'marking', marked: 0, tasks: ['gone', 'cleaning'] }, stored.rev)
    await sweepRequests(host.world)
    expect((await request())!.phase).toBe('open')
  })

  test('of more runs than a window marks them all', async () => {
    const hourly = parseStory(
      `
story: an hourly task
now: 2026-03-09T06:00:00Z
datasets:
  ticks: { partition: hourly, from: 2026-02-01 }
tasks:
  ticking: { inputs: {}, output: ticks }
steps: []
`,
      'hourly.yaml',
    )
    host = new StoryHost(hourly, hourly.now)
    await host.deploy()
    await hear({ type: 'RunRequested', detail: { id: 'r', tasks: ['ticking'], from: '2026-02-01', to: '2026-02-22' } })
    expect(await request()).toMatchObject({ phase: 'open', marked: 22 * 24, selected: 22 * 24 })
  })

  test('ends when its runs are over, and not before', async () => {
    await hear({ type: 'RunRequested', detail: wish })
    await sweepRequests(host.world)
    expect((await request())!.phase).toBe('open')
    await host.ready(['02', '03', '04'].map(d => ({ dataset: 'orders', partition: `2026-03-${d}` })))
    await host.drain()
    expect((await run('2026-03-04'))!.state).toBe('succeeded')
    await sweepRequests(host.world)
    expect((await request())!.phase).toBe('ended')
    const { put } = host.ledger.requests
    await sweepRequests(host.world)
    expect(host.ledger.requests.put).toBe(put)
  })

  test('that reaches into the future marks partitions as they begin, and is open until the last', async () => {
    const future = { ...wish, from: '2026-03-09', to: '2026-03-10' }
    await hear({ type: 'RunRequested', detail: future })
    expect(await request()).toMatchObject({ phase: 'open', marked: 1, selected: 1 })
    await host.ready([{ dataset: 'orders', partition: '2026-03-09' }])
    await host.drain()
    await sweepRequests(host.world)
    expect((await request())!.phase).toBe('open')
    await host.advance(Date.parse('2026-03-10T00:00Z'))
    expect(await request()).toMatchObject({ phase: 'open', selected: 2, upTo: Date.parse('2026-03-10'), since: story.now })
    expect((await run('2026-03-10'))!.requests).toEqual(['r'])
  })

  test('that reaches into the future asks no more of the ledger for its last partition than for its second', async () => {
    const future: NewEvent = { type: 'RunRequested', detail: { ...wish, from: '2026-03-09', to: '2026-03-30' } }
    await hear(future)
    let documents = 0
    const { getMany } = host.world.ledger
    host.world.ledger.getMany = keys => {
      documents += keys.length
      return getMany(keys)
    }
    const asked = async (day: string) => {
      const before = documents
      host.now = Date.parse(day)
      await hear(future)
      return documents - before
    }
    const second = await asked('2026-03-10')
    for (let day = 11; day < 30; day++) await asked(`2026-03-${day}`)
    expect(await asked('2026-03-30')).toBe(second)
  })

  test('that reaches into the future says the same again when the next partition begins', async () => {
    const timers: unknown[] = []
    host.world.timers.set = async (at, event) => void timers.push([at, event])
    const future = { ...wish, from: '2026-03-09', to: '2026-03-10' }
    await hear({ type: 'RunRequested', detail: { ...future, maxActive: 3 } })
    await hear({ type: 'RunRequested', detail: { ...future, id: 'q' } })
    const said = { ...future, run: 'missing', downstream: true, lane: 'backfill' }
    const at = Date.parse('2026-03-10')
    expect(timers).toEqual([
      [at, { type: 'RunRequested', detail: { ...said, maxActive: 3 } }],
      [at, { type: 'RunRequested', detail: { ...said, id: 'q' } }],
    ])
    const { put } = host.ledger.requests
    await hear({ type: 'RunRequested', detail: { ...future, id: 'q' } })
    expect(host.ledger.requests.put).toBe(put)
  })
})
