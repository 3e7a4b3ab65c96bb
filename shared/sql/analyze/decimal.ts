import { Refusal } from '../refusal.ts'
import { decimal, duckdbTypeOf, MAX_PRECISION, type SqlType } from '../type.ts'
import type { Typed } from '../typed.ts'

type Decimal = Extract<SqlType, { kind: 'decimal' }>
// Spark keeps at least this many decimals when the whole digits need the room.
const MINIMUM_SCALE = 6

/** Spark's adjustPrecisionScale: the whole digits go first, but not below six decimals. */
export function adjusted(precision: number, scale: number): Decimal {
  if (precision <= MAX_PRECISION) return decimal(precision, scale) as Decimal
  const whole = precision - scale
  return decimal(MAX_PRECISION, Math.max(MAX_PRECISION - whole, Math.min(scale, MINIMUM_SCALE))) as Decimal
}

/** The type of a quotient of two decimals. */
export function quotientType(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(MINIMUM_SCALE, a.scale + b.precision + 1)
  return adjusted(a.precision - a.scale + b.scale + scale, scale)
}

/** A quotient rounded half up to `type`, exact in whole numbers; DuckDB's own is a double. `b` is zero never. */
export function quotientSql(aSql: string, a: Decimal, bSql: string, b: Decimal, type: Decimal): string {
  const whole = (sql: string, scale: number) =>
    scale === 0 ? `CAST(${sql} AS HUGEINT)` : `CAST(${sql} * CAST('1e${scale}' AS DECIMAL(${scale + 1}, 0)) AS HUGEINT)`
  const shift = type.scale + b.scale - a.scale
  // A quotient of wide decimals may keep fewer decimals than its operands have; then the divisor grows instead.
  const [up, down] = shift >= 0 ? [` * CAST('1e${shift}' AS HUGEINT)`, ''] : ['', ` * CAST('1e${-shift}' AS HUGEINT)`]
  const digits = `spark_ratio(${whole(aSql, a.scale)}${up}, ${whole(bSql, b.scale)}${down})`
  return `CAST(spark_scaled(${digits}, ${type.scale}) AS ${duckdbTypeOf(type)})`
}

/** `+ - * / %` of two decimals. Throws Refusal where DuckDB's 38 digits would not hold what Spark's intermediate does. */
export function decimalArithmetic(op: string, left: Typed, right: Typed): { type: SqlType; sql: string } {
  const [a, b] = [left.type as Decimal, right.type as Decimal]
  const scale = Math.max(a.scale, b.scale)
  const wholes = [a.precision - a.scale, b.precision - b.scale]
  const cast = (value: Typed, type: Decimal) => `CAST(${value.sql} AS ${duckdbTypeOf(type)})`
  if (op === '+' || op === '-') {
    const type = adjusted(Math.max(...wholes) + scale + 1, scale)
    if (type.scale !== scale) throw new Refusal(`decimal ${op} beyond ${MAX_PRECISION} digits`, left.at)
    return { type, sql: `CAST(${cast(left, type)} ${op} ${cast(right, type)} AS ${duckdbTypeOf(type)})` }
  }
  if (op === '*') {
    const type = adjusted(a.precision + b.precision + 1, a.scale + b.scale)
    // Spark drops decimals of the exact product, for which 38 digits need not suffice.
    if (type.scale < a.scale + b.scale) throw new Refusal(`decimal * beyond ${MAX_PRECISION} digits`, left.at)
    return { type, sql: `CAST(${left.sql} * ${right.sql} AS ${duckdbTypeOf(type)})` }
  }
  if (op === '%') {
    const type = adjusted(Math.min(...wholes) + scale, scale)
    const common = adjusted(Math.max(...wholes) + scale, scale)
    if (common.scale !== scale) throw new Refusal(`decimal % beyond ${MAX_PRECISION} digits`, left.at)
    return { type, sql: `CAST(${cast(left, common)} % ${cast({ ...right, sql: nonZero(right) }, common)} AS ${duckdbTypeOf(type)})` }
  }
  const type = quotientType(a, b)
  // The dividend, shifted to the quotient's scale, must fit 128 bits whatever its value.
  if (a.precision - a.scale + b.scale + type.scale > MAX_PRECISION) throw new Refusal(`decimal / beyond ${MAX_PRECISION} digits`, left.at)
  return { type, sql: quotientSql(left.sql, a, nonZero(right), b, type) }
}

const nonZero = (value: Typed): string =>
  `CASE WHEN ${value.sql} = 0 THEN CAST('division by zero' AS ${duckdbTypeOf(value.type)}) ELSE ${value.sql} END`
