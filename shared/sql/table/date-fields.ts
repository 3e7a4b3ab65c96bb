import { castTo } from '../cast.ts'
import { isMonths } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { decimal, type SqlType, T } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type CallSite, expectArguments, fill, type Rule, scalar, special } from './rule.ts'

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

const datePart = (sql: string) => scalar('date', T.int, `CAST(${sql} AS INTEGER)`)
const timePart = (sql: string) => scalar('timestamp', T.int, `CAST(${sql} AS INTEGER)`)
const day = datePart('day($1)')

/** The fields of dates and times, each by its own function or by date_part. */
export const dateFields: Record<string, Rule> = {
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
}
