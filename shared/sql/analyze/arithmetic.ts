import { castTo } from '../cast.ts'
import { isDatetime, isFractional, isIntegral, isMonths, isNumeric, operandDecimal, stringPromotion, tightestType } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { interval, type SqlType, T, typeText } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { decimalArithmetic } from './decimal.ts'

/** A divisor, which is an error when it is zero; a cast that cannot succeed says so. */
const nonZero = ({ sql, literal }: Typed, type: string): string =>
  Number(literal) ? sql : `CASE WHEN ${sql} = 0 THEN CAST('division by zero' AS ${type}) ELSE ${sql} END`

/** `+ - * / % div` with Spark's result types; overflow and division by zero are errors. */
export function arithmetic(op: string, left: Typed, right: Typed): Typed {
  const from = origins(left, right)
  const out = (type: SqlType, sql: string): Typed => ({ type, sql: `(${sql})`, from, at: left.at })
  if (left.type.kind === 'unknown' || right.type.kind === 'unknown') return out(T.unknown, 'NULL')
  const temporal = temporalArithmetic(op, left, right, out)
  if (temporal) return temporal
  const [a, b] = numbers(op, left, right)
  if (op !== '/' && (isFractional(a.type) || isFractional(b.type) || !(a.type.kind === 'decimal' || b.type.kind === 'decimal'))) {
    const type = op === 'DIV' ? T.bigint : (tightestType(a.type, b.type) ?? T.double)
    return plain(op, castTo(a, type), castTo(b, type), type, out)
  }
  if (a.type.kind === 'decimal' || b.type.kind === 'decimal') {
    if (!isFractional(a.type) && !isFractional(b.type)) {
      const [da, db] = [castTo(a, operandDecimal(a)), castTo(b, operandDecimal(b))]
      const result = decimalArithmetic(op, da, db)
      return out(result.type, result.sql)
    }
  }
  const [x, y] = [castTo(a, T.double), castTo(b, T.double)]
  return out(T.double, `${x.sql} / ${nonZero(y, 'DOUBLE')}`)
}

function plain(op: string, a: Typed, b: Typed, type: SqlType, out: (type: SqlType, sql: string) => Typed): Typed {
  const duck =
    { tinyint: 'TINYINT', smallint: 'SMALLINT', int: 'INTEGER', bigint: 'BIGINT', float: 'FLOAT' }[type.kind as string] ?? 'DOUBLE'
  if (op === 'DIV') return out(T.bigint, `${a.sql} // ${nonZero(b, duck)}`)
  if (op === '%') return out(type, `${a.sql} % ${nonZero(b, duck)}`)
  return out(type, `${a.sql} ${op} ${b.sql}`)
}

function numbers(op: string, left: Typed, right: Typed): [Typed, Typed] {
  const promoted = (value: Typed, other: Typed): Typed => {
    if (value.type.kind === 'void') return castTo(value, isNumeric(other.type) ? other.type : T.double)
    if (value.type.kind !== 'string') return value
    if (other.type.kind === 'string') throw new Refusal(`${op} of two strings`, value.at)
    return castTo(value, stringPromotion(other.type) ?? T.double)
  }
  const pair: [Typed, Typed] = [promoted(left, right), promoted(right, left)]
  if (pair.some(v => v.type.kind === 'interval')) throw new Refusal(`${typeText(left.type)} ${op} ${typeText(right.type)}`, left.at)
  for (const value of pair)
    if (!isNumeric(value.type))
      throw new SqlProblem(
        `${op === 'DIV' ? 'div' : op} takes numbers; this is ${typeText(value.type)}`,
        isDatetime(value.type) ? 'for dates write date_add, date_diff or an INTERVAL' : 'cast it',
        value.at,
      )
  if (op === 'DIV' && !pair.every(v => isIntegral(v.type))) throw new Refusal('div of fractions', left.at)
  return pair
}

function temporalArithmetic(op: string, left: Typed, right: Typed, out: (type: SqlType, sql: string) => Typed): Typed | undefined {
  const [l, r] = [left.type, right.type]
  if (l.kind === 'interval' && r.kind === 'interval' && (op === '+' || op === '-') && isMonths(l) === isMonths(r))
    return out(tightestType(l, r)!, `${left.sql} ${op} ${right.sql}`)
  if (l.kind === 'interval' && isDatetime(r) && op === '+') return temporalArithmetic(op, right, left, out)
  if (op === '*' && l.kind === 'interval' && isIntegral(r)) return timesInterval(left, right, out)
  if (op === '*' && r.kind === 'interval' && isIntegral(l)) return timesInterval(right, left, out)
  if (!isDatetime(l) && !(isDatetime(r) && l.kind === 'string')) return undefined
  if (op === '-' && (isDatetime(r) || (r.kind === 'string' && isDatetime(l)))) return difference(left, right, out)
  if (op !== '+' && op !== '-') return undefined
  if (r.kind === 'interval') return plusInterval(op, left, right, out)
  if (l.kind === 'date' && (isIntegral(r) || r.kind === 'string')) return out(T.date, `${left.sql} ${op} ${castTo(right, T.int).sql}`)
  return undefined
}

function plusInterval(op: string, left: Typed, right: Typed, out: (type: SqlType, sql: string) => Typed): Typed {
  const type = right.type as Extract<SqlType, { kind: 'interval' }>
  const sum = `${left.sql} ${op} ${right.sql}`
  if (left.type.kind !== 'date') return out(left.type, sum)
  // Whole months and days keep a date a date; anything finer makes it a timestamp.
  return isMonths(type) || type.to === 'day'
    ? out(T.date, `CAST(${sum} AS DATE)`)
    : out(T.timestamp, `CAST(${left.sql} AS TIMESTAMP) ${op} ${right.sql}`)
}

function timesInterval(value: Typed, factor: Typed, out: (type: SqlType, sql: string) => Typed): Typed {
  const n = castTo(factor, T.bigint).sql
  if (isMonths(value.type)) return out(T.months, `to_months(CAST(spark_months(${value.sql}) * ${n} AS INTEGER))`)
  return out(T.micros, `to_microseconds(spark_micros(${value.sql}) * ${n})`)
}

function difference(left: Typed, right: Typed, out: (type: SqlType, sql: string) => Typed): Typed {
  if (left.type.kind === 'date' && right.type.kind === 'date')
    return out(interval('day'), `to_days(CAST(${left.sql} - ${right.sql} AS INTEGER))`)
  const [a, b] = [castTo(left, T.timestamp), castTo(right, T.timestamp)]
  return out(T.micros, `to_microseconds(epoch_us(${a.sql}) - epoch_us(${b.sql}))`)
}
