// What two engines may differ by in a double: the order of additions changes the last digits.
const RELATIVE = 1e-9

/**
 * How two lists of rows differ as multisets, doubles within 1e-9 relative; undefined when they do not. Columns that one row leaves
 * out are null in it, and a bigint equals the number of the same value.
 *
 * @example
 * rowsDifference([{ a: 0.1 + 0.2 }], [{ a: 0.3 }]) // undefined
 */
export function rowsDifference(
  received: readonly object[],
  expected: readonly object[],
): { missing: object[]; surplus: object[] } | undefined {
  const columns = [...new Set([...received, ...expected].flatMap(row => Object.keys(row)))].sort()
  // Rows can be equal only if all but their doubles is, so the search is among those.
  const buckets = new Map<string, { doubles: number[]; row: object }[]>()
  for (const row of received) {
    const { key, doubles } = takenApart(row, columns)
    const bucket = buckets.get(key)
    if (bucket) bucket.push({ doubles, row })
    else buckets.set(key, [{ doubles, row }])
  }
  const missing: object[] = []
  for (const row of expected) {
    const { key, doubles } = takenApart(row, columns)
    const bucket = buckets.get(key) ?? []
    const found = bucket.findIndex(candidate => candidate.doubles.every((d, i) => isClose(d, doubles[i]!)))
    if (found < 0) missing.push(row)
    else bucket.splice(found, 1)
  }
  const surplus = [...buckets.values()].flat().map(({ row }) => row)
  return missing.length + surplus.length === 0 ? undefined : { missing, surplus }
}

function takenApart(row: object, columns: string[]): { key: string; doubles: number[] } {
  const doubles: number[] = []
  const plain = (value: unknown): unknown => {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return integer(value, doubles)
      doubles.push(value)
      return '~'
    }
    if (typeof value === 'bigint')
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? integer(Number(value), doubles) : `${value}n`
    if (typeof value === 'string') return `"${value}`
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value === 'object' && value !== null)
      return Object.keys(value)
        .sort()
        .map(name => [name, plain((value as Record<string, unknown>)[name])])
    return value ?? null
  }
  const key = JSON.stringify(columns.map(name => plain((row as Record<string, unknown>)[name])))
  return { key, doubles }
}

/** A whole number may be a double that happens to be whole, so it is compared as one. */
function integer(value: number, doubles: number[]): string {
  doubles.push(value)
  return '~'
}

function isClose(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true
  return Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b))
}
