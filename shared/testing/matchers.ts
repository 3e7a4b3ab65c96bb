import { rowsDifference } from './equal-rows.ts'

declare global {
  namespace jest {
    interface Matchers<R> {
      /** The rows are these, in any order, doubles within 1e-9 relative. */
      toEqualRows(expected: readonly object[]): R
    }
  }
}

interface Comparing {
  utils: { printExpected(value: unknown): string; printReceived(value: unknown): string; matcherHint(name: string): string }
}

function toEqualRows(this: Comparing, received: unknown, expected: readonly object[]): { pass: boolean; message: () => string } {
  const { printExpected, printReceived, matcherHint } = this.utils
  if (!Array.isArray(received)) {
    return { pass: false, message: () => `${matcherHint('toEqualRows')}\n\nReceived is no list of rows: ${printReceived(received)}` }
  }
  const difference = rowsDifference(received, expected)
  if (!difference)
    return { pass: true, message: () => `${matcherHint('not.toEqualRows')}\n\nThe rows are the same: ${printReceived(received)}` }
  const missing = difference.missing.map(row => `missing: ${printExpected(row)}`)
  const surplus = difference.surplus.map(row => `surplus: ${printReceived(row)}`)
  const counts = `${received.length} rows received, ${expected.length} expected`
  return { pass: false, message: () => [matcherHint('toEqualRows'), '', counts, ...missing, ...surplus].join('\n') }
}

// Outside jest (another runner, a script) everything but the matcher is there.
const { expect } = globalThis as { expect?: { extend?(matchers: object): void } }
expect?.extend?.({ toEqualRows })
