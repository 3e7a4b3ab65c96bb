import type { ColumnStatistics } from '../core/manifest.ts'
import type { ColumnType } from '../core/schema.ts'

/** What is known of a column over two files. A bound that one of them does not know (a very long text) is not known of both. */
export function mergeStatistics(
  type: ColumnType,
  a: ColumnStatistics,
  b: ColumnStatistics,
  rows: { a: number; b: number },
): ColumnStatistics {
  const compare = comparing(type)
  // A file of nulls alone has no bounds, and needs none.
  if (a.nulls === rows.a) return { ...b, nulls: a.nulls + b.nulls }
  if (b.nulls === rows.b) return { ...a, nulls: a.nulls + b.nulls }
  const merged: ColumnStatistics = { nulls: a.nulls + b.nulls }
  if (a.min !== undefined && b.min !== undefined) merged.min = compare(a.min, b.min) <= 0 ? a.min : b.min
  if (a.max !== undefined && b.max !== undefined) merged.max = compare(a.max, b.max) >= 0 ? a.max : b.max
  return merged
}

function comparing(type: ColumnType): (a: string, b: string) => number {
  if (type === 'int' || type === 'double') return (a, b) => Number(a) - Number(b)
  if (type === 'bigint') return (a, b) => sign(BigInt(a) - BigInt(b))
  // Of one scale, so the digits alone decide.
  if (typeof type === 'object' && 'decimal' in type) return (a, b) => sign(BigInt(a.replace('.', '')) - BigInt(b.replace('.', '')))
  // Code points, as DuckDB and Spark compare; UTF-16 would put emoji before what lies above the surrogates.
  return (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const sign = (n: bigint) => (n < 0n ? -1 : n > 0n ? 1 : 0)

/** A bound as DuckDB writes it, in the text that a row's value of the type has. */
export function boundText(type: ColumnType, bound: string): string {
  if (type === 'boolean') return bound === '1' || bound === 'true' ? 'true' : 'false'
  if (type === 'timestamp')
    return bound
      .replace(' ', 'T')
      .replace(/(\.\d*?)0*(?=\+|$)/, '$1')
      .replace(/\.?(\+00(:00)?)?$/, 'Z')
  return bound
}
