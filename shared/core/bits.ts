/**
 * A set of small whole numbers as text, a bit each, so that a run that waits for ten thousand partitions
 * keeps them in under two kilobytes of its document.
 */
export type Bits = string

const perChar = 6
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const valueOfChar = new Map([...alphabet].map((c, i) => [c, i]))

/** The set of the indexes where `member` holds, among `length` many. */
export function bitsOf(length: number, member: (index: number) => boolean): Bits {
  let bits = ''
  for (let at = 0; at < length; at += perChar) {
    let value = 0
    for (let i = 0; i < perChar && at + i < length; i++) if (member(at + i)) value |= 1 << i
    bits += alphabet[value]
  }
  return bits
}

export function hasBit(bits: Bits, index: number): boolean {
  const char = bits[Math.floor(index / perChar)]
  return char !== undefined && (valueOfChar.get(char)! & (1 << (index % perChar))) !== 0
}

export function withoutBit(bits: Bits, index: number): Bits {
  const at = Math.floor(index / perChar)
  return bits.slice(0, at) + alphabet[valueOfChar.get(bits[at]!)! & ~(1 << (index % perChar))] + bits.slice(at + 1)
}

export function isEmpty(bits: Bits): boolean {
  for (let at = 0; at < bits.length; at++) if (bits[at] !== alphabet[0]) return false
  return true
}

export function countBits(bits: Bits): number {
  let count = 0
  for (const char of bits) for (let v = valueOfChar.get(char)!; v; v &= v - 1) count++
  return count
}
