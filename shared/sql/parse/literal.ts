import { SqlProblem } from '../finding.ts'
import { decimal, MAX_PRECISION, T } from '../type.ts'
import type { ExprOf } from './ast.ts'
import type { Token } from './lexer.ts'

type Literal = ExprOf<'literal'>

const RANGES = { Y: ['tinyint', 128n], S: ['smallint', 32768n], L: ['bigint', 2n ** 63n] } as const

/** A number with Spark's type for it: 1 is int, 1L bigint, 1.0 decimal(2,1), 1e0 and 1.0D double. `negative` when a minus stands before. */
export function numberLiteral(token: Token, negative: boolean, at: number): Literal {
  const text = token.text.toUpperCase()
  const sign = negative ? '-' : ''
  const suffix = /(?:BD|[LSYDF])$/.exec(text)?.[0] ?? ''
  const digits = text.slice(0, text.length - suffix.length)
  const literal = (type: Literal['type'], value: string): Literal => ({ kind: 'literal', type, value: sign + value, at, end: token.end })
  if (suffix === 'D') return literal(T.double, digits)
  if (suffix === 'F') return literal(T.float, digits)
  if (suffix === 'L' || suffix === 'S' || suffix === 'Y') {
    const [kind, limit] = RANGES[suffix]
    if (!/^\d+$/.test(digits)) throw new SqlProblem(`${token.text} is not a number`, `${suffix} stands after whole numbers only`, at)
    if (!fits(digits, negative, limit)) throw new SqlProblem(`${sign}${token.text} is out of range for ${kind}`, 'write a wider type', at)
    return literal(T[kind], String(BigInt(digits)))
  }
  if (suffix === '' && /E/.test(digits)) return literal(T.double, digits)
  if (suffix === '' && /^\d+$/.test(digits)) {
    if (fits(digits, negative, 2n ** 31n)) return literal(T.int, String(BigInt(digits)))
    if (fits(digits, negative, 2n ** 63n)) return literal(T.bigint, String(BigInt(digits)))
  }
  return decimalLiteral(digits, sign, token, at)
}

const fits = (digits: string, negative: boolean, limit: bigint): boolean => BigInt(digits) < limit || (negative && BigInt(digits) === limit)

function decimalLiteral(digits: string, sign: string, token: Token, at: number): Literal {
  const [mantissa = '', exponent = '0'] = digits.split('E')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = Number(exponent)
  const all = (whole + fraction).replace(/^0+(?=\d)/, '')
  const scale = Math.max(0, fraction.length - shift)
  const unscaled = all + '0'.repeat(Math.max(0, shift - fraction.length))
  // A BigDecimal's precision counts from the first digit that is not zero; Spark's is at least the scale.
  const precision = Math.max(unscaled.replace(/^0+/, '').length || 1, scale)
  if (precision > MAX_PRECISION)
    throw new SqlProblem(`${token.text} has more than ${MAX_PRECISION} digits`, 'write a double, or fewer digits', at)
  const padded = unscaled.padStart(scale + 1, '0')
  const value = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  return { kind: 'literal', type: decimal(precision, scale), value: sign + value, at, end: token.end }
}
