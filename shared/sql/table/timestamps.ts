import { castTo } from '../cast.ts'
import { isIntegral } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { decimal, type SqlType, T, text, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { expectArguments, type Rule, scalar, special } from './rule.ts'

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

const fromMicros = (factor: string) => scalar('integral', T.timestamp, `spark_from_micros(CAST($1 AS HUGEINT) * ${factor})`)
const toUnix = (divisor: string) => scalar('timestamp', T.bigint, `spark_floor_div(epoch_us($1), ${divisor})`)

/** convert_timezone(from, to, at), or from UTC; of a time without a zone. */
const convertTimezone: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, "convert_timezone('Europe/Madrid', 'America/New_York', at)")
  const [from, to] = args.length === 3 ? [text(zoneName(args[0]!)), text(zoneName(args[1]!))] : ["'UTC'", text(zoneName(args[0]!))]
  return { type: T.timestamp_ntz, sql: `((${castTo(args.at(-1)!, T.timestamp_ntz).sql} AT TIME ZONE ${from}) AT TIME ZONE ${to})` }
})

const dayTime = scalar('int?, int?, int?, any?', T.micros, (...args) => {
  const [days = '0', hours = '0', minutes = '0', seconds = '0'] = args.map(a => a.sql)
  const whole = `(CAST(${days} AS BIGINT) * 86400000000 + CAST(${hours} AS BIGINT) * 3600000000 + CAST(${minutes} AS BIGINT) * 60000000)`
  return `to_microseconds(${whole} + CAST(${seconds} * 1000000 AS BIGINT))`
})

/** Making instants, counting them from 1970, and seeing them in another time zone. */
export const timestamps: Record<string, Rule> = {
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
  convert_timezone: convertTimezone,
  make_dt_interval: special((args, site) => {
    // The seconds have six decimals.
    const seconds = args[3] && castTo(castTo(args[3], decimal(18, 6)), decimal(38, 6))
    return dayTime.apply(seconds ? [...args.slice(0, 3), seconds] : args, site)
  }),
  make_ym_interval: scalar('int?, int?', T.months, (years, months) => `to_months(${years?.sql ?? '0'} * 12 + ${months?.sql ?? '0'})`),
  from_utc_timestamp: zoned((at, zone) => `((${at} AT TIME ZONE 'UTC') AT TIME ZONE ${zone})`),
  to_utc_timestamp: zoned((at, zone) => `((${at} AT TIME ZONE ${zone}) AT TIME ZONE 'UTC')`),
}
