import fc from 'fast-check'
import { rowsDifference } from '../../shared/testing/index.ts'

test.each<[string, object[], object[]]>([
  ['in another order', [{ a: 1 }, { a: 2 }], [{ a: 2 }, { a: 1 }]],
  ['doubles by their last digits', [{ a: 0.1 + 0.2 }], [{ a: 0.3 }]],
  ['a whole double beside one that is not quite', [{ a: 3 }], [{ a: 3.0000000001 }]],
  ['a bigint and its number', [{ a: 27n }], [{ a: 27 }]],
  ['a null and what is left out', [{ a: 1, b: null }], [{ a: 1 }]],
  ['NaN', [{ a: Number.NaN }], [{ a: Number.NaN }]],
  ['nested', [{ a: [{ b: 0.3, c: 'x' }] }], [{ a: [{ c: 'x', b: 0.1 + 0.2 }] }]],
  ['nothing', [], []],
])('the same: %s', (_, received, expected) => {
  expect(rowsDifference(received, expected)).toBeUndefined()
  expect(received).toEqualRows(expected)
})

test.each<[string, object[], object[]]>([
  ['one more', [{ a: 1 }, { a: 1 }], [{ a: 1 }]],
  ['one less', [{ a: 1 }], [{ a: 1 }, { a: 1 }]],
  ['a number and its text', [{ a: 1 }], [{ a: '1' }]],
  ['a double that is another', [{ a: 1.000001 }], [{ a: 1 }]],
  ['a large bigint', [{ a: 9007199254740993n }], [{ a: 9007199254740992n }]],
  ['a column by another name', [{ a: 1 }], [{ b: 1 }]],
  ['null and zero', [{ a: null }], [{ a: 0 }]],
])('not the same: %s', (_, received, expected) => {
  expect(rowsDifference(received, expected)).toBeDefined()
  expect(received).not.toEqualRows(expected)
})

test('what is missing and what is too many is said', () => {
  expect(rowsDifference([{ a: 1 }, { a: 2 }], [{ a: 2 }, { a: 3 }])).toEqual({ missing: [{ a: 3 }], surplus: [{ a: 1 }] })
  expect(() => expect([{ a: 1 }]).toEqualRows([{ a: 3 }])).toThrow(/1 rows received, 1 expected\nmissing: .*3.*\nsurplus: .*1/s)
  expect(() => expect('rows').toEqualRows([])).toThrow('no list of rows')
})

test('rows equal themselves in any order, and not with one taken away', () => {
  const rows = fc.array(fc.record({ a: fc.double(), b: fc.option(fc.string()), c: fc.integer() }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(rows, some => {
      expect(rowsDifference([...some].reverse(), some)).toBeUndefined()
      expect(rowsDifference(some.slice(1), some)).toMatchObject({ surplus: [] })
    }),
  )
})
