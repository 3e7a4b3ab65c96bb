import type { Columns } from '../core/schema.ts'
import type { Batch, Rejected } from '../ports/source.ts'

/**
 * Parses the texts of declared `json` columns in place: to a database or an XML document JSON is text, while to a JSON API
 * a text is a JSON value already, so only the source can tell. What is no JSON is rejected with its reason.
 */
export function parseJsonColumns(rows: Record<string, unknown>[], columns: Columns): Batch {
  const names = Object.keys(columns).filter(name => columns[name] === 'json')
  if (names.length === 0) return { records: rows }
  const records: Record<string, unknown>[] = []
  const rejected: Rejected[] = []
  for (const row of rows) {
    const reason = parseInPlace(row, names)
    if (reason === undefined) records.push(row)
    else rejected.push({ raw: rawOf(row), reason })
  }
  return rejected.length === 0 ? { records } : { records, rejected }
}

function parseInPlace(row: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = row[name]
    if (typeof text !== 'string') continue
    try {
      row[name] = JSON.parse(text)
    } catch {
      return `${name}: received ${JSON.stringify(text.slice(0, 60))}, expected JSON`
    }
  }
  return undefined
}

/** A row as text for the quarantine; bigints as their digits. */
export function rawOf(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? String(row)
}
