import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { targetFailure } from './target-failure.ts'

/** Runs a statement; its error is the warehouse's, unlike one that comes from reading the rows. */
export async function run(db: DuckDBConnection, sql: string, values?: DuckDBValue[]) {
  try {
    return await db.run(sql, values)
  } catch (cause) {
    throw targetFailure('the warehouse', cause)
  }
}

/** A query's rows, as JSON has them. */
export async function read(db: DuckDBConnection, sql: string, values?: DuckDBValue[]) {
  try {
    return (await db.runAndReadAll(sql, values)).getRowObjectsJson()
  } catch (cause) {
    throw targetFailure('the warehouse', cause)
  }
}

/** An identifier in quotes. */
export const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`
/** A text in quotes. */
export const text = (value: string) => `'${value.replaceAll("'", "''")}'`
