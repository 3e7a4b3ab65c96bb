import { isProved } from '../../shared/compute/proved.ts'
import { boundText, mergeStatistics } from '../../shared/compute/statistics.ts'
import type { ColumnType } from '../../shared/core/schema.ts'
import { between, decimal, ingest, notNull } from '../../shared/task/index.ts'
import { day, sourceOf } from './workplace.ts'

test.each<[ColumnType, string[], string[], [string, string]]>([
  ['int', ['9', '10'], ['-2', '100'], ['-2', '100']],
  ['bigint', ['9007199254740993', '9007199254740993'], ['9007199254740992', '9007199254740994'], ['9007199254740992', '9007199254740994']],
  ['double', ['1e-7', '2'], ['-1e300', '1.5'], ['-1e300', '2']],
  [decimal(8, 2), ['9.50', '10.00'], ['-0.01', '9.99'], ['-0.01', '10.00']],
  ['string', ['a', 'z'], ['B', '\u{1f6eb}'], ['B', '\u{1f6eb}']],
  ['string', ['\uff5e', '\uff5e'], ['\u{1f6eb}', '\u{1f6eb}'], ['\uff5e', '\u{1f6eb}']],
  ['date', ['2001-02-14', '2001-02-14'], ['2001-02-13', '2001-03-01'], ['2001-02-13', '2001-03-01']],
])('bounds of two files of %j are those of all values', (type, a, b, [min, max]) => {
  const file = ([low, high]: string[], nulls: number) => ({ nulls, min: low, max: high })
  expect(mergeStatistics(type, file(a, 1), file(b, 2), { a: 5, b: 5 })).toEqual({ nulls: 3, min, max })
  expect(mergeStatistics(type, file(b, 2), file(a, 1), { a: 5, b: 5 })).toEqual({ nulls: 3, min, max })
})

test('a bound that one file does not know is not known; a file of nulls has none and needs none', () => {
  const known = { nulls: 0, min: 'a', max: 'b' }
  expect(mergeStatistics('string', known, { nulls: 1 }, { a: 2, b: 2 })).toEqual({ nulls: 1 })
  expect(mergeStatistics('string', known, { nulls: 2 }, { a: 2, b: 2 })).toEqual({ nulls: 2, min: 'a', max: 'b' })
  expect(mergeStatistics('string', { nulls: 0 }, known, { a: 0, b: 2 })).toEqual(known)
})

test.each<[ColumnType, string, string]>([
  ['timestamp', '2001-02-14 05:00:00+00', '2001-02-14T05:00:00Z'],
  ['timestamp', '2001-02-14 05:00:00.25+00', '2001-02-14T05:00:00.25Z'],
  ['timestamp', '2001-02-14 05:00:00', '2001-02-14T05:00:00Z'],
  ['boolean', '0', 'false'],
  ['boolean', '1', 'true'],
  ['int', '100', '100'],
])('a bound of a %j is the value’s text: %s', (type, bound, text) => {
  expect(boundText(type, bound)).toBe(text)
})

describe('what statistics prove', () => {
  const output = day('things', { n: 'int', d: 'double', on: 'date', money: decimal(8, 2), s: 'string' })
  const task = ingest({ source: sourceOf([]), output })
  const statistics = {
    n: { nulls: 0, min: '1', max: '10' },
    d: { nulls: 1 },
    on: { nulls: 0, min: '2001-02-13', max: '2001-02-14' },
    money: { nulls: 0, min: '1.00', max: '2.00' },
    s: { nulls: 0, min: 'a', max: 'b' },
  }
  test.each([
    [notNull('n', 'on'), true],
    [notNull('n', 'd'), false],
    [between('n', 1, 10), true],
    [between('n', 2, 10), false],
    [between('n', 1, 9), false],
    [between('d', 0, 1), false],
    [between('on', '2001-02-13', '2001-02-14'), true],
    [between('on', '2001-02-14', '2001-02-14'), false],
    [between('on', '2001-2-1', '2001-02-14'), false],
    [between('money', 0, 9), false],
    [between('s', 'a', 'b'), false],
  ] as const)('%j: %s', (check, proved) => {
    expect(isProved(task, check, statistics)).toBe(proved)
  })
})
