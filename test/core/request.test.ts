import type { TaskContract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { keyOf, type Partitioning } from '../../shared/core/partition.ts'
import { grainOfKey, nextBegins, ordinalsBetween, requestOf, runsOf, sameRequest, timeOfKey } from '../../shared/core/request.ts'
import { daily, hourly, keys, monthly, unpartitioned, weekly } from '../../shared/task/dataset.ts'

const at = (instant: string) => Date.parse(instant)
const NOW = at('2001-02-14T12:00Z')
const wish = { tasks: ['clean-orders'], from: '2001-02-01', to: '2001-02-28' }

const task = (name: string, output: string, ...inputs: string[]): TaskContract => ({
  kind: 'task',
  task: name,
  output,
  inputs: inputs.map(dataset => ({ dataset, mapping: { map: 'overlapping' }, wait: 'all', onUpdate: 'rerun' })),
  onNight: false,
  retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
  hash: '',
  inputsHash: '',
  deployedAt: 0,
})
const dataset = (name: string, partitioning: Partitioning) => ({
  kind: 'dataset' as const,
  dataset: name,
  partitioning,
  outside: name === 'orders',
  keepMs: 0,
})
const graph = buildGraph([
  dataset('orders', daily()),
  dataset('clean', daily({ from: '2001-02-10' })),
  dataset('report', weekly()),
  dataset('regions', keys(['emea', 'apac', 'amer'])),
  task('clean-orders', 'clean', 'orders'),
  task('weekly-report', 'report', 'clean'),
  task('by-region', 'regions'),
])

describe('a request’s document', () => {
  test('says what was left out', () => {
    expect(requestOf(wish, 'event-1', NOW)).toEqual({
      v: 1,
      id: 'event-1',
      ...wish,
      run: 'missing',
      downstream: true,
      lane: 'backfill',
      at: NOW,
      phase: 'marking',
      upTo: NOW,
      marked: 0,
      selected: 0,
    })
  })

  test('keeps what was said', () => {
    const said = { id: 'mine', run: 'all', downstream: false, lane: 'manual', maxActive: 2 } as const
    expect(requestOf({ ...wish, ...said }, 'event-1', NOW)).toMatchObject(said)
  })

  test('is the same wish whenever it was made, and another when anything in it differs', () => {
    const first = requestOf({ ...wish, maxActive: 2 }, 'a', NOW)
    expect(sameRequest(first, { ...requestOf({ ...wish, maxActive: 2 }, 'b', 1), marked: 7 })).toBe(true)
    for (const other of [
      { tasks: ['weekly-report'] },
      { from: '2001-02-02' },
      { to: '2001-02-27' },
      { run: 'all' as const },
      { downstream: false },
      { lane: 'manual' as const },
      { maxActive: 3 },
    ])
      expect(sameRequest(first, requestOf({ ...wish, maxActive: 2, ...other }, 'a', NOW))).toBe(false)
  })
})

describe('the runs a request names', () => {
  const named = (tasks: string[], from: string, to: string, more: { upTo?: number; since?: number } = {}) =>
    runsOf({ tasks, from, to, upTo: NOW, ...more }, graph).map(
      r => `${r.task}@${keyOf(graph.dataset(graph.task(r.task)!.output)!.partitioning, r.ordinal)}`,
    )

  test('are readers before what they read, oldest first, each once, cut to what exists and has begun', () => {
    expect(named(['clean-orders', 'weekly-report', 'clean-orders'], '2001-02-08', '2001-02-28')).toEqual([
      'weekly-report@2001-W06',
      'weekly-report@2001-W07',
      'clean-orders@2001-02-10',
      'clean-orders@2001-02-11',
      'clean-orders@2001-02-12',
      'clean-orders@2001-02-13',
      'clean-orders@2001-02-14',
    ])
  })

  test('are those alone that began since it was looked at, of what has time', () => {
    const since = at('2001-02-12T00:00Z')
    expect(named(['clean-orders'], '2001-02-01', '2001-02-28', { since })).toEqual(['clean-orders@2001-02-13', 'clean-orders@2001-02-14'])
    expect(named(['by-region'], 'emea', 'amer', { since })).toEqual([])
  })

  test('of tasks at one depth stand in order of names', () => {
    expect(named(['clean-orders', 'by-region'], '2001-02-14', '2001-02-14')).toEqual([
      'by-region@emea',
      'by-region@apac',
      'by-region@amer',
      'clean-orders@2001-02-14',
    ])
    expect(named(['by-region', 'clean-orders'], '2001-02-14', '2001-02-14')[0]).toBe('by-region@emea')
  })

  test('are none of a task that is not deployed', () => {
    expect(() => named(['gone'], '2001-02-14', '2001-02-14')).toThrow(expect.objectContaining({ code: 'UNKNOWN_NAME' }))
  })
})

describe('partitions between two keys', () => {
  const between = (p: Partitioning, from: string, to: string, upTo = NOW) => ordinalsBetween(p, from, to, upTo).map(o => keyOf(p, o))

  test('of time are those that overlap it, in the dataset’s zone', () => {
    expect(between(daily(), '2001-W06', '2001-W06')).toEqual([5, 6, 7, 8, 9, 10, 11].map(d => `2001-02-${String(d).padStart(2, '0')}`))
    expect(between(monthly(), '2001-01-31', '2001-02-01')).toEqual(['2001-01', '2001-02'])
    expect(between(hourly({ timezone: 'Asia/Tokyo' }), '2001-02-02', '2001-02-02')).toHaveLength(24)
    expect(between(hourly({ timezone: 'Asia/Tokyo' }), '2001-02-02', '2001-02-02')[0]).toBe('2001-02-01T15Z')
  })

  test('of keys go in declared order, and a range of time means all of them', () => {
    const regions = keys(['emea', 'apac', 'amer'])
    expect(between(regions, 'emea', 'apac')).toEqual(['emea', 'apac'])
    expect(between(regions, 'amer', 'emea')).toEqual([])
    expect(between(regions, '2001-02', '2001-03')).toEqual(['emea', 'apac', 'amer'])
    expect(between(unpartitioned(), 'whatever', '')).toEqual(['all'])
  })

  test('that fit nothing are refused, the wrong one named', () => {
    const refused = (message: RegExp) => expect.objectContaining({ code: 'BAD_PARTITION', message: expect.stringMatching(message) })
    const regions = keys(['emea', 'apac'])
    expect(() => between(regions, 'emea', 'x')).toThrow(refused(/^"x"/))
    expect(() => between(regions, 'y', 'emea')).toThrow(refused(/^"y"/))
    expect(() => between(regions, 'y', 'x')).toThrow(refused(/^"y"/))
    expect(() => between(regions, '2001-02', 'x')).toThrow(refused(/^"2001-02"/))
    expect(() => between(regions, 'x', '2001-02')).toThrow(refused(/^"x"/))
    expect(() => between(daily(), '2001-02-14', '2001-02-13')).toThrow(refused(/ends before/))
    expect(() => between(daily(), 'emea', '2001-02-13')).toThrow(refused(/^"emea" names no time/))
    expect(between(daily(), '2001-02-13', '2001-02-13')).toEqual(['2001-02-13'])
  })
})

test('the next beginning is that of the first partition which a request names and which lies ahead', () => {
  const next = (tasks: string[], to: string, upTo = NOW) => {
    const found = nextBegins({ ...requestOf({ tasks, from: '2001-02-01', to }, 'a', upTo) }, graph)
    return found === undefined ? undefined : new Date(found).toISOString()
  }
  expect(next(['clean-orders'], '2001-02-28')).toBe('2001-02-15T00:00:00.000Z')
  expect(next(['clean-orders'], '2001-02-15')).toBe('2001-02-15T00:00:00.000Z')
  expect(next(['clean-orders'], '2001-02-14')).toBeUndefined()
  expect(next(['weekly-report'], '2001-02-28')).toBe('2001-02-19T00:00:00.000Z')
  expect(next(['weekly-report', 'clean-orders'], '2001-02-28')).toBe('2001-02-15T00:00:00.000Z')
  expect(next(['weekly-report'], '2001-02-18')).toBeUndefined()
  expect(next(['by-region', 'gone'], '2001-02-28')).toBeUndefined()
  expect(next(['clean-orders'], 'emea')).toBeUndefined()
})

test('a key tells its grain, and with a zone its time', () => {
  expect(['2001-02-14T05Z', '2001-02-14', '2001-W07', '2001-02', 'emea'].map(grainOfKey)).toEqual([
    'hourly',
    'daily',
    'weekly',
    'monthly',
    undefined,
  ])
  expect(timeOfKey('2001-02-14', 'Europe/Madrid')).toEqual({ start: at('2001-02-13T23:00Z'), end: at('2001-02-14T23:00Z') })
  expect(timeOfKey('2001-02-14T05Z', 'Europe/Madrid')).toEqual({ start: at('2001-02-14T05:00Z'), end: at('2001-02-14T06:00Z') })
})
