import { firstLine, rowsText, timeText } from '../../../cli/measures.ts'

test.each([
  [0, '0.0 s'],
  [940, '0.9 s'],
  [59_940, '59.9 s'],
  [59_960, '1 m 0 s'],
  [72_400, '1 m 12 s'],
  [7_500_000, '2 h 5 m'],
])('%i ms are %s', (ms, text) => {
  expect(timeText(ms)).toBe(text)
})

test('rows are counted, and messages begin with their first line', () => {
  expect([rowsText(1), rowsText(16359)]).toEqual(['1 row', '16,359 rows'])
  expect(firstLine('it failed\n    at somewhere')).toBe('it failed')
})
