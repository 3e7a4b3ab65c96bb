import { Temporal } from 'temporal-polyfill'

/** How a dataset is cut, as the contract says it; read here anew, without the core's code. */
export type Cut =
  | { readonly grain: 'hourly' | 'daily' | 'weekly' | 'monthly'; readonly from?: string; readonly timezone: string }
  | { readonly grain: 'keys'; readonly keys: readonly string[] }
  | { readonly grain: 'unpartitioned' }
export type Timed = Extract<Cut, { timezone: string }>

/** A partition as people see it: its key, and for dated ones when it begins and ends. */
export interface Slice {
  readonly key: string
  /** The number that documents name it by: hours, days, ISO weeks or months since the epoch, or the place among keys. */
  readonly ordinal: number
  readonly start: number
  readonly end: number
}
/** All partitions of a grain in a zone over a while, in order. */
export interface Calendar {
  readonly slices: readonly Slice[]
  readonly place: ReadonlyMap<string, number>
}

const calendars = new Map<string, Calendar>()

/** The partitions from some months before a date to some after, far enough that no window of a simulation reaches beyond. */
export function calendarOf(grain: Timed['grain'], timezone: string, around: string): Calendar {
  const name = `${grain} ${grain === 'hourly' ? '' : timezone} ${around}`
  let calendar = calendars.get(name)
  if (!calendar) {
    const middle = Temporal.PlainDate.from(around)
    const slices = slicesOf(grain, timezone, middle.subtract({ days: grain === 'hourly' ? 40 : 150 }), middle.add({ days: 80 }))
    calendar = { slices, place: new Map(slices.map((s, i) => [s.key, i])) }
    calendars.set(name, calendar)
  }
  return calendar
}

function slicesOf(grain: Timed['grain'], timezone: string, from: Temporal.PlainDate, to: Temporal.PlainDate): Slice[] {
  if (grain === 'hourly') return hours(midnight(from, 'UTC'), midnight(to, 'UTC'))
  const slices: Slice[] = []
  const step = grain === 'daily' ? { days: 1 } : grain === 'weekly' ? { weeks: 1 } : { months: 1 }
  let at = grain === 'monthly' ? from.with({ day: 1 }) : grain === 'weekly' ? from.subtract({ days: from.dayOfWeek - 1 }) : from
  for (let start = midnight(at, timezone); Temporal.PlainDate.compare(at, to) < 0; ) {
    const next = at.add(step)
    const end = midnight(next, timezone)
    if (start < end) slices.push({ key: nameOf(grain, at), ordinal: numberOf(grain, at), start, end })
    at = next
    start = end
  }
  return slices
}

function hours(from: number, to: number): Slice[] {
  const slices: Slice[] = []
  for (let start = from; start < to; start += 3_600_000)
    slices.push({ key: `${new Date(start).toISOString().slice(0, 13)}Z`, ordinal: start / 3_600_000, start, end: start + 3_600_000 })
  return slices
}

function midnight(date: Temporal.PlainDate, timezone: string): number {
  return date.toZonedDateTime({ timeZone: timezone }).epochMilliseconds
}

function nameOf(grain: Timed['grain'], date: Temporal.PlainDate): string {
  if (grain === 'weekly') return `${date.yearOfWeek}-W${String(date.weekOfYear).padStart(2, '0')}`
  return grain === 'monthly' ? date.toString().slice(0, 7) : date.toString()
}

function numberOf(grain: Timed['grain'], date: Temporal.PlainDate): number {
  if (grain === 'monthly') return date.year * 12 + date.month - 1
  const days = Date.UTC(date.year, date.month - 1, date.day) / 86_400_000
  // The week of the epoch's Thursday is number 0.
  return grain === 'weekly' ? (days + 3) / 7 : days
}

const firsts = new WeakMap<Timed, number>()

/** When the first instant is that a dataset knows of. */
export function firstInstant(cut: Timed): number {
  if (cut.from === undefined) return Number.NEGATIVE_INFINITY
  let first = firsts.get(cut)
  if (first === undefined) {
    first = cut.from.includes('T') ? Date.parse(cut.from) : midnight(Temporal.PlainDate.from(cut.from), cut.timezone)
    firsts.set(cut, first)
  }
  return first
}

/** The wall-clock time on the day after a partition's last: where a jump skips it, the end of the jump; where it comes twice, the first. */
export function morningAfter(slice: Slice, timezone: string, time: string): number {
  const lastDay = Temporal.Instant.fromEpochMilliseconds(slice.end - 1)
    .toZonedDateTimeISO(timezone)
    .toPlainDate()
  const wanted = Temporal.PlainTime.from(time)
  const day = lastDay.add({ days: 1 })
  const at = day.toZonedDateTime({ timeZone: timezone, plainTime: wanted })
  if (at.toPlainDateTime().equals(day.toPlainDateTime(wanted))) return at.epochMilliseconds
  // Skipped: the first instant whose wall clock is past the wanted time.
  const before = day.toPlainDateTime(wanted).toZonedDateTime(timezone, { disambiguation: 'earlier' })
  return before.getTimeZoneTransition('next')!.epochMilliseconds
}

/** The day that a partition begins on, in a zone. */
export function dateOf(start: number, timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timezone).toPlainDate().toString()
}
