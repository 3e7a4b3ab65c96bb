import { duckdbOf } from '../../shared/aws/function-size.ts'

test.each([
  [512, { memoryMb: 192, functionMb: 512, threads: 1 }],
  [1769, { memoryMb: 1449, functionMb: 1769, threads: 1 }],
  [3538, { memoryMb: 3218, functionMb: 3538, threads: 2 }],
  [10_240, { memoryMb: 9920, functionMb: 10_240, threads: 6 }],
  [256, { memoryMb: 128, functionMb: 256, threads: 1 }],
  [undefined, {}],
  [Number.NaN, {}],
])('a function of %s MB gives DuckDB %j', (memory, given) => {
  expect(duckdbOf(memory)).toEqual(given)
})
