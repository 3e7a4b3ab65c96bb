import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { duckdbPrelude } from '../../shared/sql/duckdb-prelude.ts'
import { duckdbTypeOf, type SqlType } from '../../shared/sql/type.ts'
import { sparkValue } from './spark-value.ts'

/** A DuckDB in memory after the prelude. */
export async function duckdb(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  for (const statement of duckdbPrelude) await connection.run(statement)
  return connection
}

/** The rows of a compiled statement in the examples' form. DuckDB's own types must be those that hold the Spark types. */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  types: SqlType[],
  parameters?: Record<string, string>,
): Promise<unknown[][]> {
  const result = await connection.runAndReadAll(sql, parameters)
  const given = result.columnTypes().map(t => String(t).replaceAll(', ', ','))
  const wanted = types.map(t => duckdbTypeOf(t).replaceAll(', ', ','))
  if (given.join('; ') !== wanted.join('; ')) throw new Error(`DuckDB gave ${given.join('; ')} for ${wanted.join('; ')}`)
  return result.getRows().map(row => row.map((value, i) => sparkValue(value, types[i]!)))
}
