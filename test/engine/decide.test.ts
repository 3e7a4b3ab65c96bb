import type { Envelope, EventDetails, EventType, NewEvent } from '../../shared/core/events.ts'
import type { LimitDoc } from '../../shared/core/limit.ts'
import { ordinalOf } from '../../shared/core/partition.ts'
import type { RunDoc, Version } from '../../shared/core/run.ts'
import { decide } from '../../shared/engine/decide.ts'
import { limitKey, runKey } from '../../shared/engine/keys.ts'
import { loadFacts, placeOf } from '../../shared/engine/load.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: hours of a day, a day of hours, and keys
now: 2026-03-09T06:00:00Z
datasets:
  months: { partition: monthly, from: 2026-01-01 }
  hours: { partition: hourly, from: 2026-01-01 }
  regions: { partition: { keys: [emea, apac] } }
  days: { partition: daily, from: 2026-01-01 }
  prices: { partition: daily, from: 2026-01-01 }
  priced: { partition: daily, from: 2026-01-01 }
  ticks: { partition: hourly, from: 2026-01-01 }
  mixed: { partition: daily, from: 2026-01-01 }
  rates: { partition: daily, from: 2026-01-01 }
  rated: { partition: daily, from: 2026-01-01 }
tasks:
  hourly: { inputs: { months: overlapping }, output: hours, limit: 1 }
  daily: { inputs: { regions: all }, output: days }
  pricing: { inputs: { prices: latest, days: same }, output: priced }
  ticking: { output: ticks, on: night }
  mixing: { inputs: { prices: same, regions: all }, output: mixed }
  rating: { inputs: { prices: latest, rates: same, priced: same }, output: rated }
steps: []
`,
  'decide.yaml',
)
const envelope = <T extends EventType>(type: T, detail: EventDetails[T]) =>
  ({ id: 'e', 'detail-type': type, detail }) as unknown as Envelope

const version: Version = {
  number: 1,
  as: 1,
  loud: 1,
  generation: 1,
  attempt: 1,
  rows: 1,
  bytes: 1,
  schemaHash: '',
  at: story.now,
  cause: { lane: 'nightly' },
  ancestry: {},
}

let host: StoryHost
let published: NewEvent[]
const runs = async (dataset: string) => (await host.ledger.query<RunDoc>(`run/${dataset}`)).filter(s => s.doc.state !== undefined)
const ready = (dataset: string, partition: string, number = 1): EventDetails['DatasetReady'] => ({
  dataset,
  partition,
  number,
  at: host.now,
  cause: { lane: 'nightly' },
})
beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
  published = []
  const { publish } = host.world.bus
  host.world.bus.publish = async events => {
    published.push(...events)
    await publish([])
  }
})

describe('an event that concerns more than a hundred runs', () => {
  beforeEach(async () => {
    host.hold(['hourly'])
    await host.ready([{ dataset: 'months', partition: '2026-02' }])
  })

  test('looks at a hundred, starts one, and cuts the rest into further messages', async () => {
    await decide(host.world, 'hourly', envelope('DatasetReady', ready('months', '2026-02')))
    expect(host.seen.started).toEqual(['hourly@2026-02-01T00Z'])
    const due = published.filter(e => e.type === 'RunDue')
    expect(due).toHaveLength(99)
    expect(due[0]).toEqual({
      type: 'RunDue',
      detail: { task: 'hourly', partition: '2026-02-01T01Z', cause: { lane: 'nightly' }, at: expect.any(Number) },
    })
    const rest = published.filter(e => e.type === 'RunsConcerned')
    expect(rest).toEqual([
      {
        type: 'RunsConcerned',
        detail: { task: 'hourly', from: '2026-02-05T04Z', to: '2026-02-28T23Z', arrival: ready('months', '2026-02') },
      },
    ])
    expect(published.at(-1)).toEqual(rest[0])
    published = []
    await decide(host.world, 'hourly', envelope('RunsConcerned', rest[0]!.detail as EventDetails['RunsConcerned']))
    const next = published.find(e => e.type === 'RunsConcerned')!.detail as EventDetails['RunsConcerned']
    expect([next.from, next.to]).toEqual(['2026-02-09T08Z', '2026-02-28T23Z'])
  })

  test('ends where the last of them is', async () => {
    const arrival = ready('months', '2026-02')
    await decide(host.world, 'hourly', envelope('RunsConcerned', { task: 'hourly', from: '2026-02-28T20Z', to: '2026-02-28T22Z', arrival }))
    expect(host.seen.started).toEqual(['hourly@2026-02-28T20Z'])
    expect(published.map(e => (e.detail as { partition?: string }).partition)).toEqual(['2026-02-28T21Z', '2026-02-28T22Z'])
  })
})

test('keys concern the runs that are there, whichever they are, within what is told', async () => {
  for (const key of ['emea', 'apac']) await host.ready([{ dataset: 'regions', partition: key }])
  for (const partition of ['2026-03-02', '2026-03-05', '2026-03-07'])
    await host.ledger.put(
      runKey('days', partition),
      { v: 1, dataset: 'days', partition, task: 'daily', state: 'waiting', generation: 0, attempt: 0 },
      0,
    )
  await host.ledger.put(runKey('days', '2026-03-06'), { v: 1, dataset: 'days', partition: '2026-03-06', generation: 0, attempt: 0 }, 0)
  const arrival = ready('regions', 'emea')
  await decide(host.world, 'daily', envelope('RunsConcerned', { task: 'daily', from: '2026-03-03', to: '2026-03-06', arrival }))
  expect(host.seen.started).toEqual(['daily@2026-03-05'])
  await decide(host.world, 'daily', envelope('RunsConcerned', { task: 'daily', from: '2026-03-07', to: '2026-03-07', arrival }))
  expect(host.seen.started.splice(1)).toEqual(['daily@2026-03-07'])
  await decide(host.world, 'daily', envelope('DatasetReady', arrival))
  expect(host.seen.started).toEqual(['daily@2026-03-05', 'daily@2026-03-02'])
  expect(published).toEqual([])
})

test('what has not begun is looked at when it does', async () => {
  const set: unknown[] = []
  host.world.timers.set = async (at, event) => void set.push([new Date(at).toISOString(), event])
  host.hold(['hourly'])
  host.now = Date.parse('2026-04-01T01:30Z')
  await host.ready([{ dataset: 'months', partition: '2026-04' }])
  await decide(host.world, 'hourly', envelope('DatasetReady', ready('months', '2026-04')))
  const due = { type: 'RunDue', detail: { task: 'hourly', partition: '2026-04-01T02Z' } }
  expect(set).toContainEqual(['2026-04-01T02:00:00.000Z', due])
  expect((await runs('hours')).map(r => r.key.sk)).toEqual(['2026-04-01T00Z'])
  expect(published).toHaveLength(1)
})

test('the first latest starts one of those that wait for it, and tells the others', async () => {
  for (const partition of ['2026-03-02', '2026-03-03', '2026-03-04']) {
    await host.ledger.put(runKey('days', partition), { v: 1, dataset: 'days', partition, generation: 1, attempt: 1, version }, 0)
    await decide(host.world, 'pricing', envelope('DatasetReady', ready('days', partition)))
  }
  expect((await runs('priced')).map(r => r.doc.state)).toEqual(['waiting', 'waiting', 'waiting'])
  await host.ready([{ dataset: 'prices', partition: '2026-03-01' }])
  published = []
  await decide(host.world, 'pricing', envelope('DatasetReady', ready('prices', '2026-03-01')))
  expect(host.seen.started).toEqual(['pricing@2026-03-02'])
  expect(published.map(e => (e.detail as { partition?: string }).partition)).toEqual(['2026-03-03', '2026-03-04'])
})

test('a night of many hours starts one of them, and tells the others', async () => {
  await decide(host.world, 'ticking', envelope('NightStarted', { date: '2026-03-08' }))
  expect(host.seen.started).toEqual(['ticking@2026-03-08T00Z'])
  expect(published.map(e => e.type)).toEqual(Array.from({ length: 23 }, () => 'RunDue'))
})

test('what was published before a task’s life began is seen by who waits, and is no reason', async () => {
  const day = { v: 1, dataset: 'days', partition: '2026-03-02', generation: 1, attempt: 1, version }
  await host.ledger.put(runKey('days', '2026-03-02'), day, 0)
  const waiting = { v: 1, dataset: 'priced', partition: '2026-03-02', task: 'pricing', state: 'waiting', generation: 0, attempt: 0 }
  const pending = { inputsHash: host.graph.task('pricing')!.inputsHash, bits: ['', 'B'] }
  await host.ledger.put(runKey('priced', '2026-03-02'), { ...waiting, cause: { lane: 'backfill' }, pending }, 0)
  await decide(host.world, 'pricing', envelope('DatasetReady', { ...ready('days', '2026-03-02'), at: -1 }))
  expect((await runs('priced'))[0]!.doc).toMatchObject({ state: 'waiting', cause: { lane: 'backfill' } })
  host.now += 1000
  await decide(host.world, 'pricing', envelope('DatasetReady', ready('days', '2026-03-02')))
  expect((await runs('priced'))[0]!.doc).toMatchObject({ state: 'waiting', cause: { lane: 'nightly' } })
})

test('a reason that is told with it is why a run is due', async () => {
  await host.ready([{ dataset: 'months', partition: '2026-02' }])
  await decide(host.world, 'hourly', envelope('RunDue', { task: 'hourly', partition: '2026-02-01T00Z', cause: { lane: 'manual' } }))
  expect((await runs('hours'))[0]!.doc.cause).toEqual({ lane: 'manual' })
})

test.each([
  [-1, 'backfill'],
  [0, 'backfill'],
  [1, 'manual'],
  [undefined, 'manual'],
])('a reason that was found %s ms after a run was looked at leaves it in the lane: %s', async (after, lane) => {
  const key = runKey('priced', '2026-03-02')
  const waiting = { v: 1, dataset: 'priced', partition: '2026-03-02', task: 'pricing', state: 'waiting', generation: 0, attempt: 0 }
  await host.ledger.put(key, { ...waiting, cause: { lane: 'backfill' }, lookedAt: 1000 }, 0)
  const detail = { task: 'pricing', partition: '2026-03-02', cause: { lane: 'manual' as const } }
  await decide(host.world, 'pricing', envelope('RunDue', { ...detail, ...(after !== undefined && { at: 1000 + after }) }))
  expect((await host.ledger.get<RunDoc>(key))!.doc.cause).toEqual({ lane })
})

test('what begins at this very moment has begun', async () => {
  host.hold(['hourly'])
  host.now = Date.parse('2026-04-01T00:00Z')
  await host.ready([{ dataset: 'months', partition: '2026-04' }])
  await decide(host.world, 'hourly', envelope('DatasetReady', ready('months', '2026-04')))
  expect((await runs('hours')).map(r => r.key.sk)).toEqual(['2026-04-01T00Z'])
})

test('of a month that has yet to begin only its first hour is looked at when it does', async () => {
  const set: unknown[] = []
  host.world.timers.set = async (...timer) => void set.push(timer)
  await host.ready([{ dataset: 'months', partition: '2026-05' }])
  await decide(host.world, 'hourly', envelope('DatasetReady', ready('months', '2026-05')))
  expect(set).toEqual([[Date.parse('2026-05-01'), { type: 'RunDue', detail: { task: 'hourly', partition: '2026-05-01T00Z' } }]])
  expect(await runs('hours')).toEqual([])
})

describe('runs concerned that are none are refused, and nothing is written:', () => {
  const arrival = { dataset: 'months', partition: '2026-02', number: 1, at: story.now, cause: version.cause }
  const [from, to] = ['2026-02-01T00Z', '2026-02-01T05Z']
  test.each<[string, Partial<EventDetails['RunsConcerned']>, string]>([
    ['a first that is no partition', { from: '2026-02-01' }, 'BAD_PARTITION'],
    ['a last that is no partition', { to: 'tomorrow' }, 'BAD_PARTITION'],
    ['a first after the last', { from: to, to: from }, 'BAD_PARTITION'],
    ['a partition that is none of what arrived', { arrival: { ...arrival, partition: '2026-02-01' } }, 'BAD_PARTITION'],
    ['an arrival without its time', { arrival: { ...arrival, at: undefined as never } }, 'BAD_EVENT'],
    ['an arrival in a lane that there is not', { arrival: { ...arrival, cause: { lane: 'urgent' as never } } }, 'BAD_EVENT'],
  ])('%s', async (_, wrong, code) => {
    const { put } = host.ledger.requests
    const told = decide(host.world, 'hourly', envelope('RunsConcerned', { task: 'hourly', from, to, arrival, ...wrong }))
    await expect(told).rejects.toMatchObject({ code })
    expect(host.ledger.requests.put).toBe(put)
  })
})

test('keys of which one input among others takes all concern no day that is not there', async () => {
  await host.ready([{ dataset: 'regions', partition: 'emea' }])
  const arrival = ready('regions', 'emea')
  await decide(host.world, 'mixing', envelope('RunsConcerned', { task: 'mixing', from: '2026-03-03', to: '2026-03-06', arrival }))
  expect(await runs('mixed')).toEqual([])
})

test('a limit that was changed is heeded by whoever asks next', async () => {
  await host.ledger.put(limitKey('task/hourly'), { v: 1, limit: 0, holders: [], waiting: [] }, 0)
  await host.ready([{ dataset: 'months', partition: '2026-02' }])
  await decide(host.world, 'hourly', envelope('RunDue', { task: 'hourly', partition: '2026-02-01T00Z' }))
  expect(host.seen.started).toEqual(['hourly@2026-02-01T00Z'])
  expect((await host.ledger.get<LimitDoc>(limitKey('task/hourly')))!.doc.limit).toBe(1)
})

test('the latest of a dated dataset is found behind any number of partitions that only wait', async () => {
  await host.ready([{ dataset: 'prices', partition: '2026-01-05' }])
  const days = { grain: 'daily', timezone: 'UTC' } as const
  const latest = async () => (await loadFacts(host.world, placeOf(host.graph, 'pricing', 0), false))[0]!.latest?.ordinal
  for (let n = 0; n < 70; n++) {
    const partition = new Date(Date.parse('2026-02-01') + n * 86_400_000).toISOString().slice(0, 10)
    await host.ledger.put(runKey('prices', partition), { v: 1, dataset: 'prices', partition, generation: 0, attempt: 0 }, 0)
  }
  expect(await latest()).toBe(ordinalOf(days, '2026-01-05'))
  await host.ready([{ dataset: 'prices', partition: '2026-01-06' }])
  expect(await latest()).toBe(ordinalOf(days, '2026-01-06'))
})

test('the first of a latest starts who waits for it alone; of others nothing is read but their own document', async () => {
  await host.ready(['rates', 'priced', 'prices'].map(dataset => ({ dataset, partition: '2026-03-02' })))
  await host.ready([{ dataset: 'rates', partition: '2026-03-03' }])
  const waiting = (partition: string, missing: string) => decide(host.world, 'rating', envelope('DatasetReady', ready(missing, partition)))
  await waiting('2026-03-03', 'rates')
  // As if the price had come a moment later.
  await host.ledger.put(runKey('prices', '2026-03-02'), { v: 1, dataset: 'prices', partition: '2026-03-02', generation: 0, attempt: 0 }, 1)
  await waiting('2026-03-02', 'rates')
  expect((await runs('rated')).map(s => s.doc.state)).toEqual(['waiting', 'waiting'])
  await host.ready([{ dataset: 'prices', partition: '2026-03-04' }])
  const read: string[] = []
  const { getMany } = host.world.ledger
  host.world.ledger.getMany = async keys => {
    read.push(...keys.map(({ pk, sk }) => `${pk}@${sk}`))
    return getMany(keys)
  }
  await decide(host.world, 'rating', envelope('DatasetReady', ready('prices', '2026-03-04')))
  expect(host.seen.started).toEqual(['rating@2026-03-02'])
  expect(read.filter(name => name.endsWith('2026-03-03'))).toEqual(['run/rated@2026-03-03'])
})

describe('a version that may be the latest', () => {
  const day = (n: number) => new Date(Date.parse('2026-01-01') + n * 86_400_000).toISOString().slice(0, 10)
  const wait = async (n: number, more: Partial<RunDoc> = {}) => {
    const doc = { v: 1, dataset: 'rated', partition: day(n), task: 'rating', state: 'waiting', generation: 0, attempt: 0, ...more }
    await host.ledger.put(runKey('rated', day(n)), doc, 0)
  }
  const comes = (n: number) => decide(host.world, 'rating', envelope('DatasetReady', ready('prices', day(n))))
  /** Whoever has looked says what it waits for. */
  const looked = async () => (await runs('rated')).filter(s => s.doc.pending).map(s => s.doc.partition)

  test('is nothing to who waits where a newer one is there', async () => {
    await host.ready([{ dataset: 'prices', partition: day(2) }])
    await wait(5)
    await comes(1)
    expect(await looked()).toEqual([])
    await comes(2)
    expect(await looked()).toEqual([day(5)])
  })

  test('is nothing to a requested run while another is requested', async () => {
    await host.ready([{ dataset: 'prices', partition: day(2) }])
    await host.ledger.put(runKey('prices', day(3)), { v: 1, dataset: 'prices', partition: day(3), state: 'queued', requests: ['r'] }, 0)
    await wait(5, { requests: ['r'] })
    await wait(6)
    await comes(2)
    expect(await looked()).toEqual([day(6)])
  })

  test('is looked at by a hundred runs; the others are told to look for themselves', async () => {
    await host.ready([{ dataset: 'prices', partition: day(2) }])
    for (let n = 0; n < 102; n++) await wait(n)
    published.length = 0
    await comes(2)
    expect(published.filter(e => e.type === 'RunDue').map(e => e.detail)).toEqual([
      { task: 'rating', partition: day(100) },
      { task: 'rating', partition: day(101) },
    ])
    expect(await looked()).toHaveLength(100)
  })
})
