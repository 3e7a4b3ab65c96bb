import { median, percentile, seeded } from '../../bench/statistics.ts'

test('a percentile is a value that was measured, by nearest rank', () => {
  const values = [5, 1, 4, 2, 3]
  expect(percentile(values, 0.5)).toBe(3)
  expect(percentile(values, 0.99)).toBe(5)
  expect(percentile(values, 0)).toBe(1)
  expect(median([10, 20])).toBe(10)
  expect(values).toEqual([5, 1, 4, 2, 3])
})

test('the same seed gives the same numbers, between 0 and 1', () => {
  const [a, b, other] = [seeded(7), seeded(7), seeded(8)]
  const numbers = Array.from({ length: 100 }, a)
  expect(Array.from({ length: 100 }, b)).toEqual(numbers)
  expect(Array.from({ length: 100 }, other)).not.toEqual(numbers)
  expect(numbers.every(n => n >= 0 && n < 1)).toBe(true)
})
