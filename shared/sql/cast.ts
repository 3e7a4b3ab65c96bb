import { isDatetime, isFractional, isIntegral, isMonths, isNumeric } from './coerce.ts'
import { Refusal } from './refusal.ts'
import { duckdbTypeOf, quoted, type SqlType, sameType, text, typeText } from './type.ts'
import type { Typed } from './typed.ts'

/** Whether Spark in ANSI mode has a cast from one type to the other at all. */
export function castable(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'void' || from.kind === 'unknown' || to.kind === 'unknown' || sameType(from, to)) return true
  if (from.kind === 'array' && to.kind === 'array') return castable(from.element, to.element)
  if (from.kind === 'map' && to.kind === 'map') return castable(from.key, to.key) && castable(from.value, to.value)
  if (from.kind === 'struct' && to.kind === 'struct')
    return from.fields.length === to.fields.length && from.fields.every((f, i) => castable(f.type, to.fields[i]!.type))
  if (to.kind === 'string') return true
  if (from.kind === 'string') return !['array', 'map', 'struct', 'void'].includes(to.kind)
  if (isNumeric(from))
    return (
      isNumeric(to) ||
      to.kind === 'boolean' ||
      to.kind === 'timestamp' ||
      (isIntegral(from) && to.kind === 'binary') ||
      to.kind === 'interval'
    )
  if (from.kind === 'boolean') return isNumeric(to)
  if (from.kind === 'date') return isDatetime(to)
  if (from.kind === 'timestamp') return isDatetime(to) || isNumeric(to)
  if (from.kind === 'timestamp_ntz') return isDatetime(to)
  if (from.kind === 'interval') return to.kind === 'interval' ? isMonths(from) === isMonths(to) : isNumeric(to)
  return false
}

/**
 * The DuckDB text of a cast with Spark's ANSI meaning: what does not fit is an error, a fraction is cut, not rounded.
 * Throws Refusal where the table has no such cast. Callers have asked `castable` first.
 */
export function castSql(sql: string, from: SqlType, to: SqlType, at?: number): string {
  if (sameType(from, to) || to.kind === 'unknown' || from.kind === 'unknown') return sql
  const target = duckdbTypeOf(to)
  if (from.kind === 'void') return `CAST(NULL AS ${target})`
  if (from.kind === 'string') return fromString(sql, to, target, at)
  if (to.kind === 'string') return toText(sql, from, at)
  if (isNumeric(from)) return fromNumber(sql, from, to, target, at)
  if (from.kind === 'boolean') return `CAST(${sql} AS ${target})`
  if (isDatetime(from)) return fromDatetime(sql, from, to, target, at)
  if (from.kind === 'interval' && to.kind === 'interval') return widened(from, to) ? sql : refuse(from, to, at)
  return nested(sql, from, to, target, at)
}

function refuse(from: SqlType, to: SqlType, at?: number): never {
  throw new Refusal(`cast of ${typeText(from)} to ${typeText(to)}`, at)
}

function fromString(sql: string, to: SqlType, target: string, at?: number): string {
  if (isIntegral(to)) return `CAST(spark_whole(${sql}) AS ${target})`
  if (to.kind === 'double') return `spark_double(${sql})`
  if (to.kind === 'decimal') return `CAST(spark_number(${sql}) AS ${target})`
  if (to.kind === 'boolean') return `spark_boolean(${sql})`
  if (to.kind === 'date') return `spark_date(${sql})`
  if (isDatetime(to)) return `spark_timestamp(${sql})`
  if (to.kind === 'binary') return `encode(${sql})`
  return refuse({ kind: 'string' }, to, at)
}

function toText(sql: string, from: SqlType, at?: number): string {
  if (from.kind === 'double') return `spark_double_text(${sql})`
  if (from.kind === 'binary') return `decode(${sql})`
  if (isIntegral(from) || from.kind === 'decimal' || from.kind === 'boolean' || isDatetime(from)) return `CAST(${sql} AS VARCHAR)`
  return refuse(from, { kind: 'string' }, at)
}

function fromNumber(sql: string, from: SqlType, to: SqlType, target: string, at?: number): string {
  if (to.kind === 'boolean') return `(${sql} <> 0)`
  if (isIntegral(to)) return isIntegral(from) ? `CAST(${sql} AS ${target})` : `CAST(trunc(${sql}) AS ${target})`
  if (isFractional(to)) return `CAST(${sql} AS ${target})`
  // By its shortest text, as Spark does: 1.005 has three decimals there, and 1.00499… in binary. Reading it rounds half up.
  if (to.kind === 'decimal' && isFractional(from)) return `CAST(${decimalOfDouble(sql, to.scale)} AS ${target})`
  if (to.kind === 'decimal') return `CAST(${sql} AS ${target})`
  if (to.kind === 'timestamp' && isIntegral(from)) return `spark_from_micros(CAST(${sql} AS HUGEINT) * 1000000)`
  return refuse(from, to, at)
}

/**
 * A double as a decimal with 38 digits, rounded half up by its shortest text. DuckDB rounds a text with a negative exponent wrongly
 * (5e-10 becomes 1), so small numbers are read with more decimals than they have, and cast.
 */
export function decimalOfDouble(sql: string, scale: number): string {
  const read = (s: number) => `CAST(CAST(${sql} AS VARCHAR) AS DECIMAL(38, ${s}))`
  return `(CASE WHEN abs(${sql}) < 1e-3 THEN CAST(${read(30)} AS DECIMAL(38, ${scale})) ELSE ${read(scale)} END)`
}

function fromDatetime(sql: string, from: SqlType, to: SqlType, target: string, at?: number): string {
  if (isDatetime(to)) return `CAST(${sql} AS ${target})`
  if (to.kind === 'bigint') return `spark_floor_div(epoch_us(${sql}), 1000000)`
  if (to.kind === 'double') return `(CAST(epoch_us(${sql}) AS DOUBLE) / 1000000)`
  return refuse(from, to, at)
}

const UNITS = ['year', 'month', 'day', 'hour', 'minute', 'second']
type Interval = Extract<SqlType, { kind: 'interval' }>
// A wider interval holds the narrower as it is; a narrower one would have to cut.
const widened = (from: Interval, to: Interval): boolean => UNITS.indexOf(to.to) >= UNITS.indexOf(from.to)

function nested(sql: string, from: SqlType, to: SqlType, target: string, at?: number): string {
  if (from.kind === 'array' && to.kind === 'array') {
    if (from.element.kind === 'void') return `CAST(${sql} AS ${target})`
    return `list_transform(${sql}, lambda cast_item: ${castSql('cast_item', from.element, to.element, at)})`
  }
  if (from.kind === 'map' && to.kind === 'map') {
    const entry = `struct_pack(key := ${castSql('cast_entry.key', from.key, to.key, at)}, value := ${castSql('cast_entry.value', from.value, to.value, at)})`
    return `map_from_entries(list_transform(map_entries(${sql}), lambda cast_entry: ${entry}))`
  }
  if (from.kind === 'struct' && to.kind === 'struct') {
    const fields = from.fields.map(
      (f, i) => `${quoted(to.fields[i]!.name)} := ${castSql(`struct_extract(${sql}, ${text(f.name)})`, f.type, to.fields[i]!.type, at)}`,
    )
    return `CASE WHEN ${sql} IS NULL THEN NULL ELSE struct_pack(${fields.join(', ')}) END`
  }
  return refuse(from, to, at)
}

/** A value cast without being asked, where a type is wanted; the same value when it has it. */
export function castTo(value: Typed, to: SqlType): Typed {
  if (sameType(value.type, to)) return value
  return { ...value, sql: castSql(value.sql, value.type, to, value.at), type: to.kind === 'unknown' ? value.type : to }
}
