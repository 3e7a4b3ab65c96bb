import { arithmetic } from '../analyze/arithmetic.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import type { Typed } from '../typed.ts'
import { expectArguments, type Rule, scalar, special } from './rule.ts'

const plusDays = (sign: string) => scalar('date, int', T.date, `($1 ${sign} $2)`)

// What date_trunc and trunc call units.
const UNITS: Record<string, string> = {
  year: 'year',
  yyyy: 'year',
  yy: 'year',
  quarter: 'quarter',
  month: 'month',
  mm: 'month',
  mon: 'month',
  week: 'week',
  day: 'day',
  dd: 'day',
  hour: 'hour',
  minute: 'minute',
  second: 'second',
  millisecond: 'milliseconds',
  microsecond: 'microseconds',
}

function unit(value: Typed, allowed: string[]): string {
  if (typeof value.literal !== 'string') throw new Refusal('a computed unit of time', value.at)
  const found = UNITS[value.literal.toLowerCase()]
  // An unknown unit gives NULL in Spark, which nobody means.
  if (!found || !allowed.includes(found))
    throw new SqlProblem(`"${value.literal}" is not a unit that this takes`, `write ${allowed.join(', ')}`, value.at)
  return found
}

const DATE_UNITS = ['year', 'quarter', 'month', 'week']
const ALL_UNITS = [...DATE_UNITS, 'day', 'hour', 'minute', 'second', 'milliseconds', 'microseconds']

const dateTrunc: Rule = special((args, site) => {
  expectArguments(args, site, 2, 2, "date_trunc('MONTH', at)")
  return { type: T.timestamp, sql: `CAST(date_trunc('${unit(args[0]!, ALL_UNITS)}', ${castTo(args[1]!, T.timestamp).sql}) AS TIMESTAMP)` }
})

const trunc: Rule = special((args, site) => {
  expectArguments(args, site, 2, 2, "trunc(day, 'MM')")
  return { type: T.date, sql: `CAST(date_trunc('${unit(args[1]!, DATE_UNITS)}', ${castTo(args[0]!, T.date).sql}) AS DATE)` }
})

const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY']
// By its whole name, its first three letters or its first two; Sunday is 0.
const DAYS = new Map(WEEKDAYS.flatMap((name, i) => [2, 3, name.length].map(n => [name.slice(0, n), i] as const)))

const dateDiff: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, 'date_diff(end, start)')
  if (args.length === 2) return { type: T.int, sql: `CAST(${castTo(args[0]!, T.date).sql} - ${castTo(args[1]!, T.date).sql} AS INTEGER)` }
  const [unitName, start, end] = args as [Typed, Typed, Typed]
  const micros = {
    WEEK: 604800000000,
    DAY: 86400000000,
    HOUR: 3600000000,
    MINUTE: 60000000,
    SECOND: 1000000,
    MILLISECOND: 1000,
    MICROSECOND: 1,
  }[String(unitName.literal).toUpperCase()]
  const [a, b] = [castTo(start, T.timestamp).sql, castTo(end, T.timestamp).sql]
  if (micros) return { type: T.bigint, sql: `((epoch_us(${b}) - epoch_us(${a})) // ${micros})` }
  throw new Refusal(`${site.name} in ${unitName.literal}s`, site.at)
})

const dateAdd = (sign: '+' | '-'): Rule =>
  special((args, site) => {
    expectArguments(args, site, 2, 3, `${site.name}(day, 1)`)
    if (args.length === 2) {
      if (args[1]!.type.kind === 'interval') return arithmetic(sign, castTo(args[0]!, T.date), args[1]!)
      return plusDays(sign).apply(args, site)
    }
    const [name, count, value] = args as [Typed, Typed, Typed]
    const months = { YEAR: 12, QUARTER: 3, MONTH: 1 }[String(name.literal).toUpperCase()]
    const micros = {
      WEEK: 604800000000,
      DAY: 86400000000,
      HOUR: 3600000000,
      MINUTE: 60000000,
      SECOND: 1000000,
      MILLISECOND: 1000,
      MICROSECOND: 1,
    }[String(name.literal).toUpperCase()]
    if (!months && !micros) throw new Refusal(`${site.name} of ${name.literal}`, site.at)
    const n = castTo(count, T.int).sql
    return {
      type: T.timestamp,
      sql: `(${castTo(value, T.timestamp).sql} + ${months ? `to_months(${n} * ${months})` : `to_microseconds(CAST(${n} AS BIGINT) * ${micros})`})`,
    }
  })

const monthsBetween = scalar('timestamp, timestamp, boolean?', T.double, (a, b, rounded) => {
  const value = `spark_months_between(${a!.sql}, ${b!.sql})`
  if (rounded && typeof rounded.literal !== 'boolean') throw new Refusal('months_between with computed rounding', rounded.at)
  return rounded?.literal === false ? value : `round(${value}, 8)`
})

export const dates: Record<string, Rule> = {
  date_add: dateAdd('+'),
  dateadd: dateAdd('+'),
  date_sub: plusDays('-'),
  timestampadd: dateAdd('+'),
  datediff: dateDiff,
  date_diff: dateDiff,
  timestampdiff: dateDiff,
  add_months: scalar('date, int', T.date, 'CAST($1 + to_months($2) AS DATE)'),
  months_between: monthsBetween,
  last_day: scalar('date', T.date, 'last_day($1)'),
  next_day: special((args, site) => {
    expectArguments(args, site, 2, 2, "next_day(day, 'MONDAY')")
    const [value, name] = args as [Typed, Typed]
    if (typeof name.literal !== 'string') throw new Refusal('next_day of a computed weekday', site.at)
    const wanted = DAYS.get(name.literal.trim().toUpperCase())
    if (wanted === undefined) throw new SqlProblem(`"${name.literal}" is not a day of the week`, "write 'MONDAY', 'MON' or 'MO'", name.at)
    const from = castTo(value, T.date).sql
    return { type: T.date, sql: `(${from} + CAST((${wanted + 6} - dayofweek(${from})) % 7 + 1 AS INTEGER))` }
  }),
  trunc,
  date_trunc: dateTrunc,
}
