import type { DuckDBConnection } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Columns } from '../core/schema.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { warehousePath, withWarehouse } from './warehouse-file.ts'
import { name, read, run } from './warehouse-statement.ts'
import { insertRows, PARTITION, prepareTable } from './warehouse-table.ts'

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
    secrets: [options.connection],
    faults: columns => optionFaults('warehouse', options, { connection: true, table: true }, () => faults(options, columns)),
    deliver: delivery => deliver(options, delivery),
  }
}

const LOADS = '_redeye_loads'

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
  const interrupt = () => db.interrupt()
  delivery.signal.addEventListener('abort', interrupt)
  await run(db, 'begin transaction')
  try {
    const outcome = await replacePartition(db, table, delivery)
    // The last moment to heed a cancellation: after the commit the rows are there.
    delivery.signal.throwIfAborted()
    await run(db, 'commit')
    return outcome
  } catch (cause) {
    // A failed commit has rolled back by itself.
    await db.run('rollback').catch(() => undefined)
    delivery.signal.throwIfAborted()
    throw cause
  } finally {
    delivery.signal.removeEventListener('abort', interrupt)
  }
}

async function replacePartition(db: DuckDBConnection, table: string, delivery: Delivery): Promise<{ rows: number; answer: string }> {
  await run(
    db,
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
  await run(db, `delete from ${name(table)} where ${PARTITION} = $1`, [delivery.partition])
  const rows = await insertRows(db, table, delivery)
  const fields = [table, delivery.partition, delivery.task, delivery.dataset, delivery.version, delivery.generation, delivery.attempt, rows]
  if (record !== undefined) await run(db, `delete from ${LOADS} where table_name = $1 and partition = $2`, [table, delivery.partition])
  await run(db, `insert into ${LOADS} values ($1, $2, $3, $4, $5, $6, $7, $8)`, fields)
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
  const [record] = await read(db, sql, [table, partition])
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
