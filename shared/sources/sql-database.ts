import { RedeyeError } from '../core/errors.ts'
import type { Json } from '../core/schema.ts'
import type { Batch, ReadRequest } from '../ports/source.ts'
import { interleave } from './interleave.ts'
import { settingOf } from './setting.ts'
import { driverOf, type SqlDriver, type SqlRow, type SqlSession, type SqlValue } from './sql-driver.ts'
import { parseJsonColumns } from './text-json.ts'

type Quote = (identifier: string) => string
type Bind = (value: SqlValue) => string

/** A look at one value of a column before the read, and what is then found wrong. */
export interface Sample {
  column: string
  fault(value: unknown): { problem: string; remedy: string } | undefined
}

/** How a table is read. `order` names the columns that rows come in the order of; `resumable` says that they identify a row. */
export interface TablePlan {
  connection: string
  driver: SqlDriver | undefined
  order: readonly string[]
  resumable: boolean
  parallel: { column: string; ranges: number } | undefined
  select(quote: Quote): { columns: string; from: string }
  where(quote: Quote, bind: Bind): string
  sample: Sample | undefined
}

// A thousand rows keep the cost of a batch away from each row, and are still under a megabyte of ordinary rows.
const BATCH_ROWS = 1000

/** Reads a table in one session, by one cursor or one a range, and yields where it could go on. */
export async function* readTable(request: ReadRequest, plan: TablePlan): AsyncGenerator<Batch> {
  const url = await settingOf(request.world, plan.connection)
  const driver = plan.driver ?? (await driverOf(url, plan.connection))
  const session = await driver.connect(url, { setting: plan.connection, signal: request.signal })
  try {
    await takeSample(session, driver, plan)
    const progress = (request.position as Progress | undefined) ?? (await begin(session, driver, plan))
    const cursors = progress.after.map((after, range) =>
      after === 'end' ? [] : rowsOfRange(session, driver, plan, progress.bounds, range, after),
    )
    for await (const { from, value } of interleave(cursors)) {
      request.signal.throwIfAborted()
      progress.after[from] = value.after
      const batch: Batch = parseJsonColumns(value.rows, request.columns)
      yield plan.resumable ? { ...batch, position: structuredClone(progress) as unknown as Json } : batch
    }
  } finally {
    await session.close()
  }
}

/** A position: the bounds between ranges (one fewer than ranges), and for each range the order's values of its last row. */
interface Progress {
  bounds: string[]
  after: After[]
}
type After = KeyValue[] | 'start' | 'end'
/** A bigint travels as text in an object, since JSON has none. */
type KeyValue = string | number | { int: string }

async function begin(session: SqlSession, driver: SqlDriver, plan: TablePlan): Promise<Progress> {
  if (plan.parallel === undefined) return { bounds: [], after: ['start'] }
  const { column, ranges } = plan.parallel
  const query = new Query(driver)
  const name = driver.quote(column)
  const { from } = plan.select(driver.quote)
  const where = plan.where(driver.quote, query.bind)
  query.sql = `select min(${name}) as low, max(${name}) as high from ${from}${where === '' ? '' : ` where ${where}`}`
  const [row] = await firstRows(session, query)
  const bounds = boundsBetween(row?.low ?? 0, row?.high ?? 0, ranges, column)
  return { bounds, after: Array.from({ length: bounds.length + 1 }, () => 'start') }
}

function boundsBetween(low: unknown, high: unknown, ranges: number, column: string): string[] {
  for (const value of [low, high])
    if (!Number.isInteger(value) && typeof value !== 'bigint')
      throw new RedeyeError('BAD_SOURCE', `parallel.column "${column}" holds ${JSON.stringify(value)}, which is no whole number`, {
        remedy: 'name a column of whole numbers, or leave parallel out',
      })
  const from = BigInt(low as number | bigint)
  const span = BigInt(high as number | bigint) - from + 1n
  const bounds = Array.from({ length: ranges - 1 }, (_, i) => String(from + (span * BigInt(i + 1)) / BigInt(ranges)))
  return [...new Set(bounds)]
}

async function takeSample(session: SqlSession, driver: SqlDriver, plan: TablePlan): Promise<void> {
  if (plan.sample === undefined) return
  const query = new Query(driver)
  const name = driver.quote(plan.sample.column)
  query.sql = `select ${name} as value from ${plan.select(driver.quote).from} where ${name} is not null limit 1`
  const [row] = await firstRows(session, query)
  const fault = row && plan.sample.fault(row.value)
  if (fault) throw new RedeyeError('BAD_SOURCE', `${fault.problem} (${plan.connection})`, { remedy: fault.remedy })
}

async function firstRows(session: SqlSession, query: Query): Promise<SqlRow[]> {
  for await (const rows of session.query(query.sql, query.values, 1)) return rows
  return []
}

async function* rowsOfRange(
  session: SqlSession,
  driver: SqlDriver,
  plan: TablePlan,
  bounds: readonly string[],
  range: number,
  after: KeyValue[] | 'start',
): AsyncGenerator<{ rows: SqlRow[]; after: After }> {
  const query = rangeQuery(driver, plan, bounds, range, after)
  let last: { rows: SqlRow[]; after: After } | undefined
  for await (const rows of session.query(query.sql, query.values, BATCH_ROWS)) {
    if (last) yield last
    last = { rows, after: plan.resumable ? lastKey(rows, plan.order) : [] }
  }
  if (last) yield { rows: last.rows, after: 'end' }
}

function rangeQuery(driver: SqlDriver, plan: TablePlan, bounds: readonly string[], range: number, after: KeyValue[] | 'start'): Query {
  const query = new Query(driver)
  const { columns, from } = plan.select(driver.quote)
  const conditions = [plan.where(driver.quote, query.bind), rangeCondition(driver, plan, bounds, range, query.bind)]
  const order = plan.order.map(driver.quote).join(', ')
  if (after !== 'start') conditions.push(`(${order}) > (${after.map(value => query.bind(sqlValue(value))).join(', ')})`)
  const where = conditions.filter(condition => condition !== '').join(' and ')
  query.sql = `select ${columns} from ${from}${where === '' ? '' : ` where ${where}`}${order === '' ? '' : ` order by ${order}`}`
  return query
}

/** The first range is open below and holds the nulls, the last is open above, so no row lies between the ranges. */
function rangeCondition(driver: SqlDriver, plan: TablePlan, bounds: readonly string[], range: number, bind: Bind): string {
  if (plan.parallel === undefined || bounds.length === 0) return ''
  const column = driver.quote(plan.parallel.column)
  const low = bounds[range - 1]
  const high = bounds[range]
  if (low === undefined) return `(${column} < ${bind(BigInt(high!))} or ${column} is null)`
  const above = `${column} >= ${bind(BigInt(low))}`
  return high === undefined ? above : `${above} and ${column} < ${bind(BigInt(high))}`
}

/** A statement and its bound values, in the order in which they stand in it. */
class Query {
  sql = ''
  readonly values: SqlValue[] = []
  readonly bind: Bind
  constructor(driver: SqlDriver) {
    this.bind = value => driver.placeholder(this.values.push(value))
  }
}

/** The last row's key; every row is looked at, since a null is skipped without a word by the comparison that a resumed read begins with. */
function lastKey(rows: readonly SqlRow[], key: readonly string[]): KeyValue[] {
  let last: KeyValue[] = []
  for (const row of rows) last = key.map(column => keyValue(row, column))
  return last
}

function keyValue(row: SqlRow, column: string): KeyValue {
  const value = row[column]
  if (typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'bigint') return { int: String(value) }
  throw new RedeyeError(
    'BAD_SOURCE',
    `key column "${column}" is ${value === null ? 'null' : `a ${typeof value}`} in a row, so the row cannot be found again`,
    {
      remedy: 'name key columns that are never null and hold texts or numbers, or leave key out',
    },
  )
}

function sqlValue(value: KeyValue): SqlValue {
  return typeof value === 'object' ? BigInt(value.int) : value
}
