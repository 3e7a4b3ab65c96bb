import { jest } from '@jest/globals'
import { changeOf, relayBatch, relayHandler, relayMapping } from '../../shared/aws/stream.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import { overStates, type RunDoc } from '../../shared/core/run.ts'
import { provideHost } from '../../shared/engine/host.ts'
import { matters } from '../../shared/engine/relay.ts'
import type { World } from '../../shared/engine/world.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { matches } from './lambda-model-stream.ts'
import { streamRecord } from './stream-record.ts'

const story = parseStory(
  `
story: two tasks
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
steps: []
`,
  'stream.yaml',
)
const key = (partition: string, dataset = 'clean') => ({ pk: `run/${dataset}`, sk: partition })
const running = (partition: string): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition,
  task: 'cleaning',
  state: 'running',
  generation: 1,
  attempt: 1,
})
const published = (partition: string, number = 1): RunDoc => ({
  ...running(partition),
  state: 'succeeded',
  version: {
    number,
    as: number,
    loud: number,
    generation: number,
    attempt: 1,
    rows: 1,
    bytes: 1,
    schemaHash: 'h',
    at: 1_804_500_000_123.5,
    cause: { lane: 'nightly', night: '2026-03-08' },
    ancestry: {},
  },
})
const success = (partition: string, sequence: number) => streamRecord(key(partition), running(partition), published(partition), sequence)

describe('a record', () => {
  test('of a first write has no document before', () => {
    expect(changeOf(streamRecord(key('2026-03-02'), undefined, running('2026-03-02'), 1))).toEqual({
      key: key('2026-03-02'),
      before: undefined,
      after: running('2026-03-02'),
    })
  })

  test('of a later write has both, with fractions of a millisecond and all', () => {
    expect(changeOf(success('2026-03-02', 1))).toEqual({
      key: key('2026-03-02'),
      before: running('2026-03-02'),
      after: published('2026-03-02'),
    })
  })

  test('of a switch is of its place in the ledger, not in the table', () => {
    const all = { pk: 'pause', sk: 'all' }
    expect(changeOf(streamRecord(all, { paused: true }, { paused: false }, 1))!.key).toEqual(all)
    expect(streamRecord(all, { paused: true }, { paused: false }, 1).dynamodb.Keys).toEqual({ pk: { S: 'pause/all' }, sk: { S: '-' } })
  })

  test('of an item that was removed, or that is none of the ledger’s, tells nothing', () => {
    expect(changeOf(streamRecord(key('2026-03-02'), running('2026-03-02'), undefined, 1))).toBeUndefined()
    expect(
      changeOf({ dynamodb: { Keys: { pk: { S: 'x' }, sk: { S: 'y' } }, NewImage: { pk: { S: 'x' }, sk: { S: 'y' } } } }),
    ).toBeUndefined()
    expect(changeOf({})).toBeUndefined()
  })
})

describe('a batch', () => {
  let world: World
  let events: NewEvent[]
  let letters: { function: string; reason: string; event: unknown }[]
  /** What the bus does with an event, besides taking it. */
  let onPublish: (event: NewEvent) => void
  const ready = () => events.map(e => (e.detail as { partition: string }).partition)
  const days = (...numbers: number[]) => numbers.map(n => `2026-03-0${n}`)
  beforeEach(async () => {
    const host = new StoryHost(story, story.now)
    await host.deploy()
    events = []
    letters = []
    onPublish = () => {}
    world = {
      ...host.world,
      bus: {
        publish: async published => {
          for (const event of published) onPublish(event)
          events.push(...published)
        },
      },
      deadLetters: { put: async letter => void letters.push(letter) },
    }
    jest.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => jest.restoreAllMocks())

  test('becomes events in its order, and nothing for what does not matter', async () => {
    const Records = [
      success('2026-03-02', 1),
      streamRecord(key('2026-03-03'), undefined, running('2026-03-03'), 2),
      success('2026-03-04', 3),
    ]
    expect(await relayBatch(world, { Records })).toEqual({ batchItemFailures: [] })
    expect(events).toEqual([
      expect.objectContaining({
        type: 'DatasetReady',
        detail: {
          dataset: 'clean',
          partition: '2026-03-02',
          number: 1,
          at: 1_804_500_000_123.5,
          cause: { lane: 'nightly', night: '2026-03-08' },
        },
      }),
      expect.objectContaining({ type: 'DatasetReady' }),
    ])
    expect(ready()).toEqual(days(2, 4))
  })

  test('in which nothing matters publishes nothing', async () => {
    const publish = jest.spyOn(world.bus, 'publish')
    const Records = [streamRecord({ pk: 'limit', sk: 'task/cleaning' }, { limit: 1 }, { limit: 2 }, 1)]
    expect(await relayBatch(world, { Records })).toEqual({ batchItemFailures: [] })
    expect(publish).not.toHaveBeenCalled()
  })

  test('that fails is told again from the first record that could not be', async () => {
    onPublish = event => {
      if ((event.detail as { partition: string }).partition === '2026-03-04')
        throw new RedeyeError('AWS_FAILED', 'the bus is busy', { failure: 'transient' })
    }
    const Records = days(2, 3, 4, 5).map((day, i) => success(day, i + 1))
    expect(await relayBatch(world, { Records })).toEqual({ batchItemFailures: [{ itemIdentifier: '000000000000000000003' }] })
    expect(ready()).toEqual(days(2, 3))
    onPublish = () => {}
    expect(await relayBatch(world, { Records: Records.slice(2) })).toEqual({ batchItemFailures: [] })
    expect(ready()).toEqual(days(2, 3, 4, 5))
    expect(letters).toEqual([])
  })

  test('goes on over a record that stays wrong, which is dead-lettered with its reason', async () => {
    onPublish = event => {
      if ((event.detail as { partition: string }).partition === '2026-03-03')
        throw new RedeyeError('UNKNOWN_NAME', 'no dataset "clean" is deployed')
    }
    const Records = days(2, 3, 4).map((day, i) => success(day, i + 1))
    expect(await relayBatch(world, { Records })).toEqual({ batchItemFailures: [] })
    expect(ready()).toEqual(days(2, 4))
    expect(letters).toEqual([{ function: 'platform/relay', reason: 'no dataset "clean" is deployed', event: Records[1] }])
  })

  test('goes on over a record that cannot be read', async () => {
    const broken = { eventID: 'x', dynamodb: { SequenceNumber: '1', NewImage: { doc: { Q: 'what' } } } } as never
    expect(await relayBatch(world, { Records: [broken, success('2026-03-04', 2)] })).toEqual({ batchItemFailures: [] })
    expect(ready()).toEqual(days(4))
    expect(letters).toMatchObject([{ function: 'platform/relay', event: broken }])
  })

  test('waits where a permission is missing: it is no fault of the record', async () => {
    onPublish = () => {
      throw new RedeyeError('NOT_DEPLOYED', 'events:PutEvents is not allowed', { failure: 'user' })
    }
    expect((await relayBatch(world, { Records: [success('2026-03-02', 7)] })).batchItemFailures).toEqual([
      { itemIdentifier: '000000000000000000007' },
    ])
    expect(letters).toEqual([])
  })

  test('comes through the function as Lambda invokes it', async () => {
    provideHost({ world, compute: () => ({ run: () => Promise.reject(new Error('the relay never works')) }), logger: () => () => {} })
    try {
      expect(await relayHandler({ Records: [success('2026-03-02', 1)] }, {})).toEqual({ batchItemFailures: [] })
      expect(ready()).toEqual(days(2))
    } finally {
      provideHost(undefined)
    }
  })
})

describe('the mapping’s filter', () => {
  const passes = (record: object) => relayMapping.FilterCriteria.Filters.some(({ Pattern }) => matches(JSON.parse(Pattern), record))
  const at = key('2026-03-02')
  const { state: _, ...outside } = published('2026-03-02')

  test.each<[string, { pk: string; sk: string }, object]>([
    ['an end', at, published('2026-03-02')],
    ['a version from outside', at, outside],
    ...overStates.map(state => [state, at, { ...running('2026-03-02'), state }] as [string, typeof at, object]),
    ...(['queued', 'held'] as const).map(state => [state, at, { ...running('2026-03-02'), state }] as [string, typeof at, object]),
    ['what waits for a time', at, { ...running('2026-03-02'), state: 'waiting', due: 5 }],
    ['a skip while an attempt runs', at, { ...running('2026-03-02'), skipped: true }],
    ['a pause', { pk: 'pause', sk: 'all' }, { v: 1, task: 'all', paused: false }],
  ])('lets through %s', (_, document, doc) => {
    expect(passes(streamRecord(document, undefined, doc, 1))).toBe(true)
  })

  test('spares a first attempt that goes on, from which nothing follows', () => {
    const record = streamRecord(at, { ...running('2026-03-02'), state: 'queued' }, running('2026-03-02'), 1)
    expect(passes(record)).toBe(false)
    expect(matters(changeOf(record)!)).toBe(false)
  })

  test('spares what waits, from which nothing follows but at its time', () => {
    const record = streamRecord(at, undefined, { ...running('2026-03-02'), state: 'waiting' }, 1)
    expect(passes(record)).toBe(false)
    expect(matters(changeOf(record)!)).toBe(false)
  })

  test('spares limits and requests', () => {
    expect(passes(streamRecord({ pk: 'limit', sk: 'task/x' }, undefined, { v: 1, limit: 1, holders: [], waiting: [] }, 1))).toBe(false)
  })
})

test('the mapping lets a batch fail in part', () => {
  expect(relayMapping.FunctionResponseTypes).toContain('ReportBatchItemFailures')
})
