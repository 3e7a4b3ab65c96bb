import { Temporal } from 'temporal-polyfill'

/** Milliseconds since the epoch, UTC. The only form of an instant inside the core. */
export type EpochMs = number

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

// Zone arithmetic costs microseconds and the same few days are asked for again and again.
const startsOfDay = new Map<string, Map<number, EpochMs>>()

/**
 * When a calendar day (days since 1970-01-01) begins in a zone. A day the zone skips begins when the next one does,
 * so an empty day is one whose start equals the next day's.
 */
export function startOfDay(timezone: string, day: number): EpochMs {
  if (timezone === 'UTC') return day * DAY_MS
  let zone = startsOfDay.get(timezone)
  if (!zone) startsOfDay.set(timezone, (zone = new Map()))
  let start = zone.get(day)
  if (start === undefined) {
    start = Temporal.PlainDate.from(dateOfDay(day)).toZonedDateTime(timezone).epochMilliseconds
    zone.set(day, start)
  }
  return start
}

/** The calendar day (days since 1970-01-01) of an instant in a zone. */
export function dayOf(timezone: string, at: EpochMs): number {
  // A zone is at most 14 hours ahead of UTC or 12 behind, so the day is UTC's or a neighbour.
  let day = Math.floor(at / DAY_MS) + 1
  while (startOfDay(timezone, day) > at) day--
  return day
}

const timesOfDay = new Map<string, Map<number, EpochMs>>()

/** The instant of a wall-clock time on a day: the end of a gap when the day skips it, the first when it has it twice. */
export function timeOfDay(timezone: string, day: number, hour: number, minute: number): EpochMs {
  if (timezone === 'UTC') return day * DAY_MS + hour * HOUR_MS + minute * 60_000
  let zone = timesOfDay.get(timezone)
  if (!zone) timesOfDay.set(timezone, (zone = new Map()))
  const minutes = (day * 24 + hour) * 60 + minute
  let time = zone.get(minutes)
  if (time === undefined) zone.set(minutes, (time = instantOf(timezone, day, hour, minute)))
  return time
}

function instantOf(timezone: string, day: number, hour: number, minute: number): EpochMs {
  const wall = Temporal.PlainDate.from(dateOfDay(day)).toPlainDateTime({ hour, minute })
  const earlier = wall.toZonedDateTime(timezone, { disambiguation: 'earlier' })
  if (earlier.toPlainDateTime().equals(wall)) return earlier.epochMilliseconds
  // Inside a gap: the zone's first instant after the jump.
  return earlier.getTimeZoneTransition('next')!.epochMilliseconds
}

const dates = new Map<number, string>()
const days = new Map<string, number>()

/** `2001-02-14` of days since 1970-01-01. */
export function dateOfDay(day: number): string {
  let date = dates.get(day)
  if (date === undefined) {
    date = new Date(day * DAY_MS).toISOString().slice(0, 10)
    dates.set(day, date)
    // Years of more than four digits have no date in this form.
    if (date[0] !== '+' && date[0] !== '-') days.set(date, day)
  }
  return date
}

/** Days since 1970-01-01 of `2001-02-14`; undefined when that is no calendar date. */
export function dayOfDate(date: string): number | undefined {
  const known = days.get(date)
  if (known !== undefined) return known
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined
  const ms = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(ms)) return undefined
  const day = ms / DAY_MS
  return dateOfDay(day) === date ? day : undefined
}

/** Whether the zone is known to this machine's time zone data. */
export function isTimezone(timezone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone)
    return true
  } catch {
    return false
  }
}

/** The first of so many days, from one on, on which a zone has no such wall-clock time; undefined when it has it on all of them. */
export function dayWithout(timezone: string, hour: number, minute: number, from: number, days: number): number | undefined {
  const first = Temporal.PlainDate.from(dateOfDay(from)).toZonedDateTime(timezone)
  const end = first.add({ days }).epochMilliseconds
  for (let at = first.getTimeZoneTransition('next'); at && at.epochMilliseconds < end; at = at.getTimeZoneTransition('next')) {
    const jump = (at.offsetNanoseconds - at.subtract({ nanoseconds: 1 }).offsetNanoseconds) / 60_000_000_000
    if (jump <= 0) continue
    // The gap ends at this wall-clock time and began so many minutes before it, perhaps on the day before.
    const ends = at.hour * 60 + at.minute
    const wanted = hour * 60 + minute
    const day = dayOfDate(at.toPlainDate().toString())!
    if (ends - jump <= wanted && wanted < ends) return day
    if (ends - jump < 0 && wanted >= 24 * 60 + ends - jump) return day - 1
  }
  return undefined
}
