import type { DuckDBConnection } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { jsonOf } from './json-row.ts'
import { warehousePath, withWarehouse } from './warehouse-file.ts'

export interface WarehouseOptions {
  /** The name of the setting that says where the warehouse is: `duckdb:/path/to/file.duckdb`. */
  connection: string
  /** The table; the dataset's name unless given. It is made, and gets new columns, from the declared ones. */
  table?: string
}

/**
 * Loads a partition's rows into a table of the warehouse, in one transaction with its load record, replacing the partition's
 * earlier rows. The same load again changes nothing; an older generation or attempt is refused with STALE_ATTEMPT.
 * Every row says its partition in `_partition`.
 *
 * @example
 * export default load({ inputs: { routes: same(routePunctuality) }, target: warehouse({ connection: 'WAREHOUSE' }), output: routesLoaded })
 */
export function warehouse(options: WarehouseOptions): Target {
  return {
    target: 'warehouse',
    describe: () => `warehouse ${options.connection}${options.table === undefined ? '' : `, table ${options.table}`}`,
    faults: columns => faults(options, columns),
    deliver: delivery => deliver(options, delivery),
  }
}

const LOADS = '_redeye_loads'
const PARTITION = '_partition'

function faults(options: WarehouseOptions, columns: Columns): string[] {
  const found: string[] = []
  if (options.connection === '') found.push('warehouse needs the name of a setting as `connection`')
  if (options.table !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(options.table))
    found.push(`"${options.table}" is no table name: letters, digits and _`)
  if (options.table === LOADS) found.push(`the table ${LOADS} holds the warehouse’s load records`)
  if (Object.keys(columns).some(name => name.toLowerCase() === PARTITION)) found.push(`the warehouse adds the column ${PARTITION} itself`)
  return found
}

async function* deliver(options: WarehouseOptions, delivery: Delivery): AsyncIterable<Receipt> {
  const path = warehousePath(await delivery.world.secret(options.connection), options.connection)
  const table = options.table ?? delivery.dataset
  const { rows, answer } = await withWarehouse(
    path,
    ms => delivery.world.sleep(ms, delivery.signal),
    db => loadOnce(db, table, delivery),
  )
  yield {
    batch: 0,
    rows,
    token: `${table}/${delivery.partition}/v${delivery.version}/g${delivery.generation}.a${delivery.attempt}`,
    answer,
  }
}

async function loadOnce(db: DuckDBConnection, table: string, delivery: Delivery): Promise<{ rows: number; answer: string }> {
  await db.run('begin transaction')
  try {
    const outcome = await replacePartition(db, table, delivery)
    // The last moment to heed a cancellation: after the commit the rows are there.
    delivery.signal.throwIfAborted()
    await db.run('commit')
    return outcome
  } catch (cause) {
    await db.run('rollback').catch(() => undefined)
    throw cause
  }
}

async function replacePartition(db: DuckDBConnection, table: string, delivery: Delivery): Promise<{ rows: number; answer: string }> {
  await db.run(
    `create table if not exists ${LOADS} (table_name varchar, partition varchar, task varchar, dataset varchar, version integer, generation integer, attempt integer, rows integer)`,
  )
  const record = await loadRecord(db, table, delivery.partition)
  if (record !== undefined) {
    refuseOtherTask(record, table, delivery)
    refuseStale(record, table, delivery)
    if (record.version === delivery.version && record.generation === delivery.generation && record.attempt === delivery.attempt)
      return { rows: record.rows, answer: 'was loaded before' }
  }
  await prepareTable(db, table, delivery.columns)
  await db.run(`delete from ${name(table)} where ${PARTITION} = $1`, [delivery.partition])
  const rows = await insertRows(db, table, delivery)
  const fields = [table, delivery.partition, delivery.task, delivery.dataset, delivery.version, delivery.generation, delivery.attempt, rows]
  if (record !== undefined) await db.run(`delete from ${LOADS} where table_name = $1 and partition = $2`, [table, delivery.partition])
  await db.run(`insert into ${LOADS} values ($1, $2, $3, $4, $5, $6, $7, $8)`, fields)
  return { rows, answer: record === undefined ? 'loaded' : `replaced v${record.version}` }
}

interface LoadRecord {
  task: string
  version: number
  generation: number
  attempt: number
  rows: number
}

async function loadRecord(db: DuckDBConnection, table: string, partition: string): Promise<LoadRecord | undefined> {
  const sql = `select task, version, generation, attempt, rows from ${LOADS} where table_name = $1 and partition = $2`
  const [record] = (await db.runAndReadAll(sql, [table, partition])).getRowObjectsJson()
  return record as unknown as LoadRecord | undefined
}

/** Generations are counted per task, so two tasks cannot fence each other. */
function refuseOtherTask(record: LoadRecord, table: string, delivery: Delivery): void {
  if (record.task !== delivery.task)
    throw new RedeyeError('BAD_TARGET', `the table ${table} holds ${delivery.partition} from the task ${record.task}`, {
      remedy: `give ${delivery.task} a table of its own`,
    })
}

function refuseStale(record: LoadRecord, table: string, delivery: Delivery): void {
  if (record.generation < delivery.generation) return
  if (record.generation === delivery.generation && record.attempt <= delivery.attempt) return
  throw new RedeyeError(
    'STALE_ATTEMPT',
    `${table}@${delivery.partition} holds generation ${record.generation}, attempt ${record.attempt}; this is generation ${delivery.generation}, attempt ${delivery.attempt}`,
    { remedy: 'nothing: what the newer one loaded stays' },
  )
}

async function prepareTable(db: DuckDBConnection, table: string, columns: Columns): Promise<void> {
  const declared = Object.entries(columns).map(([column, type]) => `${name(column)} ${duckdbType(type)}`)
  await db.run(`create table if not exists ${name(table)} (${[...declared, `${PARTITION} varchar not null`].join(', ')})`)
  const described = (await db.runAndReadAll(`describe ${name(table)}`)).getRowObjectsJson()
  const existing = new Map(described.map(column => [String(column.column_name).toLowerCase(), String(column.column_type)]))
  for (const [column, type] of Object.entries(columns)) {
    const is = existing.get(column.toLowerCase())
    if (is === undefined) await db.run(`alter table ${name(table)} add column ${name(column)} ${duckdbType(type)}`)
    else if (is !== (await canonicalType(db, type)))
      throw new RedeyeError('BAD_TARGET', `${table}.${column} is ${is} in the warehouse and declared as ${duckdbType(type)}`, {
        remedy: 'change the column in the warehouse, or load into a new table and replay',
      })
  }
}

/** DuckDB's own spelling of a type, which `describe` uses. */
async function canonicalType(db: DuckDBConnection, type: ColumnType): Promise<string> {
  const reader = await db.runAndReadAll(`select typeof(cast(null as ${duckdbType(type)})) as type`)
  return String(reader.getRowObjectsJson()[0]!.type)
}

async function insertRows(db: DuckDBConnection, table: string, delivery: Delivery): Promise<number> {
  const columns = Object.entries(delivery.columns)
  const list = [...columns.map(([column]) => name(column)), PARTITION].join(', ')
  const cast = (column: string, type: ColumnType, from: string) => `cast(${from} as ${duckdbType(type)}) as ${name(column)}`
  const files = await delivery.files?.()
  if (files?.length === 0) return 0
  if (files !== undefined) {
    const selected = columns.map(([column, type]) => cast(column, type, name(column))).join(', ')
    const source = `read_parquet([${files.map(literally).map(text).join(', ')}])`
    return inserted(await db.run(`insert into ${name(table)} (${list}) select ${selected}, $1 from ${source}`, [delivery.partition]))
  }
  await stage(db, columns, delivery)
  const selected = columns
    .map(([column, type]) => cast(column, type, isNested(type) ? `cast(${name(column)} as json)` : name(column)))
    .join(', ')
  const rows = inserted(await db.run(`insert into ${name(table)} (${list}) select ${selected}, $1 from _staged`, [delivery.partition]))
  await db.run('drop table _staged')
  return rows
}

/** Rows go in as text first, so that DuckDB itself casts each to its column's type, exactly. */
async function stage(db: DuckDBConnection, columns: [string, ColumnType][], delivery: Delivery): Promise<void> {
  await db.run(`create temp table _staged (${columns.map(([column]) => `${name(column)} varchar`).join(', ')})`)
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
const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`
/** A path with what DuckDB takes for wildcards made plain. */
const literally = (path: string) => path.replaceAll(/[*?[]/g, '[$&]')
const text = (value: string) => `'${value.replaceAll("'", "''")}'`

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
