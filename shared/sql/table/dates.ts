import { arithmetic } from '../analyze/arithmetic.ts'
import { castTo } from '../cast.ts'
import { isDatetime, isIntegral, isMonths } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { decimal, type SqlType, T, text, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { datetimePattern } from './datetime-pattern.ts'
import { type CallSite, expectArguments, fill, type Rule, scalar, special } from './rule.ts'

const datePart = (sql: string) => scalar('date', T.int, `CAST(${sql} AS INTEGER)`)
const timePart = (sql: string) => scalar('timestamp', T.int, `CAST(${sql} AS INTEGER)`)
const day = datePart('day($1)')
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

/** Reads a text by a pattern; what has not this form is an error, or NULL. */
function parsed(value: Typed, pattern: Typed): string {
  const { format, regex } = datetimePattern(pattern, true)
  const source = castTo(value, T.string).sql
  return `strptime(CASE WHEN regexp_full_match(${source}, ${text(regex)}) THEN ${source} ELSE 'not by the pattern: ' || ${source} END, ${text(format)})`
}

const toDate: Rule = special((args, site) => {
  expectArguments(args, site, 1, 2, "to_date(text, 'yyyy-MM-dd')")
  const [value, pattern] = args
  if (!pattern || isDatetime(value!.type)) return { type: T.date, sql: dateOf(value!, site) }
  return { type: T.date, sql: `CAST(${parsed(value!, pattern)} AS DATE)` }
})

function dateOf(value: Typed, site: CallSite): string {
  if (!isDatetime(value.type) && value.type.kind !== 'string' && value.type.kind !== 'void')
    throw new SqlProblem(`${site.name} takes a text, a date or a timestamp; this is ${typeText(value.type)}`, 'cast it to string', value.at)
  return castTo(value, T.date).sql
}

const toTimestamp = (type: SqlType, attempt = false): Rule =>
  special((args, site) => {
    expectArguments(args, site, 1, 2, "to_timestamp(text, 'yyyy-MM-dd HH:mm:ss')")
    const [value, pattern] = args
    if (!isDatetime(value!.type) && value!.type.kind !== 'string' && value!.type.kind !== 'void')
      throw new Refusal(`${site.name} of ${typeText(value!.type)}`, site.at)
    const sql = !pattern || isDatetime(value!.type) ? castTo(value!, type).sql : `CAST(${parsed(value!, pattern)} AS TIMESTAMP)`
    return { type, sql: attempt ? `TRY(${sql})` : sql }
  })

const dateFormat: Rule = special((args, site) => {
  expectArguments(args, site, 2, 2, "date_format(day, 'yyyy-MM')")
  return { type: T.string, sql: `strftime(${castTo(args[0]!, T.timestamp).sql}, ${text(datetimePattern(args[1]!, false).format)})` }
})

const fromUnixtime: Rule = special((args, site) => {
  expectArguments(args, site, 1, 2, 'from_unixtime(seconds)')
  const format = args[1] ? datetimePattern(args[1], false).format : '%Y-%m-%d %H:%M:%S'
  return {
    type: T.string,
    sql: `strftime(spark_from_micros(CAST(${castTo(args[0]!, T.bigint).sql} AS HUGEINT) * 1000000), ${text(format)})`,
  }
})

const unixTimestamp: Rule = special((args, site) => {
  expectArguments(args, site, 1, 2, "unix_timestamp(text, 'yyyy-MM-dd')")
  const [value, pattern] = args
  const at = isDatetime(value!.type)
    ? castTo(value!, T.timestamp).sql
    : parsed(value!, pattern ?? { ...value!, literal: 'yyyy-MM-dd HH:mm:ss' })
  return { type: T.bigint, sql: `spark_floor_div(epoch_us(${at}), 1000000)` }
})

const FIELDS: Record<string, { on: 'date' | 'timestamp'; sql: string; type?: SqlType }> = {}
const addField = (names: string, on: 'date' | 'timestamp', sql: string, type?: SqlType): void => {
  for (const name of names.split(' ')) FIELDS[name] = { on, sql, type }
}
addField('YEAR Y YEARS YR YRS', 'date', 'year($1)')
addField('YEAROFWEEK', 'date', 'isoyear($1)')
addField('QUARTER QTR', 'date', 'quarter($1)')
addField('MONTH MON MONS MONTHS', 'date', 'month($1)')
addField('WEEK W WEEKS', 'date', 'weekofyear($1)')
addField('DAY D DAYS', 'date', 'day($1)')
addField('DAYOFWEEK DOW', 'date', '(dayofweek($1) + 1)')
addField('DAYOFWEEK_ISO DOW_ISO', 'date', 'isodow($1)')
addField('DOY', 'date', 'dayofyear($1)')
addField('HOUR H HOURS HR HRS', 'timestamp', 'hour($1)')
addField('MINUTE M MIN MINS MINUTES', 'timestamp', 'minute($1)')
addField(
  'SECOND S SEC SECONDS SECS',
  'timestamp',
  '(CAST(microsecond($1) AS DECIMAL(8, 0)) * CAST(0.000001 AS DECIMAL(6, 6)))',
  decimal(8, 6),
)

const INTERVAL_FIELDS: Record<string, string> = {
  MONTH: '(spark_months($1) % 12)',
  MINUTE: '(spark_micros($1) // 60000000 % 60)',
  HOUR: '(spark_micros($1) // 3600000000 % 24)',
}

/** extract(field FROM source), date_part('field', source). */
const datePartOf: Rule = special((args, site) => {
  expectArguments(args, site, 2, 2, "date_part('year', day)")
  const [name, source] = args as [Typed, Typed]
  if (typeof name.literal !== 'string') throw new Refusal(`${site.name} of a computed field`, site.at)
  const key = name.literal.toUpperCase()
  if (source.type.kind === 'interval') return intervalPart(key, source, site)
  const field = FIELDS[key]
  if (!field)
    throw new SqlProblem(
      `"${name.literal}" is not a field of a date or time`,
      'write year, quarter, month, week, day, dayofweek, doy, hour, minute or second',
      name.at,
    )
  const value = castTo(
    source,
    field.on === 'date' && source.type.kind !== 'date' ? T.timestamp : field.on === 'timestamp' ? T.timestamp : T.date,
  )
  const type = field.type ?? T.int
  return { type, sql: `CAST(${fill(field.sql, [value])} AS ${type.kind === 'decimal' ? 'DECIMAL(8, 6)' : 'INTEGER'})` }
})

function intervalPart(key: string, source: Typed, site: CallSite): { type: SqlType; sql: string } {
  const months = isMonths(source.type)
  if (months && /^YEARS?$/.test(key)) return { type: T.int, sql: `CAST(spark_months(${source.sql}) // 12 AS INTEGER)` }
  if (!months && /^(DAY|DAYS)$/.test(key)) return { type: T.int, sql: `CAST(spark_micros(${source.sql}) // 86400000000 AS INTEGER)` }
  if (!months && /^SECONDS?$/.test(key))
    return {
      type: decimal(8, 6),
      sql: `CAST(CAST(spark_micros(${source.sql}) % 60000000 AS DECIMAL(8, 0)) * CAST(0.000001 AS DECIMAL(6, 6)) AS DECIMAL(8, 6))`,
    }
  const sql = INTERVAL_FIELDS[key.replace(/S$/, '')]
  if (!sql || months !== key.startsWith('MONTH')) throw new Refusal(`${site.name} of ${key} from an interval`, site.at)
  return { type: T.tinyint, sql: `CAST(${fill(sql, [source])} AS TINYINT)` }
}

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

const zoned = (sql: (at: string, zone: string) => string): Rule =>
  special((args, site) => {
    expectArguments(args, site, 2, 2, `${site.name}(at, 'Europe/Madrid')`)
    const [value, zone] = args as [Typed, Typed]
    return { type: T.timestamp, sql: sql(castTo(value, T.timestamp).sql, text(zoneName(zone))) }
  })

function zoneName(zone: Typed): string {
  // A region only: how the engines read offsets (+01:00, GMT+1) differs in sign and form.
  if (typeof zone.literal !== 'string') throw new Refusal('a computed time zone', zone.at)
  if (!/^(UTC|[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z_-]+)+)$/.test(zone.literal)) throw new Refusal(`the time zone ${zone.literal}`, zone.at)
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone.literal })
  } catch {
    throw new SqlProblem(`"${zone.literal}" is not a time zone`, 'write it like Europe/Madrid', zone.at)
  }
  return zone.literal
}

const makeTimestamp = (type: SqlType): Rule =>
  special((args, site) => {
    if (args.length === 7) {
      const zone = text(zoneName(args[6]!))
      return { type, sql: `((${madeTimestamp(args)} AT TIME ZONE ${zone}) AT TIME ZONE 'UTC')` }
    }
    expectArguments(args, site, 6, 6, 'make_timestamp(2001, 2, 14, 5, 30, 0)')
    return { type, sql: madeTimestamp(args) }
  })

function madeTimestamp(args: Typed[]): string {
  const ints = args.slice(0, 5).map(a => castTo(a, T.int).sql)
  const second = castTo(args[5]!, decimal(16, 6)).sql
  return `spark_make_timestamp(${[...ints, second].join(', ')})`
}

const monthsBetween = scalar('timestamp, timestamp, boolean?', T.double, (a, b, rounded) => {
  const value = `spark_months_between(${a!.sql}, ${b!.sql})`
  if (rounded && typeof rounded.literal !== 'boolean') throw new Refusal('months_between with computed rounding', rounded.at)
  return rounded?.literal === false ? value : `round(${value}, 8)`
})

const fromMicros = (factor: string) => scalar('integral', T.timestamp, `spark_from_micros(CAST($1 AS HUGEINT) * ${factor})`)
const toUnix = (divisor: string) => scalar('timestamp', T.bigint, `spark_floor_div(epoch_us($1), ${divisor})`)

export const dates: Record<string, Rule> = {
  year: datePart('year($1)'),
  quarter: datePart('quarter($1)'),
  month: datePart('month($1)'),
  day,
  dayofmonth: day,
  dayofweek: datePart('dayofweek($1) + 1'),
  dayofyear: datePart('dayofyear($1)'),
  weekday: datePart('isodow($1) - 1'),
  weekofyear: datePart('weekofyear($1)'),
  hour: timePart('hour($1)'),
  minute: timePart('minute($1)'),
  second: timePart('second($1)'),
  date_part: datePartOf,
  datepart: datePartOf,
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
  to_date: toDate,
  to_timestamp: toTimestamp(T.timestamp),
  to_timestamp_ltz: toTimestamp(T.timestamp),
  to_timestamp_ntz: toTimestamp(T.timestamp_ntz),
  try_to_timestamp: toTimestamp(T.timestamp, true),
  date_format: dateFormat,
  from_unixtime: fromUnixtime,
  unix_timestamp: unixTimestamp,
  to_unix_timestamp: unixTimestamp,
  unix_date: scalar('date', T.int, "CAST($1 - DATE '1970-01-01' AS INTEGER)"),
  unix_seconds: toUnix('1000000'),
  unix_millis: toUnix('1000'),
  unix_micros: scalar('timestamp', T.bigint, 'epoch_us($1)'),
  date_from_unix_date: scalar('int', T.date, "(DATE '1970-01-01' + $1)"),
  timestamp_seconds: special((args, site) => {
    expectArguments(args, site, 1, 1, 'timestamp_seconds(n)')
    const [value] = args as [Typed]
    if (isIntegral(value.type)) return { type: T.timestamp, sql: `spark_from_micros(CAST(${value.sql} AS HUGEINT) * 1000000)` }
    if (value.type.kind === 'decimal' && value.type.scale <= 6)
      return { type: T.timestamp, sql: `spark_from_micros(CAST(CAST(${value.sql} AS DECIMAL(38, 6)) * 1000000 AS HUGEINT))` }
    throw new Refusal(`timestamp_seconds of ${typeText(value.type)}`, site.at)
  }),
  timestamp_millis: fromMicros('1000'),
  timestamp_micros: fromMicros('1'),
  make_date: scalar('int, int, int', T.date, 'make_date($1, $2, $3)'),
  make_timestamp: makeTimestamp(T.timestamp),
  make_timestamp_ltz: makeTimestamp(T.timestamp),
  make_timestamp_ntz: makeTimestamp(T.timestamp_ntz),
  from_utc_timestamp: zoned((at, zone) => `((${at} AT TIME ZONE 'UTC') AT TIME ZONE ${zone})`),
  to_utc_timestamp: zoned((at, zone) => `((${at} AT TIME ZONE ${zone}) AT TIME ZONE 'UTC')`),
}
