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

/**
 * A quotient rounded half up to `type`, exact in 128-bit whole numbers; DuckDB's own is a double. Each operand stands once in the
 * text, since DuckDB plans what is written. `b` is never zero.
 */
export function quotientSql(aSql: string, a: Decimal, bSql: string, b: Decimal, type: Decimal): string {
  const further = type.scale + 1
  // Cut one decimal further on, a cast rounds it; where there is no room for one more digit, the remainder decides.
  const roomy = a.precision - a.scale + b.scale + further <= MAX_PRECISION && further <= MAX_PRECISION
  const scale = roomy ? further : type.scale
  const shift = scale + b.scale - a.scale
  // A quotient of wide decimals may keep fewer decimals than its operands have; then the divisor grows instead.
  const [up, down] = shift >= 0 ? [` * CAST('1e${shift}' AS HUGEINT)`, ''] : ['', ` * CAST('1e${-shift}' AS HUGEINT)`]
  const [n, d] = [`${unscaled(aSql, a.scale)}${up}`, `${unscaled(bSql, b.scale)}${down}`]
  const digits = roomy ? `(${n}) // (${d})` : `list_transform([struct_pack(n := ${n}, d := ${d})], lambda q: spark_ratio(q.n, q.d))[1]`
  const fraction = scale === 0 ? '1' : `CAST('0.${'1'.padStart(scale, '0')}' AS DECIMAL(${scale}, ${scale}))`
  return `CAST(CAST(${digits} AS DECIMAL(38, 0)) * ${fraction} AS ${duckdbTypeOf(type)})`
}

/** The digits of a decimal as a whole number. */
function unscaled(sql: string, scale: number): string {
  if (scale === 0) return `CAST(${sql} AS HUGEINT)`
  return `CAST(CAST(${sql} AS DECIMAL(38, ${scale})) * CAST('1e${scale}' AS DECIMAL(${scale + 1}, 0)) AS HUGEINT)`
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
    // Below 19 digits DuckDB computes in 64 bits, and a product that passes them fails.
    const wide = cast(left, decimal(MAX_PRECISION, a.scale) as Decimal)
    return { type, sql: `CAST(${a.precision + b.precision > 18 ? wide : left.sql} * ${right.sql} AS ${duckdbTypeOf(type)})` }
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
