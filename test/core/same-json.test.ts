import { sameJson } from '../../shared/core/same-json.ts'

test.each([
  [
    { a: 1, b: [{ c: 2, d: 3 }] },
    { b: [{ d: 3, c: 2 }], a: 1 },
  ],
  [{ a: undefined }, {}],
  [[], []],
  [null, null],
])('%j and %j are the same', (a, b) => expect(sameJson(a, b)).toBe(true))

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { b: 1 }],
  [
    [1, 2],
    [2, 1],
  ],
  [[1], [1, 2]],
  [[], {}],
  [{}, null],
  ['1', 1],
])('%j and %j are not', (a, b) => expect(sameJson(a, b)).toBe(false))
