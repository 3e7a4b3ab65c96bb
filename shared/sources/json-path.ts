/**
 * The value at a path like `data.results` or `items.-1.id` (a negative number counts from an array's end); undefined when it is not there.
 * An empty path is the whole value.
 */
export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value
  let at = value
  for (const step of path.split('.')) {
    if (Array.isArray(at) && /^-?\d+$/.test(step)) at = at.at(Number(step))
    else if (typeof at === 'object' && at !== null && Object.hasOwn(at, step)) at = (at as Record<string, unknown>)[step]
    else return undefined
  }
  return at
}
