import fc from 'fast-check'
import { type Ancestry, isBehind, type Lineage, lineageOf, mergeLineages, rangesOf, reconcile } from '../../shared/core/ancestry.ts'

type Model = Map<number, number>
const models = fc
  .array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 30 })
  .map(entries => new Map(entries) as Model)
const lineageFrom = (model: Model): Lineage => mergeLineages([...model].map(([ordinal, number]) => lineageOf({ ordinal }, number)))
const spelledOut = (lineage: Lineage): [number, number][] =>
  rangesOf(lineage as string).flatMap(([from, to, n]) => Array.from({ length: to - from + 1 }, (_, i) => [from + i, n] as [number, number]))
const sorted = (model: Model) => [...model].sort(([a], [b]) => a - b)

test('ranges say of every partition what was put in, in the fewest ranges', () => {
  fc.assert(
    fc.property(models, model => {
      const lineage = lineageFrom(model)
      expect(spelledOut(lineage)).toEqual(sorted(model))
      const ranges = rangesOf(lineage as string)
      for (let i = 1; i < ranges.length; i++)
        expect(ranges[i]![0] === ranges[i - 1]![1] + 1 && ranges[i]![2] === ranges[i - 1]![2]).toBe(false)
    }),
  )
})

test('merged, the highest number stands; who is lower anywhere is behind', () => {
  fc.assert(
    fc.property(fc.array(models, { minLength: 1, maxLength: 5 }), all => {
      const highest: Model = new Map()
      for (const model of all) for (const [o, n] of model) highest.set(o, Math.max(highest.get(o) ?? 0, n))
      const lineages = all.map(lineageFrom)
      const merged = mergeLineages(lineages)
      expect(spelledOut(merged)).toEqual(sorted(highest))
      for (const [i, model] of all.entries()) expect(isBehind(lineages[i]!, merged)).toBe([...model].some(([o, n]) => n < highest.get(o)!))
    }),
  )
})

test('keyed partitions keep their keys, for a list may change its order', () => {
  const merged = mergeLineages([lineageOf({ key: 'emea' }, 1), lineageOf({ key: 'apac' }, 2), lineageOf({ key: 'emea' }, 2)])
  expect(merged).toEqual({ emea: 2, apac: 2 })
  expect(isBehind(lineageOf({ key: 'emea' }, 1), merged)).toBe(true)
})

test('views that agree are consistent; of two that do not the lower is behind', () => {
  const orders = (number: number) => ({ orders: lineageOf({ ordinal: 3 }, number) })
  expect(reconcile([orders(1), orders(1)])).toEqual({ merged: orders(1), behind: [false, false] })
  expect(reconcile([orders(1), orders(2)])).toEqual({ merged: orders(2), behind: [true, false] })
})

test('a lineage is short text: a range, what stands alone, and numbers only above 1', () => {
  const days = (from: number, to: number, number: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => lineageOf({ ordinal: from + i }, number))
  expect(mergeLineages([...days(11_323, 11_687, 1), ...days(11_688, 11_688, 2)])).toBe('11323..11687,11688:2')
  expect(rangesOf('-3..-1:4,7')).toEqual([
    [-3, -1, 4],
    [7, 7, 1],
  ])
})

test('a dataset that became keyed begins anew, and is behind nothing it was', () => {
  const merged = mergeLineages([lineageOf({ ordinal: 3 }, 2), lineageOf({ key: 'emea' }, 1)])
  expect(merged).toEqual({ emea: 1 })
  expect(isBehind('3', merged)).toBe(false)
  expect(isBehind({ emea: 1 }, '3:2')).toBe(false)
})

test('views name what each is behind, dataset by dataset', () => {
  const views: Ancestry[] = [
    { orders: '1..3', prices: '7:2' },
    { orders: '2:2', regions: { emea: 1 } },
    { prices: '7' },
    { regions: { emea: 3 } },
  ]
  expect(reconcile(views)).toEqual({
    merged: { orders: '1,2:2,3', prices: '7:2', regions: { emea: 3 } },
    behind: [true, true, true, false],
  })
  expect(reconcile([])).toEqual({ merged: {}, behind: [] })
  const same = { orders: '1..3' }
  expect(reconcile([same, { orders: '1..3' }, { prices: '1' }])).toEqual({
    merged: { orders: '1..3', prices: '1' },
    behind: [false, false, false],
  })
  // Three that differ: each is compared with all of them together.
  expect(reconcile([{ orders: '1' }, { orders: '2:2' }, { orders: '1:2' }])).toEqual({
    merged: { orders: '1..2:2' },
    behind: [true, false, false],
  })
})

test('keys are behind one by one', () => {
  expect(isBehind({ a: 1, b: 2 }, { a: 1, b: 3 })).toBe(true)
  expect(isBehind({ a: 1, b: 2 }, { a: 1, b: 2, c: 9 })).toBe(false)
  expect(isBehind('1:2', { a: 9 })).toBe(false)
})
