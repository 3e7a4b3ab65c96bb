import { duckdbOf } from '../../shared/aws/function-size.ts'

test.each([
  [512, { memoryMb: 192, threads: 1 }],
  [1769, { memoryMb: 1449, threads: 1 }],
  [3538, { memoryMb: 3218, threads: 2 }],
  [10_240, { memoryMb: 9920, threads: 6 }],
  [256, { memoryMb: 128, threads: 1 }],
  [undefined, {}],
  [Number.NaN, {}],
])('a function of %s MB gives DuckDB %j', (memory, given) => {
  expect(duckdbOf(memory)).toEqual(given)
})
