import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import { quoted } from '../sql/type.ts'
import type { DuckDb } from './duckdb.ts'

/*
 * A schema's types in DuckDB, both ways. Inside a session a timestamp is a plain TIMESTAMP in UTC, as translated SQL wants it; in a
 * file it is marked as an instant, so that every reader of Parquet takes it for one. JSON is its text.
 */

/** The type that holds a column in a session: `DECIMAL(10,2)`, `STRUCT("a" INTEGER)`. */
export function sessionType(type: ColumnType): string {
  return sqlType(type, 'TIMESTAMP')
}

function fileType(type: ColumnType): string {
  return sqlType(type, 'TIMESTAMPTZ')
}

const scalars = {
  string: 'VARCHAR',
  int: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  json: 'VARCHAR',
} as const

function sqlType(type: ColumnType, timestamp: string): string {
  if (typeof type === 'string') return type === 'timestamp' ? timestamp : scalars[type]
  if ('decimal' in type) return `DECIMAL(${type.decimal[0]},${type.decimal[1]})`
  if ('array' in type) return `${sqlType(type.array, timestamp)}[]`
  const fields = Object.entries(type.struct).map(([name, t]) => `${quoted(name)} ${sqlType(t, timestamp)}`)
  return `STRUCT(${fields.join(', ')})`
}

/** The expression that reads a file's column into a session. By way of microseconds, since a cast between the two timestamps asks a calendar for every row. */
export function fromFile(name: string, type: ColumnType): string {
  const column = quoted(name)
  if (type === 'timestamp') return `make_timestamp(epoch_us(${column})) AS ${column}`
  return `CAST(${column} AS ${sessionType(type)}) AS ${column}`
}

/** The expression that writes a session's column, which has its declared type, into a file. */
export function toFile(name: string, type: ColumnType): string {
  const column = quoted(name)
  if (type === 'timestamp') return `make_timestamptz(epoch_us(${column})) AS ${column}`
  return fileType(type) === sessionType(type) ? column : `CAST(${column} AS ${fileType(type)}) AS ${column}`
}

/**
 * The expression that brings a query's column to its declared type, or fails: an overflow is DuckDB's own error, and a number that
 * the declared type cannot hold exactly is one too.
 */
export function toDeclared(name: string, declared: ColumnType, found: string): string {
  const column = quoted(name)
  const type = sessionType(declared)
  if (found === type) return column
  const cast = `CAST(${column} AS ${type})`
  const tried = `TRY_CAST(${column} AS ${type})`
  const numeric = declared === 'int' || declared === 'bigint' || (typeof declared === 'object' && 'decimal' in declared)
  if (!numeric || !/INT|DECIMAL|DOUBLE|FLOAT/.test(found)) return `${cast} AS ${column}`
  const misfit = `error(concat('${name.replaceAll("'", "''")}: ', ${column}, ' does not fit ${type}'))`
  return `CASE WHEN ${column} IS NULL OR ${tried} = ${column} THEN ${tried} ELSE CAST(${misfit} AS ${type}) END AS ${column}`
}

/** The type of a data chunk's vector for a column of a session. */
export function vectorType(duckdb: DuckDb, type: ColumnType): DuckDBType {
  if (typeof type === 'string') {
    const { VARCHAR, INTEGER, BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP } = duckdb
    return {
      string: VARCHAR,
      int: INTEGER,
      bigint: BIGINT,
      double: DOUBLE,
      boolean: BOOLEAN,
      date: DATE,
      timestamp: TIMESTAMP,
      json: VARCHAR,
    }[type]
  }
  if ('decimal' in type) return duckdb.DECIMAL(type.decimal[0], type.decimal[1])
  if ('array' in type) return duckdb.LIST(vectorType(duckdb, type.array))
  return duckdb.STRUCT(Object.fromEntries(Object.entries(type.struct).map(([name, t]) => [name, vectorType(duckdb, t)])))
}

type Convert = (value: unknown) => DuckDBValue
const nullOr =
  (convert: Convert): Convert =>
  value =>
    value === null || value === undefined ? null : convert(value)

// A day has 1,440 minutes, and a partition's dates and times mostly repeat.
const REMEMBERED = 4096

/** Converting a time costs ten times as much as finding it again. */
function remembering(convert: Convert): Convert {
  const known = new Map<unknown, DuckDBValue>()
  return value => {
    let converted = known.get(value)
    if (converted === undefined) {
      converted = convert(value)
      if (known.size === REMEMBERED) known.clear()
      known.set(value, converted)
    }
    return converted
  }
}

/** Makes the function that turns a row's value (as `Value<T>` has it) into DuckDB's. */
export function toDuckDb(duckdb: DuckDb, type: ColumnType): Convert {
  if (typeof type === 'string') {
    switch (type) {
      case 'date':
        return nullOr(remembering(value => new duckdb.DuckDBDateValue(daysOf(value as string))))
      case 'timestamp':
        return nullOr(remembering(value => new duckdb.DuckDBTimestampValue(microsOf(value as string))))
      case 'json':
        return value => (value === undefined || value === null ? null : JSON.stringify(value))
      default:
        return value => (value ?? null) as DuckDBValue
    }
  }
  if ('decimal' in type) {
    const [precision, scale] = type.decimal
    return nullOr(value => new duckdb.DuckDBDecimalValue(unscaledOf(value as string, precision, scale), precision, scale))
  }
  if ('array' in type) {
    const convert = toDuckDb(duckdb, type.array)
    return nullOr(value => new duckdb.DuckDBListValue((value as unknown[]).map(convert)))
  }
  const fields = Object.entries(type.struct).map(([name, t]) => [name, toDuckDb(duckdb, t)] as const)
  return nullOr(
    value =>
      new duckdb.DuckDBStructValue(
        Object.fromEntries(fields.map(([name, convert]) => [name, convert((value as Record<string, unknown>)[name])])),
      ),
  )
}

/** Makes the function that turns DuckDB's value of a column into a row's. */
export function fromDuckDb(type: ColumnType): (value: DuckDBValue) => unknown {
  if (typeof type === 'string') {
    switch (type) {
      case 'date':
        return value => (value === null ? null : dateText((value as { days: number }).days))
      case 'timestamp':
        return value => (value === null ? null : timestampText((value as { micros: bigint }).micros))
      case 'json':
        return value => (value === null ? null : JSON.parse(value as string))
      default:
        return value => value
    }
  }
  if ('decimal' in type) return value => (value === null ? null : String(value))
  if ('array' in type) {
    const convert = fromDuckDb(type.array)
    return value => (value === null ? null : (value as { items: DuckDBValue[] }).items.map(convert))
  }
  const fields = Object.entries(type.struct).map(([name, t]) => [name, fromDuckDb(t)] as const)
  return value => {
    if (value === null) return null
    const { entries } = value as { entries: Record<string, DuckDBValue> }
    return Object.fromEntries(fields.map(([name, convert]) => [name, convert(entries[name] ?? null)]))
  }
}

const DAY_MS = 86_400_000

function daysOf(date: string): number {
  const ms = Date.parse(date)
  if (Number.isNaN(ms) || date.length !== 10) throw unfit(date, 'date')
  return ms / DAY_MS
}

function dateText(days: number): string {
  const ms = days * DAY_MS
  // The years 1 to 9999, which every engine holds; what lies beyond (`infinity` too) cannot be said as a date.
  if (days < -719_162 || days > 2_932_896) throw unfit(`day ${days} since 1970`, 'date')
  return new Date(ms).toISOString().slice(0, 10)
}

// `2001-02-14T05:00:00Z` without a fraction, which Date.parse takes as it is.
const SECONDS_LENGTH = 20

function microsOf(timestamp: string): bigint {
  if (timestamp.length === SECONDS_LENGTH) {
    const ms = Date.parse(timestamp)
    if (!Number.isNaN(ms)) return BigInt(ms) * 1000n
  }
  const m = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/.exec(timestamp)
  const ms = m ? Date.parse(`${m[1]}Z`) : Number.NaN
  if (Number.isNaN(ms)) throw unfit(timestamp, 'timestamp')
  return BigInt(ms) * 1000n + BigInt((m![2] ?? '').padEnd(6, '0'))
}

function timestampText(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = Number((micros - fraction) / 1_000_000n)
  if (seconds < -62_135_596_800 || seconds > 253_402_300_799) throw unfit(`${micros} µs since 1970`, 'timestamp')
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return fraction === 0n ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`
}

function unscaledOf(decimal: string, precision: number, scale: number): bigint {
  const m = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(decimal))
  const fraction = m?.[3] ?? ''
  const extra = fraction.slice(scale)
  if (!m || /[1-9]/.test(extra)) throw unfit(decimal, `decimal(${precision},${scale})`)
  const digits = BigInt(m[2]! + fraction.slice(0, scale).padEnd(scale, '0'))
  if (digits >= 10n ** BigInt(precision)) throw unfit(decimal, `decimal(${precision},${scale})`)
  return m[1] === '-' ? -digits : digits
}

function unfit(value: unknown, type: string): RedeyeError {
  return new RedeyeError('BAD_ROW', `${JSON.stringify(String(value))} is no ${type}`, { remedy: `give a value that a ${type} holds` })
}

/** `"a" INTEGER, "b" VARCHAR`, as a table's definition has it. */
export function columnList(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, type]) => `${quoted(name)} ${sessionType(type)}`)
    .join(', ')
}
