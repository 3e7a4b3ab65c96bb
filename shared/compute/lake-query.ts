import type { DuckDBValue } from '@duckdb/node-api'
import type { Lake } from '../ports/lake.ts'
import { type DuckDb, type DuckDbOptions, openSession } from './duckdb.ts'
import { openRelations, type PinnedDataset, withRelations } from './input-relation.ts'
import { rowsOf } from './row-stream.ts'
import type { Session } from './session.ts'
import { translateSql } from './transform.ts'

/** What a query answers: its columns with their types as DuckDB names them, and rows of plain values. */
export interface QueryAnswer {
  columns: { name: string; type: string }[]
  rows: Record<string, unknown>[]
  /** Whether there were more rows than the limit. */
  cut: boolean
}

/** The first rows of versions of a dataset, in the order they were written. */
export async function readRows(
  lake: Lake,
  dataset: PinnedDataset,
  limit = 20,
  options: DuckDbOptions = {},
): Promise<Record<string, unknown>[]> {
  return inSession(dataset.name, options, async session => {
    const { select } = await openRelations(lake, { select: dataset })
    const relation = `(SELECT * FROM (${select}) LIMIT ${limit})`
    const rows: Record<string, unknown>[] = []
    for await (const some of rowsOf(session, relation, dataset.columns)) rows.push(...some)
    return rows
  })
}

/**
 * Answers one statement, in the SQL of transforms, over datasets of the lake by their names. `file` is what an error names as its place.
 *
 * @example
 * const { rows } = await queryLake(lake, 'select origin, count(*) as n from flights group by origin', [{ name: 'flights', columns, versions }])
 */
export async function queryLake(
  lake: Lake,
  sql: string,
  datasets: readonly PinnedDataset[],
  options: DuckDbOptions & { limit?: number; file?: string } = {},
): Promise<QueryAnswer> {
  const { limit = 1000, file = 'the query', ...duckdb } = options
  const inputs = datasets.map(({ name, columns }) => ({ alias: name, columns }))
  const translated = await translateSql(sql, inputs, undefined, file, { parameters: false })
  return inSession('query', duckdb, async session => {
    // A version of an older schema that cannot be read matters only to a query that names its dataset.
    const named = datasets.filter(({ name }) => new RegExp(`\\b${RegExp.escape(name)}\\b`, 'i').test(sql))
    const relations = await openRelations(lake, Object.fromEntries(named.map(dataset => [dataset.name, dataset])))
    await session.prepareFor(translated.duckdb)
    return answer(session, withRelations(relations, translated.duckdb), limit)
  })
}

async function answer(session: Session, sql: string, limit: number): Promise<QueryAnswer> {
  const result = await session.stream(sql)
  const names = result.deduplicatedColumnNames()
  const columns = names.map((name, i) => ({ name, type: String(result.columnType(i)) }))
  const rows: Record<string, unknown>[] = []
  while (rows.length <= limit) {
    const chunk = await session.guarded(() => result.fetchChunk())
    if (!chunk || chunk.rowCount === 0) break
    for (const row of chunk.getRowObjects(names)) {
      rows.push(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(session.duckdb, value)])))
    }
  }
  return { columns, rows: rows.slice(0, limit), cut: rows.length > limit }
}

async function inSession<T>(what: string, options: DuckDbOptions, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(options, { task: what, partition: 'lake' })
  try {
    return await use(session)
  } finally {
    session.close()
  }
}

/** Any value of DuckDB's in the form that rows have: numbers and bigints as they are, times as ISO text, what has no such form as its text. */
function plain(duckdb: DuckDb, value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue)
    return value.items.map(item => plain(duckdb, item))
  if (value instanceof duckdb.DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, field]) => [name, plain(duckdb, field)]))
  if (value instanceof duckdb.DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: field }) => [String(key), plain(duckdb, field)]))
  if (value instanceof duckdb.DuckDBTimestampValue) return `${String(value).replace(' ', 'T')}Z`
  return String(value)
}
