import type { BadValue } from './fit-number.ts'

const dateText = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?$/
const timestampText = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/

/** Fits dates. A midnight is its date, since databases and drivers write dates so; any other time of day would be lost, so it is refused. */
export function fitDate(value: unknown): string | BadValue {
  const text = value instanceof Date ? isoOf(value) : typeof value === 'string' ? value.trim() : undefined
  if (text === undefined) return undefined
  const m = dateText.exec(text)
  return m && isDate(Number(m[1]), Number(m[2]), Number(m[3])) ? text.slice(0, 10) : undefined
}

/**
 * Fits timestamps to ISO in UTC, with as many digits of a second as say something, up to microseconds. A text without an
 * offset is UTC (as in Spark with its zone set to UTC); a date alone is its midnight. A bare number is refused: it may be seconds or milliseconds.
 */
export function fitTimestamp(value: unknown): string | BadValue {
  const text = value instanceof Date ? isoOf(value) : typeof value === 'string' ? value.trim() : undefined
  const m = text === undefined ? null : timestampText.exec(text)
  if (!m) return undefined
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])]
  const [hour, minute, second] = [Number(m[4] ?? 0), Number(m[5] ?? 0), Number(m[6] ?? 0)]
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined
  const fraction = (m[7] ?? '').replace(/0+$/, '')
  if (fraction.length > 6) return undefined
  const seconds = utcSeconds(text!, m[8], hour, minute, second)
  return seconds === undefined ? undefined : `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

function utcSeconds(text: string, offset: string | undefined, hour: number, minute: number, second: number): string | BadValue {
  const date = text.slice(0, 10)
  const minutes = offsetMinutes(offset)
  if (minutes === undefined) return undefined
  if (minutes === 0) return `${date}T${two(hour)}:${two(minute)}:${two(second)}`
  const shifted = isoOf(new Date(Date.parse(`${date}T${two(hour)}:${two(minute)}:${two(second)}Z`) - minutes * 60_000))
  return shifted?.slice(0, 19)
}

function offsetMinutes(offset: string | undefined): number | BadValue {
  if (offset === undefined || offset.length < 2 || offset === 'UTC') return 0
  const digits = offset.replace(':', '')
  const hours = Number(digits.slice(1, 3))
  const minutes = Number(digits.slice(3, 5) || 0)
  if (hours > 18 || minutes > 59) return undefined
  return (offset[0] === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/** ISO text of an instant between the years 1 and 9999, the ones that every engine holds. */
function isoOf(at: Date): string | BadValue {
  const ms = at.getTime()
  return ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999 ? at.toISOString() : undefined
}

function isDate(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false
  if (day <= 28) return true
  if (month === 2) return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
}

const two = (n: number): string => (n < 10 ? `0${n}` : String(n))
