import fc from 'fast-check'
import {
  countOf,
  describePartitioning,
  endOf,
  exists,
  firstOrdinal,
  isTimed,
  keyOf,
  lastOrdinal,
  ordinalAt,
  ordinalOf,
  ordinalRange,
  type Partitioning,
  parsePartition,
  partitioningFault,
  partitionTime,
  placeIn,
  sameGrain,
  startOf,
  step,
} from '../../shared/core/partition.ts'
import { dateOfDay, dayOf, dayOfDate, timeOfDay } from '../../shared/core/zone.ts'
import { daily, hourly, keys, monthly, unpartitioned, weekly } from '../../shared/task/dataset.ts'

const zone = fc.constantFrom('UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo')
const timed = fc
  .tuple(zone, fc.constantFrom(hourly, daily, weekly, monthly))
  .map(([timezone, grain]) => grain({ timezone }) as Partitioning)
const instant = fc.integer({ min: Date.parse('1990-01-01'), max: Date.parse('2040-01-01') })

test('an instant lies in its partition, and the partition’s key leads back to it', () => {
  fc.assert(
    fc.property(timed, instant, (p, at) => {
      if (!isTimed(p)) return
      const ordinal = ordinalAt(p, at)
      expect(startOf(p, ordinal)).toBeLessThanOrEqual(at)
      expect(endOf(p, ordinal)).toBeGreaterThan(at)
      expect(ordinalOf(p, keyOf(p, ordinal))).toBe(ordinal)
    }),
    { numRuns: 2000 },
  )
})

test('keys of a grain stand in the order of time', () => {
  fc.assert(
    fc.property(timed, instant, fc.integer({ min: 1, max: 500 }), (p, at, n) => {
      if (!isTimed(p)) return
      const ordinal = ordinalAt(p, at)
      expect(keyOf(p, ordinal) < keyOf(p, step(p, ordinal, n))).toBe(true)
    }),
  )
})

test.each([
  [hourly(), '2001-02-14T05Z', '2001-02-14T05:00:00.000Z', '2001-02-14T06:00:00.000Z'],
  [daily({ timezone: 'America/New_York' }), '2001-02-14', '2001-02-14T05:00:00.000Z', '2001-02-15T05:00:00.000Z'],
  [daily({ timezone: 'America/New_York' }), '2001-04-01', '2001-04-01T05:00:00.000Z', '2001-04-02T04:00:00.000Z'],
  [weekly(), '2001-W07', '2001-02-12T00:00:00.000Z', '2001-02-19T00:00:00.000Z'],
  [weekly(), '2020-W53', '2020-12-28T00:00:00.000Z', '2021-01-04T00:00:00.000Z'],
  [monthly(), '2001-02', '2001-02-01T00:00:00.000Z', '2001-03-01T00:00:00.000Z'],
])('%j %s', (p, key, start, end) => {
  const time = partitionTime(p, key)!
  expect([new Date(time.start).toISOString(), new Date(time.end).toISOString()]).toEqual([start, end])
})

test.each([
  [hourly(), '2001-02-14T24Z'],
  [hourly(), '2001-02-14T05:00Z'],
  [daily(), '2001-02-29'],
  [daily(), '2001-2-14'],
  [weekly(), '2021-W53'],
  [weekly(), '2021-W00'],
  [monthly(), '2001-13'],
  [keys(['emea']), 'apac'],
  [unpartitioned(), 'everything'],
])('%j has no partition %s', (p, key) => {
  expect(ordinalOf(p, key)).toBeUndefined()
  expect(() => parsePartition(p, key, 'orders')).toThrow(`"${key}" is not a partition of orders`)
})

test('a first date inside a week makes that week the first partition', () => {
  const weeks = weekly({ from: '2026-03-04' })
  expect(keyOf(weeks, firstOrdinal(weeks))).toBe('2026-W10')
  expect(() => parsePartition(weeks, '2026-W09', 'report')).toThrow('before the dataset')
})

test('a time of day that the clocks skip is the end of the gap, one they have twice is the first', () => {
  const at = (date: string, h: number, m: number) => new Date(timeOfDay('Europe/Madrid', dayOfDate(date)!, h, m)).toISOString()
  expect(at('2026-03-29', 2, 30)).toBe('2026-03-29T01:00:00.000Z')
  expect(at('2026-10-25', 2, 30)).toBe('2026-10-25T00:30:00.000Z')
  expect(at('2026-03-10', 4, 30)).toBe('2026-03-10T03:30:00.000Z')
})

test('the day of an instant is the zone’s', () => {
  expect(dateOfDay(dayOf('America/New_York', Date.parse('2001-02-15T04:59:59Z')))).toBe('2001-02-14')
  expect(dateOfDay(dayOf('Pacific/Kiritimati', Date.parse('2001-02-14T10:00:00Z')))).toBe('2001-02-15')
})

test.each([
  [daily({ timezone: 'Europe/Barcelona' }), /no time zone/],
  [daily({ from: '2001-02-30' }), /no date/],
  [keys([]), /at least one/],
  [keys(['a', 'a']), /twice/],
  [keys(['a/b']), /characters/],
])('%j is at fault', (p, fault) => expect(partitioningFault(p)).toMatch(fault))

test.each([
  [unpartitioned()],
  [keys(['a', 'b-2', 'C_d.e', '9'])],
  [daily({ timezone: 'Europe/Madrid' })],
  [daily({ from: '2001-02-14' })],
  [hourly({ from: '2001-02-14' })],
  [hourly({ from: '2001-02-14T05:00Z' })],
  [hourly({ from: '2001-02-14T05:00:00Z' })],
  [hourly({ from: '2001-02-14T05:00:00.123Z' })],
])('%j has no fault', p => expect(partitioningFault(p)).toBeUndefined())

test.each([
  [daily({ from: '2001-02-14T05:00Z' })],
  [hourly({ from: '2001-02-30T25:00Z' })],
  [hourly({ from: '2001-02-14T05Z' })],
  [hourly({ from: 'x2001-02-14T05:00Z' })],
  [hourly({ from: '2001-02-14T05:00Zx' })],
  [hourly({ from: '2001-02-14T05:00' })],
  [hourly({ from: '01-02-14T05:00Z' })],
])('%j begins at no date', p => expect(partitioningFault(p)).toMatch(/is no date$/))

test.each([['-a'], ['a b'], ['ä'], [''], ['a/']])('the key %j is none', key =>
  expect(partitioningFault(keys(['good', key]))).toContain(`"${key}" has characters`),
)

describe('around the date that Samoa skipped', () => {
  const samoa = daily({ timezone: 'Pacific/Apia' })
  const at = (date: string) => ordinalOf(samoa, date)!
  const [before, skipped, after] = [at('2011-12-29'), at('2011-12-29') + 1, at('2011-12-31')]

  test('steps go over it, either way', () => {
    expect(after - before).toBe(2)
    expect([step(samoa, before, 1), step(samoa, after, -1), step(samoa, before, 0), step(samoa, before, 2)]).toEqual([
      after,
      before,
      before,
      after + 1,
    ])
  })

  test('ranges, counts and places leave it out', () => {
    expect(ordinalRange(samoa, before, after)).toEqual([before, after])
    expect(countOf(samoa, before, after)).toBe(2)
    expect([before, skipped, after].map(o => placeIn(samoa, before, after, o))).toEqual([0, -1, 1])
    expect(exists(samoa, skipped)).toBe(false)
  })
})

test('a range counts both its ends, and one that ends before it begins counts none', () => {
  for (const p of [daily(), weekly(), daily({ timezone: 'Europe/Madrid' })]) {
    expect([countOf(p, 5, 5), countOf(p, 5, 7), countOf(p, 6, 5)]).toEqual([1, 3, 0])
    expect([4, 5, 7, 8].map(o => placeIn(p, 5, 7, o))).toEqual([-1, 0, 2, -1])
  }
})

test('what exists begins with the first date and ends with the last key', () => {
  const days = daily({ from: '2001-02-14' })
  const first = ordinalOf(days, '2001-02-14')!
  expect([firstOrdinal(days), lastOrdinal(days)]).toEqual([first, Number.POSITIVE_INFINITY])
  expect([exists(days, first), exists(days, first - 1)]).toEqual([true, false])
  expect([firstOrdinal(daily()), firstOrdinal(keys(['a', 'b'])), lastOrdinal(keys(['a', 'b'])), lastOrdinal(unpartitioned())]).toEqual([
    -Infinity,
    0,
    1,
    0,
  ])
  expect([exists(keys(['a', 'b']), 1), exists(keys(['a', 'b']), 2), exists(keys(['a', 'b']), -1)]).toEqual([true, false, false])
  expect(firstOrdinal(hourly({ from: '2001-02-14T05:30Z' }))).toBe(ordinalOf(hourly(), '2001-02-14T05Z'))
  expect(firstOrdinal(hourly({ from: '2001-02-14', timezone: 'Asia/Tokyo' }))).toBe(ordinalOf(hourly(), '2001-02-13T15Z'))
  for (const wrong of ['tomorrow', '2001-02-30', '2001', 'x2001-02-14T05:00Z'])
    expect(() => firstOrdinal(daily({ from: wrong }))).toThrow(expect.objectContaining({ code: 'BAD_DATE' }))
  expect(() => parsePartition(days, '2001-02-13', 'orders')).toThrow(expect.objectContaining({ code: 'BAD_PARTITION' }))
  expect(parsePartition(days, '2001-02-14', 'orders')).toBe(first)
})

test('grains are the same with the same keys in one zone', () => {
  expect(sameGrain(daily(), daily())).toBe(true)
  expect(sameGrain(daily(), weekly())).toBe(false)
  expect(sameGrain(daily(), daily({ timezone: 'Europe/Madrid' }))).toBe(false)
  expect(sameGrain(keys(['a']), keys(['b']))).toBe(true)
  expect(sameGrain(unpartitioned(), unpartitioned())).toBe(true)
  expect(sameGrain(unpartitioned(), keys(['all']))).toBe(false)
})

test('a partitioning is told by its grain, or its first keys', () => {
  expect(describePartitioning(daily())).toBe('daily')
  expect(describePartitioning(keys(['a', 'b', 'c', 'd', 'e']))).toBe('keyed (a, b, c, d, e)')
  expect(describePartitioning(keys(['a', 'b', 'c', 'd', 'e', 'f']))).toBe('keyed (a, b, c, d, e, …)')
  expect(partitionTime(keys(['a']), 'a')).toBeUndefined()
  expect(partitionTime(daily(), 'a')).toBeUndefined()
})
