import { castTo } from '../cast.ts'
import { isDatetime } from '../coerce.ts'
import { Refusal } from '../refusal.ts'
import { type SqlType, T, text, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { datetimePattern } from './datetime-pattern.ts'
import { type CallSite, expectArguments, type Rule, special } from './rule.ts'

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
    throw new Refusal(`${site.name} of ${typeText(value.type)}`, site.at)
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

/** Dates and times from texts, and as texts. */
export const dateTexts: Record<string, Rule> = {
  to_date: toDate,
  to_timestamp: toTimestamp(T.timestamp),
  to_timestamp_ltz: toTimestamp(T.timestamp),
  to_timestamp_ntz: toTimestamp(T.timestamp_ntz),
  try_to_timestamp: toTimestamp(T.timestamp, true),
  date_format: dateFormat,
  from_unixtime: fromUnixtime,
  unix_timestamp: unixTimestamp,
  to_unix_timestamp: unixTimestamp,
}
