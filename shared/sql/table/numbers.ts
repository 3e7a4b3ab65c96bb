import { arithmetic } from '../analyze/arithmetic.ts'
import { castTo, decimalOfDouble } from '../cast.ts'
import { isFractional, isIntegral } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { decimal, duckdbTypeOf, type SqlType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { fill, type Rule, scalar, special } from './rule.ts'

const double = (template: string) => scalar('double', T.double, template)
const same = (x?: Typed) => x!.type
type Decimal = Extract<SqlType, { kind: 'decimal' }>

/** round, bround, floor and ceil to a number of decimals. */
function roundTo(name: string, value: Typed, places: number): { type: SqlType; sql: string } {
  const { type, sql } = value
  if (type.kind === 'decimal') {
    // Spark keeps a digit more for what rounding carries over.
    const whole = type.precision - type.scale + 1
    const kept =
      places < 0
        ? decimal(Math.min(38, Math.max(whole, 1 - places)), 0)
        : decimal(Math.min(38, whole + Math.min(places, type.scale)), Math.min(places, type.scale))
    return { type: kept, sql: `CAST(${decimalRound(name, sql, type, places)} AS ${duckdbTypeOf(kept)})` }
  }
  if (isIntegral(type)) {
    if (places >= 0) return { type, sql }
    return {
      type,
      sql: `CAST(${decimalRound(name, `CAST(${sql} AS DECIMAL(20, 0))`, decimal(20, 0) as Decimal, places)} AS ${duckdbTypeOf(type)})`,
    }
  }
  if (type.kind === 'float') throw new Refusal(`${name} of float`, value.at)
  if (places < -10 || places > 20) throw new Refusal(`${name} to ${places} places`, value.at)
  // Spark rounds the shortest text of a double: round(1.005, 2) is 1.01. Beyond 1e17 a double has no decimals.
  // Reading it as a decimal rounds half up, which is all that round does.
  const rounded =
    name === 'round' && places >= 0
      ? decimalOfDouble(sql, places)
      : decimalRound(name, decimalOfDouble(sql, 20), decimal(38, 20) as Decimal, places)
  return {
    type,
    sql: `CASE WHEN abs(${sql}) < 1e17 THEN CAST(${rounded} AS DOUBLE) ELSE ${places < 0 ? decimalText(name, sql, places) : sql} END`,
  }
}

// Numbers that need no decimals: rounded to tens or more, as far as 38 digits go.
const decimalText = (name: string, sql: string, places: number): string =>
  `CAST(${decimalRound(name, `CAST(CAST(${sql} AS VARCHAR) AS DECIMAL(38, 1))`, decimal(38, 1) as Decimal, places)} AS DOUBLE)`

function decimalRound(name: string, sql: string, type: Decimal, places: number): string {
  if (places >= type.scale) return sql
  // Below 19 digits DuckDB computes in 64 bits, and a product that passes them fails.
  const wide = `CAST(${sql} AS DECIMAL(38, ${type.scale}))`
  if (name === 'round') return `round(${wide}, ${places})`
  const call = name === 'bround' ? 'spark_half_even' : name
  if (places === 0) return `${call}(${sql})`
  const [up, down] = [Math.max(places, -places), places > 0]
  const power = `CAST('1e${up}' AS DECIMAL(${up + 1}, 0))`
  const fraction = `CAST('0.${'1'.padStart(up, '0')}' AS DECIMAL(${up}, ${up}))`
  return down ? `(${call}(${wide} * ${power}) * ${fraction})` : `(${call}(${wide} * ${fraction}) * ${power})`
}

const rounding = (name: 'round' | 'bround'): Rule =>
  special((args, site) => {
    const [value, places] = args
    if (!value || args.length > 2)
      throw new SqlProblem(`${name} takes 1 or 2 arguments; here are ${args.length}`, `write ${name}(x, 2)`, site.at)
    const n = places === undefined ? 0 : Number(places.literal)
    if (!Number.isInteger(n)) throw new Refusal(`${name} to computed places`, site.at)
    const number = value.type.kind === 'string' || value.type.kind === 'void' ? castTo(value, T.double) : value
    if (!(isFractional(number.type) || isIntegral(number.type) || number.type.kind === 'decimal'))
      throw new SqlProblem(`${name} takes a number; this is ${typeText(value.type)}`, 'cast it', value.at)
    return roundTo(name, number, n)
  })

const whole = (name: 'floor' | 'ceil'): Rule =>
  special((args, site) => {
    const [value, places] = args
    if (!value || args.length > 2)
      throw new SqlProblem(`${site.name} takes 1 or 2 arguments; here are ${args.length}`, `write ${site.name}(x)`, site.at)
    if (places) {
      const n = Number(places.literal)
      if (!Number.isInteger(n) || value.type.kind !== 'decimal')
        throw new Refusal(`${site.name} of ${typeText(value.type)} to places`, site.at)
      return roundTo(name, value, n)
    }
    if (value.type.kind === 'decimal') {
      const type = decimal(Math.min(38, Math.max(1, value.type.precision - value.type.scale + 1)), 0)
      return { type, sql: `CAST(${name}(${value.sql}) AS ${duckdbTypeOf(type)})` }
    }
    if (isIntegral(value.type)) return { type: T.bigint, sql: castTo(value, T.bigint).sql }
    return { type: T.bigint, sql: `CAST(${name}(${castTo(value, T.double).sql}) AS BIGINT)` }
  })

// In Java a root or logarithm of what has none is NaN or NULL; in DuckDB an error.
const logarithm = (call: string, bound = '$1 <= 0') => double(`CASE WHEN ${bound} THEN NULL ELSE ${call} END`)
const NAN = "CAST('NaN' AS DOUBLE)"

const trigonometric: Record<string, Rule> = {
  sin: double('sin($1)'),
  cos: double('cos($1)'),
  tan: double('tan($1)'),
  cot: double('(1 / tan($1))'),
  sec: double('(1 / cos($1))'),
  csc: double('(1 / sin($1))'),
  asin: double(`CASE WHEN abs($1) > 1 THEN ${NAN} ELSE asin($1) END`),
  acos: double(`CASE WHEN abs($1) > 1 THEN ${NAN} ELSE acos($1) END`),
  atan: double('atan($1)'),
  atan2: scalar('double, double', T.double, 'atan2($1, $2)'),
  sinh: double('sinh($1)'),
  cosh: double('cosh($1)'),
  tanh: double('tanh($1)'),
  asinh: double('asinh($1)'),
  acosh: double(`CASE WHEN $1 < 1 THEN ${NAN} ELSE acosh($1) END`),
  atanh: double(`CASE WHEN abs($1) > 1 THEN ${NAN} ELSE atanh($1) END`),
  degrees: double('degrees($1)'),
  radians: double('radians($1)'),
}

const power = scalar('double, double', T.double, 'pow($1, $2)')
const sign = scalar('double', T.double, 'CAST(sign($1) AS DOUBLE)')

/** x mod n, never negative for a positive n. */
const pmod: Rule = special((args, site) => {
  const [a, b] = args
  if (!a || !b || args.length !== 2) throw new SqlProblem(`pmod takes 2 arguments; here are ${args.length}`, 'write pmod(x, 7)', site.at)
  if (!isIntegral(a.type) || !isIntegral(b.type)) throw new Refusal(`pmod of ${typeText(a.type)} and ${typeText(b.type)}`, site.at)
  const rest = arithmetic('%', a, b)
  const n = castTo(b, rest.type).sql
  return { type: rest.type, sql: fill('CASE WHEN $1 < 0 THEN ($1 + $2) % $2 ELSE $1 END', [rest, { sql: n }]) }
})

const operator = (op: string): Rule =>
  special((args, site) => {
    const [a, b] = args
    if (!a || !b || args.length !== 2)
      throw new SqlProblem(`${site.name} takes 2 arguments; here are ${args.length}`, `write ${site.name}(a, b)`, site.at)
    return arithmetic(op, a, b)
  })
/** The same, with NULL where it fails. */
const attempt = (op: string): Rule =>
  special((args, site) => {
    const { type, sql } = operator(op).apply(args, site)
    return { type, sql: `TRY(${sql})` }
  })

const shift = (sql: (a: string, b: string, bits: number) => string): Rule =>
  scalar(
    'any, int',
    a => (a!.type.kind === 'bigint' ? T.bigint : T.int),
    (a, b) => {
      if (!isIntegral(a!.type)) throw new Refusal(`a shift of ${typeText(a!.type)}`, a!.at)
      const long = a!.type.kind === 'bigint'
      return sql(castTo(a!, T.bigint).sql, b!.sql, long ? 64 : 32)
    },
  )

export const numbers: Record<string, Rule> = {
  ...trigonometric,
  abs: special((args, site) => {
    const [value] = args
    if (!value || args.length !== 1) throw new SqlProblem(`abs takes 1 argument; here are ${args.length}`, 'write abs(x)', site.at)
    if (value.type.kind === 'interval') throw new Refusal('abs of an interval', site.at)
    const number = value.type.kind === 'string' || value.type.kind === 'void' ? castTo(value, T.double) : value
    return { type: number.type, sql: `abs(${number.sql})` }
  }),
  round: rounding('round'),
  bround: rounding('bround'),
  floor: whole('floor'),
  ceil: whole('ceil'),
  ceiling: whole('ceil'),
  rint: double('round_even($1, 0)'),
  sqrt: double(`CASE WHEN $1 < 0 THEN ${NAN} ELSE sqrt($1) END`),
  cbrt: double('cbrt($1)'),
  exp: double('exp($1)'),
  expm1: double('(exp($1) - 1)'),
  ln: logarithm('ln($1)'),
  log10: logarithm('log10($1)'),
  log2: logarithm('log2($1)'),
  log1p: logarithm('ln(1 + $1)', '$1 <= -1'),
  log: scalar('double, double?', T.double, (a, b) =>
    b
      ? fill('CASE WHEN $1 <= 0 OR $2 <= 0 THEN NULL ELSE ln($2) / ln($1) END', [a!, b])
      : fill('CASE WHEN $1 <= 0 THEN NULL ELSE ln($1) END', [a!]),
  ),
  pow: power,
  power,
  hypot: scalar('double, double', T.double, 'sqrt($1 * $1 + $2 * $2)'),
  sign,
  signum: sign,
  e: scalar('', T.double, 'exp(CAST(1 AS DOUBLE))'),
  pi: scalar('', T.double, 'pi()'),
  mod: operator('%'),
  pmod,
  try_add: attempt('+'),
  try_subtract: attempt('-'),
  try_multiply: attempt('*'),
  try_divide: attempt('/'),
  negative: scalar('numeric', same, '(-$1)'),
  positive: scalar('numeric', same, '$1'),
  factorial: scalar('int', T.bigint, 'CASE WHEN $1 BETWEEN 0 AND 20 THEN CAST(factorial($1) AS BIGINT) END'),
  bin: scalar('bigint', T.string, "CASE WHEN $1 = 0 THEN '0' ELSE ltrim(CAST(CAST($1 AS BIT) AS VARCHAR), '0') END"),
  bit_count: special((args, site) => {
    const [value] = args
    if (!value || !isIntegral(value.type)) throw new Refusal(`bit_count of ${value ? typeText(value.type) : 'nothing'}`, site.at)
    return { type: T.int, sql: `CAST(bit_count(${castTo(value, T.bigint).sql}) AS INTEGER)` }
  }),
  bit_get: scalar('integral, int', T.tinyint, 'CAST(($1 >> $2) & 1 AS TINYINT)'),
  getbit: scalar('integral, int', T.tinyint, 'CAST(($1 >> $2) & 1 AS TINYINT)'),
  // The bits that fall out at the left are lost; the one that comes to stand first is the sign.
  shiftleft: shift(
    (a, b, bits) =>
      `CAST(spark_signed((CAST(${a} AS HUGEINT) * (CAST(1 AS HUGEINT) << (${b} & ${bits - 1}))) % (CAST(1 AS HUGEINT) << ${bits}), CAST(1 AS HUGEINT) << ${bits}) AS ${bits === 64 ? 'BIGINT' : 'INTEGER'})`,
  ),
  shiftright: shift(
    (a, b, bits) => `CAST(spark_floor_div(${a}, CAST(1 AS HUGEINT) << (${b} & ${bits - 1})) AS ${bits === 64 ? 'BIGINT' : 'INTEGER'})`,
  ),
  width_bucket: scalar('double, double, double, bigint', T.bigint, 'spark_width_bucket($1, $2, $3, $4)'),
}
