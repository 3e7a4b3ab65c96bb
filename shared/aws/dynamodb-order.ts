/** The order of DynamoDB's sort keys: by bytes of UTF-8, which for letters beyond the common ones is not JavaScript's. */
export function compareTexts(a: string, b: string): number {
  // Where no surrogate stands both orders are one.
  return SURROGATE.test(a) || SURROGATE.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : a > b ? 1 : 0
}
const SURROGATE = /[\ud800-\udfff]/

/** Does something with each, so many at once. */
export async function inTurns<T>(all: readonly T[], atOnce: number, perform: (one: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < all.length) await perform(all[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane))
}
