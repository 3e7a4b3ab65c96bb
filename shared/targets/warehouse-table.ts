import type { DuckDBConnection } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import type { Delivery } from '../ports/target.ts'
import { jsonOf } from './json-row.ts'
import { name, read, run, text } from './warehouse-statement.ts'

/** The column that says of every row which partition it belongs to. */
export const PARTITION = '_partition'

/** Makes the table, or adds the columns it does not have yet; one that has another type than declared is refused. */
export async function prepareTable(db: DuckDBConnection, table: string, columns: Columns): Promise<void> {
  const declared = Object.entries(columns).map(([column, type]) => `${name(column)} ${duckdbType(type)}`)
  await run(db, `create table if not exists ${name(table)} (${[...declared, `${PARTITION} varchar not null`].join(', ')})`)
  const existing = await typesOf(db, name(table))
  const nulls = Object.entries(columns).map(([column, type]) => `cast(null as ${duckdbType(type)}) as ${name(column)}`)
  // DuckDB describes both, since a type has more than one spelling.
  for (const [column, type] of await typesOf(db, `(select ${nulls.join(', ')})`)) {
    const is = existing.get(column)
    if (is === undefined) await run(db, `alter table ${name(table)} add column ${name(column)} ${type}`)
    else if (is !== type)
      throw new RedeyeError('BAD_TARGET', `${table}.${column} is ${is} in the warehouse and declared as ${type}`, {
        remedy: 'change the column in the warehouse, or load into a new table and replay',
      })
  }
}

async function typesOf(db: DuckDBConnection, relation: string): Promise<Map<string, string>> {
  const described = await read(db, `describe from ${relation}`)
  return new Map(described.map(column => [String(column.column_name).toLowerCase(), String(column.column_type)]))
}

/** Puts a delivery's rows in, from files where there are any, and says how many there were. */
export async function insertRows(db: DuckDBConnection, table: string, delivery: Delivery): Promise<number> {
  const columns = Object.entries(delivery.columns)
  const list = [...columns.map(([column]) => name(column)), PARTITION].join(', ')
  const cast = (column: string, type: ColumnType, from: string) => `cast(${from} as ${duckdbType(type)}) as ${name(column)}`
  const files = await delivery.files?.()
  if (files?.length === 0) return 0
  if (files !== undefined) {
    const selected = columns.map(([column, type]) => cast(column, type, name(column))).join(', ')
    const source = `read_parquet([${files.map(literally).map(text).join(', ')}])`
    return inserted(await run(db, `insert into ${name(table)} (${list}) select ${selected}, $1 from ${source}`, [delivery.partition]))
  }
  await stage(db, columns, delivery)
  const selected = columns
    .map(([column, type]) => cast(column, type, isNested(type) ? `cast(${name(column)} as json)` : name(column)))
    .join(', ')
  const rows = inserted(await run(db, `insert into ${name(table)} (${list}) select ${selected}, $1 from _staged`, [delivery.partition]))
  await run(db, 'drop table _staged')
  return rows
}

/** Rows go in as text first, so that DuckDB itself casts each to its column's type, exactly. */
async function stage(db: DuckDBConnection, columns: [string, ColumnType][], delivery: Delivery): Promise<void> {
  await run(db, `create temp table _staged (${columns.map(([column]) => `${name(column)} varchar`).join(', ')})`)
  const appender = await db.createAppender('_staged', 'main', 'temp')
  for await (const batch of delivery.rows) {
    delivery.signal.throwIfAborted()
    for (const row of batch) {
      for (const [column, type] of columns) {
        const value = textOf(row[column], type)
        if (value === null) appender.appendNull()
        else appender.appendVarchar(value)
      }
      appender.endRow()
    }
  }
  appender.closeSync()
}

function textOf(value: unknown, type: ColumnType): string | null {
  if (value === null || value === undefined) return null
  if (type === 'json' || isNested(type)) return jsonOf(value)
  return String(value)
}

const isNested = (type: ColumnType) => typeof type === 'object' && !('decimal' in type)
const inserted = (result: { rowsChanged: number }) => result.rowsChanged
/** A path with what DuckDB takes for wildcards made plain. */
const literally = (path: string) => path.replaceAll(/[*?[]/g, '[$&]')

const scalarTypes = {
  string: 'VARCHAR',
  int: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  json: 'JSON',
} as const

function duckdbType(type: ColumnType): string {
  if (typeof type === 'string') return scalarTypes[type]
  if ('decimal' in type) return `DECIMAL(${type.decimal[0]},${type.decimal[1]})`
  if ('array' in type) return `${duckdbType(type.array)}[]`
  return `STRUCT(${Object.entries(type.struct)
    .map(([field, t]) => `${name(field)} ${duckdbType(t)}`)
    .join(', ')})`
}
