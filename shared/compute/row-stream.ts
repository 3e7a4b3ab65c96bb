import type { Columns } from '../core/schema.ts'
import { quoted } from '../sql/type.ts'
import { fromDuckDb } from './column-type.ts'
import type { Session } from './session.ts'

/** A relation's rows in their order, a DuckDB chunk (up to 2,048) at a time. Nothing else may run in the session meanwhile. */
export async function* rowsOf(session: Session, relation: string, columns: Columns): AsyncIterable<Record<string, unknown>[]> {
  const names = Object.keys(columns)
  const converters = Object.values(columns).map(fromDuckDb)
  const result = await session.stream(`SELECT ${names.map(quoted).join(', ')} FROM ${relation}`)
  for (;;) {
    const chunk = await session.guarded(() => result.fetchChunk())
    if (!chunk || chunk.rowCount === 0) return
    const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}))
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      const convert = converters[i]!
      chunk.visitColumnValues(i, (value, row) => {
        rows[row]![name] = convert(value)
      })
    }
    yield rows
  }
}

/** All rows of a relation. */
export async function allRows(session: Session, relation: string, columns: Columns): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = []
  for await (const rows of rowsOf(session, relation, columns)) for (const row of rows) all.push(row)
  return all
}
