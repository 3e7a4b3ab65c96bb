import { nightOf, nightOrdinals } from '../../shared/core/night.ts'
import { keyOf, type Partitioning } from '../../shared/core/partition.ts'

const keys = (output: Partitioning, date: string) => nightOrdinals(output, date).map(o => keyOf(output, o))
const daily = (timezone: string, from = '2026-01-01'): Partitioning => ({ grain: 'daily', timezone, from })
const hourly = (timezone: string, from = '2026-01-01'): Partitioning => ({ grain: 'hourly', timezone, from })

test('a night makes its day', () => {
  expect(keys(daily('Europe/Madrid'), '2026-03-29')).toEqual(['2026-03-29'])
})

test('a day before the first date, or one that a zone skips, makes nothing', () => {
  expect(keys(daily('UTC'), '2025-12-31')).toEqual([])
  expect(keys(daily('Pacific/Apia', '2011-01-01'), '2011-12-30')).toEqual([])
  expect(keys(hourly('Pacific/Apia', '2011-01-01'), '2011-12-30')).toEqual([])
})

test.each([
  ['2026-03-28', 24, '2026-03-27T23Z', '2026-03-28T22Z'],
  ['2026-03-29', 23, '2026-03-28T23Z', '2026-03-29T21Z'],
  ['2026-10-25', 25, '2026-10-24T22Z', '2026-10-25T22Z'],
])('of hours it makes those that begin on its date: %s has %i in Madrid', (date, count, first, last) => {
  const hours = keys(hourly('Europe/Madrid'), date)
  expect([hours.length, hours[0], hours.at(-1)]).toEqual([count, first, last])
})

test('where a zone is half an hour off, the hours that begin after its midnight', () => {
  const hours = keys(hourly('Asia/Kolkata'), '2026-01-02')
  expect([hours.length, hours[0], hours.at(-1)]).toEqual([24, '2026-01-01T19Z', '2026-01-02T18Z'])
})

test('of the first date’s hours only those that exist', () => {
  expect(keys(hourly('UTC', '2026-01-01T20:00:00Z'), '2026-01-01')).toEqual([
    '2026-01-01T20Z',
    '2026-01-01T21Z',
    '2026-01-01T22Z',
    '2026-01-01T23Z',
  ])
})

test('each hour of a night is of that night, and what has no time is of none', () => {
  const output = hourly('America/New_York')
  for (const date of ['2026-03-08', '2026-11-01']) for (const o of nightOrdinals(output, date)) expect(nightOf(output, o)).toBe(date)
  expect(nightOf({ grain: 'unpartitioned' }, 0)).toBeUndefined()
})

test('what is no date is refused by name', () => {
  expect(() => nightOrdinals(daily('UTC'), '14.2.2001')).toThrow('"14.2.2001" is no date')
})

test('of keys it makes all, of what is undated the one, of weeks and months none', () => {
  expect(keys({ grain: 'keys', keys: ['emea', 'apac'] }, '2026-03-29')).toEqual(['emea', 'apac'])
  expect(keys({ grain: 'unpartitioned' }, '2026-03-29')).toEqual(['all'])
  expect(keys({ grain: 'weekly', timezone: 'UTC' }, '2026-03-29')).toEqual([])
  expect(keys({ grain: 'monthly', timezone: 'UTC' }, '2026-03-01')).toEqual([])
})
