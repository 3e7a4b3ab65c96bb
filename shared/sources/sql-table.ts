import { type Names, optionFaults } from '../core/option-faults.ts'
import type { Source } from '../ports/source.ts'
import { settingFaults } from './setting.ts'
import { readTable } from './sql-database.ts'
import type { SqlDriver } from './sql-driver.ts'
import { type PartitionChoice, partitionCondition, sampleOf } from './sql-partition.ts'

interface SqlOptions extends PartitionChoice {
  /** The name of the setting that holds the database's URL, like `sqlite:/data/operations.db`; never the URL itself. */
  connection: string
  /** The columns to read; all unless given. Those that are no column of the output are for `map`. */
  columns?: readonly string[]
  /** The columns that together identify a row, never null. Rows then come in this order, and an attempt goes on where the last one stopped. */
  key?: readonly string[]
  /** Reads ranges of a column of whole numbers by turns; where a database has several connections, at the same time. */
  parallel?: { column: string; ranges: number }
  /** A driver of your own; by the URL's scheme unless given. */
  driver?: SqlDriver
}
const names: Names<SqlOptions> = {
  connection: true,
  partitionColumn: true,
  watermark: true,
  holds: true,
  columns: true,
  key: true,
  parallel: { column: true, ranges: true },
  driver: true,
}
export interface SqlTableOptions extends SqlOptions {
  /** The table or view; a schema before it stands as `schema.table`. */
  table: string
}
export interface SqlQueryOptions extends SqlOptions {
  /** One SELECT in the database's own dialect; the other options name columns of its result. */
  query: string
}

// Databases give up somewhere above this; a hundred cursors already are more than any of them serves gladly.
const MOST_RANGES = 100

/**
 * Reads a table of a SQL database.
 *
 * @example
 * export default ingest({
 *   source: sqlTable({ connection: 'OPERATIONS_DB', table: 'flights', partitionColumn: 'flight_date', key: ['flight_id'] }),
 *   output: flights,
 * })
 */
export function sqlTable(options: SqlTableOptions): Source {
  const faults = () => [...(options.table.trim() === '' ? ['table is empty'] : []), ...faultsOf(options)]
  const named = () => optionFaults('sqlTable', options, { table: true, ...names }, faults)
  return sqlSource(options, options.table, named, quote => options.table.split('.').map(quote).join('.'))
}

/**
 * Reads the result of a query of a SQL database, for what a table alone does not say. The database narrows the query down to the partition.
 *
 * @example
 * export default ingest({
 *   source: sqlQuery({
 *     connection: 'OPERATIONS_DB',
 *     query: 'select b.*, c.tier from bookings b join customers c using (customer_id)',
 *     partitionColumn: 'booked_on',
 *   }),
 *   output: bookings,
 * })
 */
export function sqlQuery(options: SqlQueryOptions): Source {
  const query = () => options.query.trim().replace(/;$/, '')
  const isSelect = () => /^(select|with|values|table)\b/i.test(query().replace(/^(\s|--.*\n|\/\*[\s\S]*?\*\/)*/, ''))
  const faults = () => [...(isSelect() ? [] : [`query is one SELECT, not ${JSON.stringify(query().slice(0, 40))}`]), ...faultsOf(options)]
  const named = () => optionFaults('sqlQuery', options, { query: true, ...names }, faults)
  // The line break ends a comment at the query's end.
  return sqlSource(options, 'a query', named, quote => `(${query()}\n) as ${quote('source')}`)
}

function sqlSource(
  options: SqlOptions,
  what: string,
  faults: () => string[],
  from: (quote: (identifier: string) => string) => string,
): Source {
  return {
    source: 'sql',
    describe: () => `sql ${what} from ${options.connection}`,
    secrets: [options.connection],
    faults,
    read: request =>
      readTable(request, {
        connection: options.connection,
        driver: options.driver,
        order: orderOf(options),
        parallel: options.parallel,
        select: quote => ({
          columns: options.columns === undefined ? '*' : [...new Set([...options.columns, ...orderOf(options)])].map(quote).join(', '),
          from: from(quote),
        }),
        resumable: options.key !== undefined,
        where: (quote, bind) => partitionCondition(options, request.partition, quote, bind),
        sample: sampleOf(options, what, request.partition),
      }),
  }
}

function orderOf(options: SqlOptions): readonly string[] {
  const key = options.key ?? []
  return options.watermark === undefined || key.includes(options.watermark) ? key : [options.watermark, ...key]
}

function faultsOf(options: SqlOptions): string[] {
  const faults = settingFaults(options.connection, 'OPERATIONS_DB')
  if (options.partitionColumn !== undefined && options.watermark !== undefined)
    faults.push('partitionColumn and watermark both say which rows to read; keep one')
  if (options.holds !== undefined && options.partitionColumn === undefined && options.watermark === undefined)
    faults.push('holds says how a column holds time, but neither partitionColumn nor watermark names one')
  if (options.watermark !== undefined && options.holds === 'key') faults.push('a watermark holds time, not a partition’s key')
  if (options.columns?.length === 0) faults.push('columns is empty; leave it out to read all')
  if (options.key?.length === 0) faults.push('key is empty; leave it out where no columns identify a row')
  const ranges = options.parallel?.ranges
  if (ranges !== undefined && (!Number.isInteger(ranges) || ranges < 1 || ranges > MOST_RANGES))
    faults.push(`parallel.ranges is a whole number from 1 to ${MOST_RANGES}, not ${ranges}`)
  return faults
}
