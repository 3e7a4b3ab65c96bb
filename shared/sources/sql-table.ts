import { RedeyeError } from '../core/errors.ts'
import type { Source } from '../ports/source.ts'
import { localDates, type ReadPartition, timesOf } from './partition-text.ts'
import { settingFaults } from './setting.ts'
import { readTable, type Sample } from './sql-database.ts'
import type { SqlDriver, SqlValue } from './sql-driver.ts'

/**
 * How a column holds time: a `date` of the partition's zone, a `timestamp` (`2001-02-14 05:00:00`) or `iso` text
 * (`2001-02-14T05:00:00Z`) in UTC, a number since 1970 in UTC. `key` is no time but a partition's key itself.
 */
export type TimeForm = 'date' | 'timestamp' | 'iso' | 'epochSeconds' | 'epochMs' | 'key'

interface SqlOptions {
  /** The name of the setting that holds the database's URL, like `sqlite:/data/operations.db`; never the URL itself. */
  connection: string
  /** The columns to read; all unless given. Those that are no column of the output are for `map`. */
  columns?: readonly string[]
  /**
   * The column that says which partition a row belongs to; without it the whole table is read. A dated output reads the rows
   * whose value lies in its time, a keyed one those whose value is its key.
   */
  partitionColumn?: string
  /**
   * Instead of `partitionColumn`: the column that says when a row last changed. Reads what changed in the partition's time,
   * in order of the change.
   */
  watermark?: string
  /** How that column holds time: a `date` for partitionColumn, a `timestamp` for watermark, unless given. */
  holds?: TimeForm
  /** The columns that together identify a row, never null. Rows then come in this order, and an attempt goes on where the last one stopped. */
  key?: readonly string[]
  /** Reads ranges of a column of whole numbers by turns; where a database has several connections, at the same time. */
  parallel?: { column: string; ranges: number }
  /** A driver of your own; by the URL's scheme unless given. */
  driver?: SqlDriver
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
  return sqlSource(options, options.table, faults, quote => options.table.split('.').map(quote).join('.'))
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
  const query = options.query.trim().replace(/;$/, '')
  const isSelect = /^(select|with|values|table)\b/i.test(query.replace(/^(\s|--.*\n|\/\*[\s\S]*?\*\/)*/, ''))
  const faults = () => [...(isSelect ? [] : [`query is one SELECT, not ${JSON.stringify(query.slice(0, 40))}`]), ...faultsOf(options)]
  // The line break ends a comment at the query's end.
  return sqlSource(options, 'a query', faults, quote => `(${query}\n) as ${quote('source')}`)
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
        where: (quote, bind) => predicate(options, request.partition, quote, bind),
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

function formOf(options: SqlOptions, partition: ReadPartition): TimeForm {
  return options.holds ?? (options.watermark !== undefined ? 'timestamp' : partition.start === undefined ? 'key' : 'date')
}

const forms: Record<Exclude<TimeForm, 'key'>, (value: unknown) => boolean> = {
  date: value => /^\d{4}-\d{2}-\d{2}/.test(String(value)),
  timestamp: value => /^\d{4}-\d{2}-\d{2} \d/.test(String(value)),
  iso: value => /^\d{4}-\d{2}-\d{2}T\d/.test(String(value)),
  epochSeconds: value => typeof value === 'number',
  epochMs: value => typeof value === 'number',
}

/** A look at one value, since a database compares 981435600 with "2001-02-06" without a word and finds nothing. */
function sampleOf(options: SqlOptions, what: string, partition: ReadPartition): Sample | undefined {
  const column = options.partitionColumn ?? options.watermark
  const holds = formOf(options, partition)
  if (column === undefined || holds === 'key') return undefined
  return {
    column,
    fault: value => {
      if (forms[holds](value)) return undefined
      const looks = (Object.keys(forms) as (keyof typeof forms)[]).filter(form => form !== 'date' && forms[form](value))
      const hint = looks.length > 0 ? looks : forms.date(value) ? ['date'] : []
      return {
        problem: `column "${column}" of ${what} holds ${JSON.stringify(value)}, which is no ${holds}`,
        remedy:
          hint.length > 0
            ? `say holds: ${hint.map(form => `'${form}'`).join(' or ')}`
            : 'name a column that holds time in one of the forms of `holds`',
      }
    },
  }
}

/** The condition on a partition's rows, with its values bound; empty for a whole table. */
function predicate(
  options: SqlOptions,
  partition: ReadPartition,
  quote: (identifier: string) => string,
  bind: (value: SqlValue) => string,
): string {
  const column = options.partitionColumn ?? options.watermark
  if (column === undefined) return ''
  const named = options.watermark === undefined ? 'partitionColumn' : 'watermark'
  if (partition.start === undefined && partition.key === 'all')
    throw new RedeyeError('BAD_SOURCE', `${named} "${column}" cannot choose rows for an unpartitioned output`, {
      remedy: `leave ${named} out to read the whole table, or partition the output`,
    })
  const holds = formOf(options, partition)
  if (holds === 'key') return `${quote(column)} = ${bind(partition.key)}`
  const { from, to } = bounds(holds, partition, `${named} "${column}"`)
  return `${quote(column)} >= ${bind(from)} and ${quote(column)} < ${bind(to)}`
}

function bounds(holds: Exclude<TimeForm, 'key'>, partition: ReadPartition, needs: string): { from: SqlValue; to: SqlValue } {
  const { start, end } = timesOf(partition, needs)
  switch (holds) {
    case 'date': {
      const { first, after } = localDates(partition, needs)
      if (first === after)
        throw new RedeyeError('BAD_SOURCE', `${needs} holds dates, which cannot tell the hours of partition "${partition.key}" apart`, {
          remedy: 'say holds: "timestamp" and name a column with the time of day',
        })
      return { from: first, to: after }
    }
    case 'timestamp':
      return { from: utcText(start).replace('T', ' '), to: utcText(end).replace('T', ' ') }
    case 'iso':
      return { from: utcText(start), to: utcText(end) }
    case 'epochSeconds':
      return { from: Date.parse(start) / 1000, to: Date.parse(end) / 1000 }
    case 'epochMs':
      return { from: Date.parse(start), to: Date.parse(end) }
  }
}

/** `2001-02-14T05:00:00`: without fraction and Z, so that as text it lies before every longer text of the same second. */
function utcText(iso: string): string {
  return new Date(Date.parse(iso)).toISOString().slice(0, 19)
}
