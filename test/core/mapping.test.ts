import fc from 'fast-check'
import { affectedBy, type Interval, type Mapping, mappingFault, neededBy } from '../../shared/core/mapping.ts'
import { exists, isTimed, keyOf, ordinalAt, ordinalOf, ordinalRange, type Partitioning, startOf } from '../../shared/core/partition.ts'
import { daily, hourly, keys, monthly, unpartitioned, weekly } from '../../shared/task/dataset.ts'

// With daylight saving on both halves of the year, without it, by half an hour, and one that skipped a whole day.
const zones = ['UTC', 'Europe/Madrid', 'America/New_York', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']
const from = fc.constantFrom(undefined, '2011-01-15', '2011-12-30', '2012-02-29')
const calendars = fc.record({ timezone: fc.constantFrom(...zones), from })
const timed = fc
  .tuple(calendars, fc.constantFrom(hourly, daily, weekly, monthly))
  .map(([calendar, grain]) => grain(calendar) as Partitioning)
const keyed = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }).map(names => keys(names) as Partitioning)
const partitionings = fc.oneof({ weight: 4, arbitrary: timed }, keyed, fc.constant(unpartitioned() as Partitioning))
const mappings: fc.Arbitrary<Mapping> = fc.oneof(
  fc.constantFrom<Mapping>({ map: 'same' }, { map: 'overlapping' }, { map: 'all' }, { map: 'latest' }),
  fc.integer({ min: 1, max: 40 }).map(n => ({ map: 'trailing', n }) as const),
  fc.integer({ min: -40, max: 40 }).map(k => ({ map: 'offset', k }) as const),
)
// Around the changes of clocks in spring and autumn, the skipped day in Samoa, a leap day and a year's end.
const moments = [
  '2011-03-27T01:00Z',
  '2011-10-30T01:00Z',
  '2011-12-30T12:00Z',
  '2012-02-29T00:00Z',
  '2012-03-11T07:00Z',
  '2012-11-04T06:00Z',
  '2011-01-15T00:00Z',
]
const joins = fc
  .tuple(partitionings, partitionings, mappings)
  .filter(([input, output, mapping]) => mappingFault(mapping, input, output, false) === undefined)

const ordinalNear = (p: Partitioning, moment: string, steps: number) =>
  isTimed(p) ? ordinalAt(p, Date.parse(moment)) + steps : p.grain === 'keys' ? Math.abs(steps) % p.keys.length : 0
const holds = ({ from, to }: Interval, ordinal: number) => from <= ordinal && ordinal <= to

test('q is affected by p exactly when p is needed by q', () => {
  fc.assert(
    fc.property(
      joins,
      fc.constantFrom(...moments),
      fc.integer({ min: -45, max: 45 }),
      fc.integer({ min: -1200, max: 1200 }),
      (join, moment, a, b) => {
        const [input, output, mapping] = join
        const p = ordinalNear(input, moment, a)
        const q = ordinalNear(output, moment, output.grain === 'hourly' ? b : Math.trunc(b / 20))
        if (!exists(input, p) || !exists(output, q)) return
        expect(holds(neededBy(mapping, input, output, q), p)).toBe(holds(affectedBy(mapping, input, output, p), q))
      },
    ),
    { numRuns: 4000 },
  )
})

test('every partition of an interval of needs has a key, and the key leads back to it', () => {
  fc.assert(
    fc.property(joins, fc.constantFrom(...moments), fc.integer({ min: -45, max: 45 }), (join, moment, steps) => {
      const [input, output, mapping] = join
      const q = ordinalNear(output, moment, steps)
      if (!exists(output, q)) return
      const { from, to } = neededBy(mapping, input, output, q)
      for (const ordinal of ordinalRange(input, from, to)) {
        expect(exists(input, ordinal)).toBe(true)
        expect(ordinalOf(input, keyOf(input, ordinal))).toBe(ordinal)
      }
    }),
    { numRuns: 500 },
  )
})

test('overlapping takes exactly the partitions whose time meets the output’s', () => {
  fc.assert(
    fc.property(timed, timed, fc.constantFrom(...moments), fc.integer({ min: -30, max: 30 }), (input, output, moment, steps) => {
      if (!isTimed(input) || !isTimed(output)) return
      const q = ordinalNear(output, moment, steps)
      if (!exists(output, q)) return
      const [start, end] = [startOf(output, q), startOf(output, q + 1)]
      const { from, to } = neededBy({ map: 'overlapping' }, input, output, q)
      for (let p = from - 2; p <= to + 2; p++) {
        const meets = startOf(input, p) < end && startOf(input, p + 1) > start && exists(input, p)
        if (exists(input, p)) expect(holds({ from, to }, p)).toBe(meets)
      }
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['an ordinary day', 'Europe/Madrid', '2026-02-10', 24],
  ['the day clocks go forward', 'Europe/Madrid', '2026-03-29', 23],
  ['the day they go back', 'Europe/Madrid', '2026-10-25', 25],
  ['a day half an hour off the hours', 'Asia/Kolkata', '2026-02-10', 25],
  ['a day without daylight saving', 'Asia/Tokyo', '2026-03-29', 24],
])('%s overlaps so many UTC hours', (_, timezone, day, hours) => {
  const output = daily({ timezone })
  const { from, to } = neededBy({ map: 'overlapping' }, hourly(), output, ordinalOf(output, day)!)
  expect(to - from + 1).toBe(hours)
})

test('trailing steps over the date that Samoa skipped', () => {
  const days = daily({ timezone: 'Pacific/Apia' })
  expect(ordinalOf(days, '2011-12-30')).toBeUndefined()
  const { from, to } = neededBy({ map: 'trailing', n: 3 }, days, days, ordinalOf(days, '2012-01-01')!)
  expect(ordinalRange(days, from, to).map(o => keyOf(days, o))).toEqual(['2011-12-29', '2011-12-31', '2012-01-01'])
})

test('a mapping that cannot join says why', () => {
  const fault = (mapping: Mapping, input: Partitioning, output: Partitioning, own = false) => mappingFault(mapping, input, output, own)
  expect(fault({ map: 'same' }, daily(), weekly())).toMatch(/grains differ/)
  expect(fault({ map: 'same' }, daily(), daily({ timezone: 'Europe/Madrid' }))).toMatch(/time zones differ/)
  expect(fault({ map: 'same' }, keys(['a']), keys(['a', 'b']))).toMatch(/no "b"/)
  expect(fault({ map: 'trailing', n: 0 }, daily(), daily())).toMatch(/not 0/)
  expect(fault({ map: 'offset', k: 0 }, daily(), daily(), true)).toMatch(/negative/)
  expect(fault({ map: 'all' }, daily(), daily())).toMatch(/latest|keyed/)
})

test('what joins has no fault, and no task reads what it makes', () => {
  const fault = (mapping: Mapping, input: Partitioning, output: Partitioning, own = false) => mappingFault(mapping, input, output, own)
  const madrid = daily({ timezone: 'Europe/Madrid' })
  const joins: [Mapping, Partitioning, Partitioning, string][] = [
    [{ map: 'same' }, daily(), daily(), 'the partition it makes'],
    [{ map: 'same' }, keys(['a', 'b']), keys(['b']), 'the partition it makes'],
    [{ map: 'same' }, unpartitioned(), unpartitioned(), 'the partition it makes'],
    [{ map: 'trailing', n: 1 }, weekly(), weekly(), 'offset(-1)'],
    [{ map: 'offset', k: 1 }, daily(), daily(), 'negative'],
    [{ map: 'overlapping' }, madrid, weekly(), 'the partition it makes'],
    [{ map: 'all' }, keys(['a']), daily(), 'the partition it makes'],
    [{ map: 'all' }, unpartitioned(), daily(), 'the partition it makes'],
    [{ map: 'latest' }, daily(), weekly(), 'latest'],
  ]
  for (const [mapping, input, output, own] of joins) {
    expect([mapping, fault(mapping, input, output)]).toEqual([mapping, undefined])
    expect(fault(mapping, input, output, true)).toContain(own)
  }
  expect(fault({ map: 'offset', k: -1 }, daily(), daily(), true)).toBeUndefined()
  expect(fault({ map: 'offset', k: 0 }, daily(), daily())).toBeUndefined()
})

test('every join that cannot be is refused for what is wrong with it', () => {
  const fault = (mapping: Mapping, input: Partitioning, output: Partitioning) => mappingFault(mapping, input, output, false)
  const madrid = daily({ timezone: 'Europe/Madrid' })
  for (const mapping of [
    { map: 'trailing', n: 2 },
    { map: 'offset', k: -1 },
  ] as const) {
    for (const [input, output] of [
      [keys(['a']), daily()],
      [daily(), keys(['a'])],
      [daily(), weekly()],
      [keys(['a']), keys(['a'])],
    ] as const)
      expect(fault(mapping, input, output)).toContain(
        `${mapping.map} cannot join a ${input.grain} input to a ${output.grain} output: both need the same grain`,
      )
    expect(fault(mapping, madrid, daily())).toContain('time zones differ')
  }
  expect(fault({ map: 'trailing', n: 1.5 }, daily(), daily())).toContain('not 1.5')
  expect(fault({ map: 'offset', k: 0.5 }, daily(), daily())).toContain('not 0.5')
  expect(fault({ map: 'overlapping' }, keys(['a']), daily())).toContain('both need time')
  expect(fault({ map: 'overlapping' }, daily(), keys(['a']))).toContain('both need time')
  expect(fault({ map: 'all' }, daily(), keys(['a']))).toContain('; dated into undated joins by latest')
  expect(fault({ map: 'all' }, daily(), daily())).toMatch(/a daily one$/)
})
