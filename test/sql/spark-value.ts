import type { DuckDBIntervalValue, DuckDBListValue, DuckDBMapValue, DuckDBStructValue, DuckDBValue } from '@duckdb/node-api'
import type { SqlType } from '../../shared/sql/type.ts'

const pad = (n: number | bigint, width = 2) => String(n).padStart(width, '0')

function timestampText(micros: bigint): string {
  const second = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n)
  const fraction = micros - second * 1_000_000n
  const text = new Date(Number(second) * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return fraction === 0n ? text : `${text}.${pad(fraction, 6)}`
}

/** A value of DuckDB in the form the recorded examples have for its Spark type. */
export function sparkValue(value: DuckDBValue, type: SqlType): unknown {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'array':
      return [...(value as DuckDBListValue).items].map(item => sparkValue(item, type.element))
    case 'map':
      return (value as DuckDBMapValue).entries.map(({ key, value }) => [sparkValue(key, type.key), sparkValue(value, type.value)])
    case 'struct':
      return Object.fromEntries(type.fields.map(f => [f.name, sparkValue((value as DuckDBStructValue).entries[f.name] ?? null, f.type)]))
    case 'interval': {
      const { months, days, micros } = value as DuckDBIntervalValue
      if (type.from === 'year' || type.from === 'month') return months
      const total = BigInt(days) * 86_400_000_000n + micros
      return `${Number(total) / 1e6}`.includes('.') ? `${Number(total) / 1e6}s` : `${Number(total) / 1e6}.0s`
    }
    case 'bigint':
      return Number(value)
    case 'float':
    case 'double': {
      const x = value as number
      return Number.isNaN(x) ? 'nan' : Number.isFinite(x) ? x : x > 0 ? 'inf' : '-inf'
    }
    case 'timestamp':
    case 'timestamp_ntz':
      return timestampText((value as { micros: bigint }).micros)
    case 'binary':
      return `x${Buffer.from((value as { bytes: Uint8Array }).bytes).toString('hex')}`
    case 'decimal':
    case 'date':
      return String(value)
    default:
      return value
  }
}

/** Whether two values are the same, doubles within 1e-9 relative; the entries of a map in any order. */
export function alike(a: unknown, b: unknown, type: SqlType): boolean {
  if (a === null || b === null) return a === b
  if (type.kind === 'double' || type.kind === 'float') {
    if (typeof a !== 'number' || typeof b !== 'number') return a === b
    const tolerance = type.kind === 'float' ? 1e-6 : 1e-9
    return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))
  }
  if (type.kind === 'array') return lists(a, b) && (a as unknown[]).every((x, i) => alike(x, (b as unknown[])[i], type.element))
  if (type.kind === 'map') {
    const pairs = b as unknown[][]
    return lists(a, b) && (a as unknown[][]).every(([k, v]) => pairs.some(([k2, v2]) => alike(k, k2, type.key) && alike(v, v2, type.value)))
  }
  if (type.kind === 'struct')
    return type.fields.every(f => alike((a as Record<string, unknown>)[f.name], (b as Record<string, unknown>)[f.name], f.type))
  return a === b
}

const lists = (a: unknown, b: unknown): boolean => Array.isArray(a) && Array.isArray(b) && a.length === b.length

/** Whether two tables hold the same rows, in any order. */
export function sameRows(actual: unknown[][], expected: unknown[][], types: SqlType[]): boolean {
  if (actual.length !== expected.length) return false
  const left = [...expected]
  for (const row of actual) {
    const i = left.findIndex(other => row.every((value, c) => alike(value, other[c], types[c]!)))
    if (i < 0) return false
    left.splice(i, 1)
  }
  return true
}
