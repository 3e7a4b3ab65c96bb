/** What a fitting function gives for a value that does not fit; null is taken, being a value. */
export type BadValue = undefined

const wholeNumber = /^[+-]?\d+(\.0*)?$/
const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

// Longer digits are no number of any column, and arithmetic on them would be an attacker's lever.
const LONGEST_NUMBER = 1100

/**
 * Fits whole numbers of so many bits; the 32-bit ones become numbers, the 64-bit ones bigints.
 * `"12.0"` is whole (tables pass through tools that write it so), `"1e3"` is not written as a whole number.
 */
export function integerFitter(bits: 32): (value: unknown) => number | BadValue
export function integerFitter(bits: 64): (value: unknown) => bigint | BadValue
export function integerFitter(bits: 32 | 64): (value: unknown) => number | bigint | BadValue {
  return bits === 32 ? fitInt : fitBigint
}

function fitInt(value: unknown): number | BadValue {
  if (typeof value === 'number') return (value | 0) === value ? value | 0 : undefined
  if (typeof value === 'bigint') return value >= -2147483648n && value <= 2147483647n ? Number(value) : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (text.length > LONGEST_NUMBER || !wholeNumber.test(text)) return undefined
  const whole = Number(text)
  return (whole | 0) === whole ? whole | 0 : undefined
}

function fitBigint(value: unknown): bigint | BadValue {
  // A number beyond 2^53 has lost its last digits before it came here.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (text.length > LONGEST_NUMBER || !wholeNumber.test(text)) return undefined
  const point = text.indexOf('.')
  const digits = point < 0 ? text : text.slice(0, point)
  const whole = BigInt(digits.startsWith('+') ? digits.slice(1) : digits)
  return BigInt.asIntN(64, whole) === whole ? whole : undefined
}

/** Fits doubles: the nearest one; infinities, NaN, and what is too large or too small to be told from them or from zero, are refused. */
export function fitDouble(value: unknown): number | BadValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') {
    const nearest = Number(value)
    return Number.isFinite(nearest) ? nearest : undefined
  }
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (text.length > LONGEST_NUMBER || !number.test(text)) return undefined
  const nearest = Number(text)
  if (!Number.isFinite(nearest)) return undefined
  return nearest === 0 && /[1-9]/.test(text.split(/e/i, 1)[0]!) ? undefined : nearest
}

/** Fits decimals, as exact text with all digits of the scale: `12.5` for decimal(8,2) is `12.50`; a digit beyond precision or scale is refused. */
export function fitDecimal(value: unknown, precision: number, scale: number): string | BadValue {
  // A double means the shortest decimal that gives it back; 0.1 + 0.2 is therefore 0.30000000000000004, and refused.
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''
  if (text.length > LONGEST_NUMBER) return undefined
  const m = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/.exec(text)
  if (!m || (m[2] === '' && m[3] === '')) return undefined
  const exponent = Number(m[4] ?? 0)
  const { whole, fraction } = shift(m[2]!, m[3]!, exponent)
  if (fraction.length > scale || whole.length > precision - scale) return undefined
  const zero = whole === '' && fraction === ''
  const digits = (whole === '' ? '0' : whole) + (scale === 0 ? '' : `.${fraction.padEnd(scale, '0')}`)
  return m[1] === '-' && !zero ? `-${digits}` : digits
}

/** Moves the point by an exponent and drops the zeros that mean nothing. */
function shift(whole: string, fraction: string, exponent: number): { whole: string; fraction: string } {
  let w = whole
  let f = fraction
  if (exponent > 0) {
    w += f.slice(0, exponent).padEnd(exponent, '0')
    f = f.slice(exponent)
  } else if (exponent < 0) {
    const padded = w.padStart(-exponent, '0')
    f = padded.slice(padded.length + exponent) + f
    w = padded.slice(0, padded.length + exponent)
  }
  return { whole: w.replace(/^0+/, ''), fraction: f.replace(/0+$/, '') }
}
