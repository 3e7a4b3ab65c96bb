/** Whether two values are one as JSON, in whatever order their fields stand: a store of maps keeps none. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false
  // A field that is undefined is not there.
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].every(field => sameJson(x[field], y[field]))
}
