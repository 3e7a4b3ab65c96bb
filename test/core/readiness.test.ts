import { bitsOf } from '../../shared/core/bits.ts'
import type { InputContract } from '../../shared/core/contract.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import {
  type InputFacts,
  isSatisfied,
  mayBeReady,
  optionalTime,
  type PartitionFacts,
  pinnedNumber,
  readiness,
} from '../../shared/core/readiness.ts'
import type { Version } from '../../shared/core/run.ts'
import { daily, keys, weekly } from '../../shared/task/dataset.ts'

const days = daily()
const input = (more: Partial<InputContract> = {}): InputContract => ({
  dataset: 'orders',
  mapping: { map: 'overlapping' },
  wait: 'all',
  onUpdate: 'rerun',
  ...more,
})
const version = (number: number, more: Partial<Version> = {}): Version => ({
  number,
  as: number,
  loud: number,
  generation: number,
  attempt: 1,
  rows: 1,
  bytes: 1,
  schemaHash: '',
  at: 0,
  cause: { lane: 'nightly' },
  ancestry: {},
  ...more,
})
const day = (date: string) => ordinalOf(days, date)!
const there = (date: string, number = 1, more: Partial<Version> = {}): PartitionFacts => ({
  ordinal: day(date),
  version: version(number, more),
})
const absent = (date: string): PartitionFacts => ({ ordinal: day(date) })
const facts = (needed: PartitionFacts[], more: Partial<InputContract> = {}, partitioning: Partitioning = days): InputFacts => ({
  input: input(more),
  partitioning,
  needed,
})
const judge = (...inputs: InputFacts[]) => readiness(inputs, weekly(), 0, Date.parse('2001-02-14T12:00Z'))

describe('an input is satisfied', () => {
  test('by all, unless it says how many are enough', () => {
    expect(isSatisfied(input(), 3, 0, undefined, 0)).toBe(true)
    expect(isSatisfied(input(), 3, 1, undefined, 0)).toBe(false)
    const two = input({ wait: { atLeast: 2 } })
    expect([0, 1, 2].map(gone => isSatisfied(two, 3, gone, undefined, 0))).toEqual([true, true, false])
    // More than exist are not waited for.
    expect(isSatisfied(input({ wait: { atLeast: 9 } }), 3, 0, undefined, 0)).toBe(true)
    expect(isSatisfied(input({ wait: { atLeast: 9 } }), 3, 1, undefined, 0)).toBe(false)
  })

  test('when its time has come', () => {
    const optional = input({ wait: { optional: '04:30' } })
    expect(isSatisfied(optional, 1, 1, 100, 99)).toBe(false)
    expect(isSatisfied(optional, 1, 1, 100, 100)).toBe(true)
    expect(isSatisfied(optional, 1, 1, undefined, 100)).toBe(false)
    expect(isSatisfied(optional, 1, 0, 100, 0)).toBe(true)
  })
})

test('an optional time is on the day after the partition’s last, in the output’s zone', () => {
  const optional = input({ wait: { optional: '04:30' } })
  const at = (p: Partitioning, key: string) => new Date(optionalTime(optional, p, ordinalOf(p, key)!)!).toISOString()
  expect(at(daily(), '2001-02-14')).toBe('2001-02-15T04:30:00.000Z')
  expect(at(daily({ timezone: 'Europe/Madrid' }), '2001-02-14')).toBe('2001-02-15T03:30:00.000Z')
  expect(at(weekly(), '2001-W07')).toBe('2001-02-19T04:30:00.000Z')
  expect(optionalTime(optional, keys(['a']), 0)).toBeUndefined()
  expect(optionalTime(input(), daily(), 0)).toBeUndefined()
  expect(optionalTime(input({ wait: { atLeast: 1 } }), daily(), 0)).toBeUndefined()
})

describe('a run’s inputs', () => {
  test('are ready when all is there, and pinned in as few pieces as they allow', () => {
    const { ready, missing, pins, pending, until } = judge(
      facts([there('2001-02-12'), there('2001-02-13'), there('2001-02-14', 2), there('2001-02-16', 2)]),
    )
    expect({ ready, missing, until }).toEqual({ ready: true, missing: [], until: undefined })
    const [a, b, c, d] = ['2001-02-12', '2001-02-13', '2001-02-14', '2001-02-16'].map(day)
    expect(pins).toEqual([
      [
        [a, b, 1, 1, 1],
        [c, c, 2, 2, 1],
        [d, d, 2, 2, 1],
      ],
    ])
    expect(pending).toEqual([bitsOf(4, () => false)])
  })

  test('of one number but from other folders are pinned apart', () => {
    const { pins } = judge(
      facts([there('2001-02-12'), there('2001-02-13', 1, { generation: 2 }), there('2001-02-14', 1, { generation: 2, attempt: 3 })]),
    )
    expect(pins[0]).toHaveLength(3)
  })

  test('that are not there are missing, and a bit each is kept of them', () => {
    const { ready, missing, pending, pins } = judge(
      facts([there('2001-02-12'), absent('2001-02-13'), { ordinal: day('2001-02-14'), skipped: true }]),
    )
    expect(ready).toBe(false)
    expect(missing).toEqual([{ dataset: 'orders', partition: '2001-02-13' }])
    expect(pending).toEqual([bitsOf(3, i => i === 1)])
    expect(pins).toEqual([[[day('2001-02-12'), day('2001-02-12'), 1, 1, 1]]])
  })

  test('of which enough are there miss nothing, and what is skipped does not count', () => {
    const enough = { wait: { atLeast: 2 } } as const
    expect(judge(facts([there('2001-02-12'), there('2001-02-13'), absent('2001-02-14')], enough))).toMatchObject({
      ready: true,
      missing: [],
    })
    expect(judge(facts([there('2001-02-12'), { ordinal: day('2001-02-13'), skipped: true }], enough)).ready).toBe(true)
    expect(judge(facts([there('2001-02-12'), absent('2001-02-13')], enough)).missing).toHaveLength(1)
  })

  test('that a request will make anew are waited for though they are there', () => {
    const { ready, missing, pending } = judge(facts([{ ...there('2001-02-12'), requested: ['r'] }, there('2001-02-13')]))
    expect({ ready, missing, pending }).toEqual({ ready: false, missing: [], pending: [bitsOf(2, i => i === 0)] })
  })

  test('wait until the earliest optional time that is still to come', () => {
    const output = daily()
    const judged = (now: string, ...times: string[]) =>
      readiness(
        times.map(optional => facts([absent('2001-02-14')], { wait: { optional } })),
        output,
        day('2001-02-14'),
        Date.parse(now),
      )
    expect(judged('2001-02-15T00:00Z', '06:00', '04:00', '05:00')).toMatchObject({ ready: false, until: Date.parse('2001-02-15T04:00Z') })
    expect(judged('2001-02-15T04:00Z', '06:00', '04:00')).toMatchObject({ ready: false, until: Date.parse('2001-02-15T06:00Z') })
    expect(judged('2001-02-15T06:00Z', '06:00', '04:00').ready).toBe(true)
    expect('until' in judged('2001-02-15T06:00Z', '06:00', '04:00')).toBe(false)
    // What is there is waited for no longer.
    const both = readiness([facts([there('2001-02-14')], { wait: { optional: '06:00' } })], output, day('2001-02-14'), 0)
    expect(both.until).toBeUndefined()
  })

  test('by latest are whatever is newest, once there is one', () => {
    const latest = (found?: PartitionFacts): InputFacts => ({
      ...facts([], { mapping: { map: 'latest' } }),
      ...(found && { latest: found }),
    })
    expect(judge(latest())).toMatchObject({ ready: false, missing: [], pins: [[]], pending: [''] })
    expect(judge(latest(there('2001-02-12', 3)))).toMatchObject({ ready: true, pins: [[[day('2001-02-12'), day('2001-02-12'), 3, 3, 1]]] })
    expect(judge(latest(there('2001-02-12')), facts([absent('2001-02-12')])).ready).toBe(false)
    expect(judge(facts([absent('2001-02-12')]), latest(there('2001-02-12'))).ready).toBe(false)
  })

  test('are stale where one derives from an older version than another', () => {
    const from = (dataset: string, number: number, more: Partial<InputContract> = {}) =>
      facts([there('2001-02-12', 1, { ancestry: { raw: number === 1 ? '5' : `5:${number}` } })], { dataset, ...more })
    expect(judge(from('a', 2), from('b', 1))).toMatchObject({ ready: false, stale: ['b@2001-02-12'] })
    expect(judge(from('a', 1), from('b', 1))).toMatchObject({ ready: true, stale: [] })
    // What starts nothing, or is ignored when it changes, does not count.
    expect(judge(from('a', 2), from('b', 1, { onUpdate: 'ignore' }))).toMatchObject({ ready: true, stale: [] })
    expect(judge(from('a', 2), from('b', 1, { onUpdate: 'hold' })).stale).toEqual(['b@2001-02-12'])
  })

  test('that are keyed keep their keys in what is derived from them', () => {
    const regions = keys(['emea', 'apac'])
    const { ancestry } = judge(facts([{ ordinal: 1, version: version(2) }], { dataset: 'regions', mapping: { map: 'all' } }, regions))
    expect(ancestry).toEqual({ regions: { apac: 2 } })
    expect(judge(facts([there('2001-02-12', 2)])).ancestry).toEqual({ orders: `${day('2001-02-12')}:2` })
  })
})

test('a pinned number is found in its piece, and is none outside of all', () => {
  const pins = [
    [3, 5, 1, 1, 1],
    [6, 6, 2, 2, 1],
  ] as [number, number, number, number, number][]
  expect([2, 3, 5, 6, 7].map(o => pinnedNumber(pins, o))).toEqual([0, 1, 1, 2, 0])
  expect(pinnedNumber(undefined, 3)).toBe(0)
})

test('a waiting run may be ready once no input’s bits speak against it', () => {
  const may = (inputs: InputContract[], bits: string[], now = 0, optionalAt?: number) =>
    mayBeReady(
      inputs,
      bits,
      () => 3,
      () => optionalAt,
      now,
    )
  const [full, one, two] = [bitsOf(3, () => false), bitsOf(3, i => i === 1), bitsOf(3, i => i < 2)]
  expect(may([input()], [full])).toBe(true)
  expect(may([input()], [one])).toBe(false)
  expect(may([input(), input()], [one, full])).toBe(false)
  expect(may([input(), input()], [full, one])).toBe(false)
  expect(may([input({ mapping: { map: 'latest' } })], [''])).toBe(true)
  expect(may([input({ wait: { atLeast: 2 } })], [one])).toBe(true)
  expect(may([input({ wait: { atLeast: 2 } })], [two])).toBe(false)
  expect(may([input({ wait: { optional: '04:30' } })], [one], 99, 100)).toBe(false)
  expect(may([input({ wait: { optional: '04:30' } })], [one], 100, 100)).toBe(true)
})
