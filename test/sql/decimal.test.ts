import fc from 'fast-check'
import { Bench } from './query.ts'

/** A decimal as Spark has it: `digits` × 10^-scale, with its declared precision. */
interface Decimal {
  precision: number
  scale: number
  digits: bigint
}

const decimals = fc
  .tuple(fc.integer({ min: 1, max: 18 }), fc.nat(8), fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }))
  .map(
    ([precision, scale, digits]): Decimal => ({ precision, scale: Math.min(scale, precision), digits: digits % 10n ** BigInt(precision) }),
  )

const written = ({ digits, scale }: Pick<Decimal, 'digits' | 'scale'>): string => {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const sign = digits < 0n ? '-' : ''
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** a / b rounded half up, away from zero. */
function quotient(a: bigint, b: bigint): bigint {
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  const up = (x % y) * 2n >= y ? 1n : 0n
  return a < 0n !== b < 0n ? -(x / y + up) : x / y + up
}

const shifted = (digits: bigint, by: number): bigint => (by >= 0 ? digits * 10n ** BigInt(by) : quotient(digits, 10n ** BigInt(-by)))

/** Spark's result of an operator, by its documented rules, in whole numbers of any size; undefined where 38 digits are passed. */
function expected(op: string, a: Decimal, b: Decimal): string | undefined {
  const scale = Math.max(a.scale, b.scale)
  const [x, y] = [shifted(a.digits, scale - a.scale), shifted(b.digits, scale - b.scale)]
  if (op === '+') return written({ digits: x + y, scale })
  if (op === '-') return written({ digits: x - y, scale })
  if (op === '*') return a.precision + b.precision + 1 > 38 ? undefined : written({ digits: a.digits * b.digits, scale: a.scale + b.scale })
  if (op === '%') return written({ digits: x % y, scale })
  const wide = Math.max(6, a.scale + b.precision + 1)
  const whole = a.precision - a.scale + b.scale
  const kept = whole + wide <= 38 ? wide : Math.max(38 - whole, Math.min(wide, 6))
  return written({ digits: quotient(shifted(a.digits, kept + b.scale), shifted(b.digits, a.scale)), scale: kept })
}

let bench: Bench
beforeAll(async () => {
  bench = await Bench.open()
})
afterAll(() => bench.close())

// DuckDB plans every statement anew, which costs more than it computes; so each has many cases.
const CASES = 40
const PATIENCE_MS = 60_000

test.each(['+', '-', '*', '/', '%'])(
  'decimals %s as whole numbers of any size would give it',
  async op => {
    const pairs = fc.array(fc.tuple(decimals, decimals), { minLength: CASES, maxLength: CASES })
    await fc.assert(
      fc.asyncProperty(pairs, async all => {
        const cases = all.filter(([a, b]) => b.digits !== 0n && expected(op, a, b) !== undefined)
        const cast = (d: Decimal) => `cast('${written(d)}' AS decimal(${d.precision}, ${d.scale}))`
        const [row] = await bench.rows(`SELECT ${cases.map(([a, b], i) => `${cast(a)} ${op} ${cast(b)} AS c${i}`).join(', ')}`)
        expect(row).toEqual(cases.map(([a, b]) => expected(op, a, b)))
      }),
      { numRuns: 4, endOnFailure: true },
    )
  },
  PATIENCE_MS,
)

/** The decimal that a double's shortest text says. */
function ofDouble(x: number): { digits: bigint; scale: number } {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(x))!
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(`${sign}${whole}${fraction}`)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

test(
  'a double is rounded by its shortest text',
  async () => {
    const double = fc.oneof(
      fc.tuple(fc.integer({ min: -10_000_000, max: 10_000_000 }), fc.nat(8)).map(([n, places]) => n / 10 ** places),
      fc.double({ min: -1e15, max: 1e15, noNaN: true }).filter(x => Math.abs(x) > 1e-12),
    )
    const cases = fc.array(fc.tuple(double, fc.integer({ min: 0, max: 6 })), { minLength: CASES, maxLength: CASES })
    await fc.assert(
      fc.asyncProperty(cases, async all => {
        const [row] = await bench.rows(`SELECT ${all.map(([x, n], i) => `round(cast('${x}' AS double), ${n}) AS c${i}`).join(', ')}`)
        const rounded = all.map(([x, n]) => {
          const { digits, scale } = ofDouble(x)
          return scale <= n ? x : Number(written({ digits: shifted(digits, n - scale), scale: n }))
        })
        // A decimal has no negative zero.
        expect(row!.map(v => (v as number) + 0)).toEqual(rounded.map(v => v + 0))
      }),
      { numRuns: 4, endOnFailure: true },
    )
  },
  PATIENCE_MS,
)
