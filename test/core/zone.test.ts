import { DAY_MS, dateOfDay, dayOf, dayOfDate, dayWithout, HOUR_MS, isTimezone, startOfDay, timeOfDay } from '../../shared/core/zone.ts'

const day = (date: string) => dayOfDate(date)!
const without = (timezone: string, time: string, from: string, days: number) => {
  const [hour, minute] = time.split(':').map(Number)
  const found = dayWithout(timezone, hour!, minute!, day(from), days)
  return found === undefined ? undefined : dateOfDay(found)
}

test('a date is its days since 1970, and nothing else is a date', () => {
  expect(day('1970-01-01')).toBe(0)
  expect(day('2001-02-14')).toBe(Date.parse('2001-02-14') / DAY_MS)
  expect(dateOfDay(day('2004-02-29'))).toBe('2004-02-29')
  for (const wrong of ['2001-02-30', '2001-13-01', '2001-2-14', 'x2001-02-14', '2001-02-14x', '2001-02-14T00Z', ''])
    expect(dayOfDate(wrong)).toBeUndefined()
})

test('a date is the same day however often it is asked, and years beyond four digits have none', () => {
  const late = day('9999-12-31') + 1
  expect(dateOfDay(late).startsWith('+')).toBe(true)
  expect(dayOfDate(dateOfDay(late))).toBeUndefined()
  expect(dayOfDate('9999-12-31')).toBe(late - 1)
  expect(dayOfDate('9999-12-31')).toBe(late - 1)
})

test.each([
  ['UTC', '2001-02-14', '2001-02-14T00:00:00.000Z'],
  ['Europe/Madrid', '2001-02-14', '2001-02-13T23:00:00.000Z'],
  ['Europe/Madrid', '2001-07-14', '2001-07-13T22:00:00.000Z'],
  // Midnight itself is skipped: the day begins with the jump's end.
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
  // A date that is skipped as a whole begins when the next one does.
  ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
  ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00.000Z'],
])('in %s %s begins at %s', (timezone, date, start) => {
  expect(new Date(startOfDay(timezone, day(date))).toISOString()).toBe(start)
  expect(new Date(startOfDay(timezone, day(date))).toISOString()).toBe(start)
})

test('an instant’s day begins at or before it, and the next one after it', () => {
  for (const timezone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu'])
    for (const at of [Date.parse('2001-02-14T00:00:00Z'), Date.parse('2001-02-14T13:59:59.999Z'), Date.parse('1969-06-01T05:00:00Z')]) {
      const d = dayOf(timezone, at)
      expect(startOfDay(timezone, d)).toBeLessThanOrEqual(at)
      expect(startOfDay(timezone, d + 1)).toBeGreaterThan(at)
    }
})

test('a time of day in UTC is counted, elsewhere it is the zone’s, each time anew', () => {
  expect(timeOfDay('UTC', 10, 4, 30)).toBe(10 * DAY_MS + 4 * HOUR_MS + 30 * 60_000)
  const madrid = (hour: number, minute: number) => timeOfDay('Europe/Madrid', day('2026-03-10'), hour, minute)
  expect(madrid(4, 30)).toBe(Date.parse('2026-03-10T03:30Z'))
  expect(madrid(4, 31)).toBe(Date.parse('2026-03-10T03:31Z'))
  expect(madrid(5, 30)).toBe(Date.parse('2026-03-10T04:30Z'))
  expect(timeOfDay('Europe/Madrid', day('2026-03-11'), 4, 30)).toBe(Date.parse('2026-03-11T03:30Z'))
  expect(madrid(4, 30)).toBe(Date.parse('2026-03-10T03:30Z'))
})

test('a zone is one that time zone data knows', () => {
  expect(isTimezone('Europe/Madrid')).toBe(true)
  expect(isTimezone('UTC')).toBe(true)
  expect(isTimezone('Europe/Barcelona')).toBe(false)
})

describe('the first day without a wall-clock time', () => {
  test.each([
    ['02:00', '2026-03-29'],
    ['02:30', '2026-03-29'],
    ['02:59', '2026-03-29'],
    ['01:59', undefined],
    ['03:00', undefined],
    ['00:30', undefined],
  ])('in spring in Madrid %s: %s', (time, date) => expect(without('Europe/Madrid', time, '2026-01-01', 365)).toBe(date))

  test('is looked for in so many days only, from the one that is named', () => {
    expect(without('Europe/Madrid', '02:30', '2026-01-01', 87)).toBeUndefined()
    expect(without('Europe/Madrid', '02:30', '2026-01-01', 88)).toBe('2026-03-29')
    expect(without('Europe/Madrid', '02:30', '2026-03-29', 1)).toBe('2026-03-29')
    expect(without('Europe/Madrid', '02:30', '2026-03-30', 365)).toBe('2027-03-28')
  })

  test('is none where clocks do not change, or only go back', () => {
    expect(without('Asia/Tokyo', '02:30', '2026-01-01', 365)).toBeUndefined()
    expect(without('Europe/Madrid', '02:30', '2026-10-01', 60)).toBeUndefined()
  })

  test('is the day before, where the jump crosses midnight', () => {
    // Samoa went from the end of the 29th to the beginning of the 31st: the 30th had no time at all.
    expect(without('Pacific/Apia', '12:00', '2011-12-01', 60)).toBe('2011-12-30')
    expect(['22:59', '23:00', '23:59', '00:00'].map(time => without('America/Nuuk', time, '2026-03-01', 60))).toEqual([
      undefined,
      '2026-03-28',
      '2026-03-28',
      undefined,
    ])
    // From half past eleven to half past midnight: a part on either day.
    expect(['23:29', '23:30', '00:00', '00:29', '00:30'].map(time => without('America/Toronto', time, '1919-03-01', 60))).toEqual([
      undefined,
      '1919-03-30',
      '1919-03-31',
      '1919-03-31',
      undefined,
    ])
    expect(without('America/Sao_Paulo', '00:30', '2018-11-01', 30)).toBe('2018-11-04')
    expect(without('America/Sao_Paulo', '23:30', '2018-11-01', 30)).toBeUndefined()
  })
})
