import { decimal, type IntervalUnit, interval, MAX_PRECISION, type SqlType, sameType, T } from './type.ts'
import type { Typed } from './typed.ts'

const INTEGRALS = ['tinyint', 'smallint', 'int', 'bigint']
// How many digits each whole number type may have; Spark's DecimalType.forType.
const DIGITS: Record<string, number> = { tinyint: 3, smallint: 5, int: 10, bigint: 20 }
const UNITS: IntervalUnit[] = ['year', 'month', 'day', 'hour', 'minute', 'second']

export const isIntegral = (type: SqlType): boolean => INTEGRALS.includes(type.kind)
export const isFractional = (type: SqlType): boolean => type.kind === 'float' || type.kind === 'double'
export const isNumeric = (type: SqlType): boolean => isIntegral(type) || isFractional(type) || type.kind === 'decimal'
export const isDatetime = (type: SqlType): boolean => ['date', 'timestamp', 'timestamp_ntz'].includes(type.kind)
export const isMonths = (type: SqlType): boolean => type.kind === 'interval' && (type.from === 'year' || type.from === 'month')
export const isAtomic = (type: SqlType): boolean => !['array', 'map', 'struct', 'unknown'].includes(type.kind)

/** The decimal that holds every value of a whole number type. */
export function decimalOf(type: SqlType): Extract<SqlType, { kind: 'decimal' }> {
  if (type.kind === 'decimal') return type
  return { kind: 'decimal', precision: DIGITS[type.kind] ?? 10, scale: 0 }
}

/** The decimal of an operand: a literal takes as many digits as it has, so that `price * 2` stays narrow. */
export function operandDecimal(value: Typed): Extract<SqlType, { kind: 'decimal' }> {
  if (isIntegral(value.type) && typeof value.literal === 'string')
    return { kind: 'decimal', precision: value.literal.replace('-', '').length, scale: 0 }
  return decimalOf(value.type)
}

/** The decimal that holds both; where that needs more than 38 digits, Spark keeps the whole digits' share. */
export function widerDecimal(a: SqlType, b: SqlType): SqlType {
  const [x, y] = [decimalOf(a), decimalOf(b)]
  const scale = Math.max(x.scale, y.scale)
  const range = Math.max(x.precision - x.scale, y.precision - y.scale)
  return decimal(Math.min(range + scale, MAX_PRECISION), Math.min(scale, MAX_PRECISION))
}

/** Spark's rule in ANSI mode for the one type that two types go to without losing anything; undefined where there is none. */
export function tightestType(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'unknown' || b.kind === 'unknown') return T.unknown
  if (sameType(a, b)) return a
  if (a.kind === 'void') return b
  if (b.kind === 'void') return a
  if (isNumeric(a) && isNumeric(b)) return widerNumber(a, b)
  if (isDatetime(a) && isDatetime(b)) return a.kind === 'timestamp' || b.kind === 'timestamp' ? T.timestamp : T.timestamp_ntz
  if (a.kind === 'interval' && b.kind === 'interval' && isMonths(a) === isMonths(b)) {
    const at = (unit: IntervalUnit) => UNITS.indexOf(unit)
    return interval(UNITS[Math.min(at(a.from), at(b.from))]!, UNITS[Math.max(at(a.to), at(b.to))]!)
  }
  return tightestComplex(a, b)
}

function widerNumber(a: SqlType, b: SqlType): SqlType {
  if (isFractional(a) || isFractional(b)) return a.kind === 'float' && b.kind === 'float' ? a : T.double
  if (a.kind === 'decimal' || b.kind === 'decimal') return widerDecimal(a, b)
  return INTEGRALS.indexOf(a.kind) > INTEGRALS.indexOf(b.kind) ? a : b
}

function tightestComplex(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'array' && b.kind === 'array') {
    const element = tightestType(a.element, b.element)
    return element && { kind: 'array', element }
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const key = tightestType(a.key, b.key)
    const value = tightestType(a.value, b.value)
    return key && value && { kind: 'map', key, value }
  }
  if (a.kind === 'struct' && b.kind === 'struct' && a.fields.length === b.fields.length) {
    const fields = a.fields.map((f, i) => ({ name: f.name, other: b.fields[i]!.name, type: tightestType(f.type, b.fields[i]!.type) }))
    if (fields.some(f => !f.type || f.name.toLowerCase() !== f.other.toLowerCase())) return undefined
    return { kind: 'struct', fields: fields.map(f => ({ name: f.name, type: f.type! })) }
  }
  return undefined
}

/** What a string and another type are compared or computed as: the other type, a whole number as bigint, a fraction as double. */
export function stringPromotion(other: SqlType): SqlType | undefined {
  if (isIntegral(other)) return T.bigint
  if (isFractional(other) || other.kind === 'decimal') return T.double
  if (isDatetime(other) || other.kind === 'boolean' || other.kind === 'binary') return other
  return undefined
}

/** What two operands of a comparison are compared as; undefined where they cannot be. */
export function comparedAs(a: Typed, b: Typed): SqlType | undefined {
  if (a.type.kind === 'string' && b.type.kind !== 'string' && b.type.kind !== 'void')
    return stringPromotion(b.type) ?? tightestType(a.type, b.type)
  if (b.type.kind === 'string' && a.type.kind !== 'string' && a.type.kind !== 'void')
    return stringPromotion(a.type) ?? tightestType(a.type, b.type)
  if (a.type.kind === 'decimal' && isIntegral(b.type)) return widerDecimal(a.type, operandDecimal(b))
  if (b.type.kind === 'decimal' && isIntegral(a.type)) return widerDecimal(operandDecimal(a), b.type)
  return tightestType(a.type, b.type)
}

/** The common type of several values (coalesce, CASE, IN, UNION …); a string among others goes to their type. Undefined where there is none. */
export function commonType(types: SqlType[]): SqlType | undefined {
  return types.reduce<SqlType | undefined>((sofar, type) => sofar && widerType(sofar, type), T.void)
}

function widerType(a: SqlType, b: SqlType): SqlType | undefined {
  return tightestType(a, b) ?? (a.kind === 'string' ? stringPromotion(b) : b.kind === 'string' ? stringPromotion(a) : undefined)
}

/** Whether a value of one type may be given where another is asked for, without a cast. */
export function assignsTo(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'unknown' || to.kind === 'unknown' || from.kind === 'void' || sameType(from, to)) return true
  if (from.kind === 'string') return isAtomic(to) && to.kind !== 'interval'
  if (to.kind === 'string') return isAtomic(from) && from.kind !== 'interval' && from.kind !== 'binary'
  if (isNumeric(from) && isNumeric(to)) return true
  if (isDatetime(from) && isDatetime(to)) return true
  if (from.kind === 'interval' && to.kind === 'interval') return isMonths(from) === isMonths(to)
  if (from.kind === 'array' && to.kind === 'array') return assignsTo(from.element, to.element)
  if (from.kind === 'map' && to.kind === 'map') return assignsTo(from.key, to.key) && assignsTo(from.value, to.value)
  return false
}
