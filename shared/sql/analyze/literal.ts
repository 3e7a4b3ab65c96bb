import { SqlProblem } from '../finding.ts'
import type { ExprOf } from '../parse/ast.ts'
import { duckdbTypeOf, type IntervalUnit, interval, text } from '../type.ts'
import type { Typed } from '../typed.ts'
import { intervalOfText } from './interval.ts'

/** The DuckDB text of a literal, with exactly Spark's type. */
export function literal(expr: ExprOf<'literal'>): Typed {
  const { type, value, at } = expr
  const typed = (sql: string): Typed => ({ type, sql, from: [], at, literal: value })
  if (value === null) return typed('NULL')
  if (typeof value === 'boolean') return typed(String(value))
  switch (type.kind) {
    case 'string':
      return typed(stringText(value))
    case 'int':
      return typed(value.startsWith('-') ? `CAST(${value} AS INTEGER)` : value)
    case 'date':
      return typed(`DATE '${dateOf(value, at)}'`)
    case 'timestamp':
    case 'timestamp_ntz':
      return typed(`TIMESTAMP '${timestampOf(value, at)}'`)
    case 'binary':
      return typed(`unhex('${hexOf(value, at)}')`)
    default:
      return typed(`CAST('${value}' AS ${duckdbTypeOf(type)})`)
  }
}

/** A string in DuckDB's quotes; what an SQL text cannot hold goes by its code. */
export function stringText(value: string): string {
  return value.includes('\0') ? `(${value.split('\0').map(text).join(' || chr(0) || ')})` : text(value)
}

function hexOf(value: string, at: number): string {
  if (!/^[0-9a-fA-F]*$/.test(value)) throw new SqlProblem(`"${value}" is not hexadecimal`, "write X'1C00'", at)
  return value.length % 2 === 1 ? `0${value}` : value
}

function dateOf(value: string, at: number): string {
  const match = /^\s*(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?\s*$/.exec(value)
  const date = match && [match[1], (match[2] ?? '1').padStart(2, '0'), (match[3] ?? '1').padStart(2, '0')].join('-')
  if (!date || Number.isNaN(Date.parse(date)) || new Date(date).toISOString().slice(0, 10) !== date)
    throw new SqlProblem(`"${value}" is not a date`, 'write it like 2001-02-14', at)
  return date
}

const TIMESTAMP =
  /^\s*(\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?)(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?\s*(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?\s*$/

function timestampOf(value: string, at: number): string {
  const match = TIMESTAMP.exec(value)
  const [, day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match ?? []
  if (!match || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    throw new SqlProblem(`"${value}" is not a timestamp`, 'write it like 2001-02-14 05:00:00', at)
  const offset = /([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(zone)
  const minutes = offset ? (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) : 0
  const [y, m, d] = dateOf(day, at).split('-').map(Number)
  const instant = Date.UTC(y!, m! - 1, d!, Number(hour), Number(minute) - minutes, Number(second))
  const micros = fraction.slice(0, 6).replace(/0+$/, '')
  return new Date(instant).toISOString().slice(0, 19).replace('T', ' ') + (micros && `.${micros}`)
}

const ORDER: IntervalUnit[] = ['year', 'month', 'day', 'hour', 'minute', 'second']

/** An interval literal: months, or a number of microseconds. `interval 1 day 2 hours` has the type interval day to hour. */
export function intervalLiteral(expr: ExprOf<'interval'>): Typed {
  const { at } = expr
  const [first] = expr.parts
  if (expr.to)
    return typedInterval(intervalOfText(first!.value, first!.unit, expr.to, expr.negative ?? false, at), first!.unit, expr.to, at)
  const parts = expr.parts.flatMap(p => (p.unit === '' ? partsOfText(p.value, at) : [p]))
  let months = 0n
  let micros = 0n
  const units: IntervalUnit[] = []
  for (const part of parts) {
    const one = intervalOfPart(part.value, part.unit, at)
    months += one.months
    micros += one.micros
    units.push(one.unit)
  }
  units.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
  return typedInterval({ months, micros }, units[0]!, units.at(-1)!, at)
}

function typedInterval(value: { months: bigint; micros: bigint }, from: string, to: string, at: number): Typed {
  const type = interval(from.toLowerCase() as IntervalUnit, to.toLowerCase() as IntervalUnit)
  const inMonths = type.kind === 'interval' && (type.from === 'year' || type.from === 'month')
  if (inMonths !== (type.kind === 'interval' && (type.to === 'year' || type.to === 'month')))
    throw new SqlProblem('an interval holds either years and months, or days and times', 'add two intervals', at)
  const sql = inMonths ? `to_months(CAST(${value.months} AS INTEGER))` : `to_microseconds(CAST(${value.micros} AS BIGINT))`
  return { type, sql, from: [], at, literal: String(inMonths ? value.months : value.micros) }
}

// `INTERVAL '1 day 2 hours'`: the units stand in the text.
function partsOfText(value: string, at: number): { value: string; unit: string }[] {
  const words = value
    .trim()
    .replace(/^interval\s+/i, '')
    .split(/\s+/)
  if (words.length % 2 === 1)
    throw new SqlProblem(`"${value}" is not an interval`, "write INTERVAL 1 DAY, or INTERVAL '1-2' YEAR TO MONTH", at)
  return words.flatMap((word, i) => (i % 2 === 0 ? [{ value: word, unit: words[i + 1]!.toUpperCase().replace(/S$/, '') }] : []))
}

const MICROS: Record<string, bigint> = {
  WEEK: 604_800_000_000n,
  DAY: 86_400_000_000n,
  HOUR: 3_600_000_000n,
  MINUTE: 60_000_000n,
  SECOND: 1_000_000n,
  MILLISECOND: 1000n,
  MICROSECOND: 1n,
}

function intervalOfPart(value: string, unit: string, at: number): { months: bigint; micros: bigint; unit: IntervalUnit } {
  const match = /^\s*([+-]?)\s*(\d+)(?:\.(\d{1,9}))?\s*$/.exec(value)
  if (!match || (match[3] && unit !== 'SECOND'))
    throw new SqlProblem(`"${value}" is not a number of ${unit.toLowerCase()}s`, 'only seconds have a fraction', at)
  const sign = match[1] === '-' ? -1n : 1n
  const n = BigInt(match[2]!) * sign
  if (unit === 'YEAR') return { months: n * 12n, micros: 0n, unit: 'year' }
  if (unit === 'MONTH') return { months: n, micros: 0n, unit: 'month' }
  const factor = MICROS[unit]
  if (!factor)
    throw new SqlProblem(
      `"${unit.toLowerCase()}" is not a unit of time`,
      'write year, month, week, day, hour, minute, second, millisecond or microsecond',
      at,
    )
  const fraction = sign * BigInt((match[3] ?? '').slice(0, 6).padEnd(6, '0'))
  const named = unit === 'WEEK' ? 'day' : unit.endsWith('SECOND') ? 'second' : (unit.toLowerCase() as IntervalUnit)
  return { months: 0n, micros: n * factor + fraction, unit: named }
}
