import { refuseFailedChecks, runChecks } from '../compute/checks.ts'
import { openSession } from '../compute/duckdb.ts'
import { isRedeyeError } from '../compute/failure.ts'
import { refuseTooMany, taker } from '../compute/ingest.ts'
import { deliveredAlias, deliveredRows } from '../compute/load.ts'
import { parameterValues, partitionTimes } from '../compute/parameter.ts'
import { allRows } from '../compute/row-stream.ts'
import { RowTable } from '../compute/row-table.ts'
import type { Session } from '../compute/session.ts'
import { outputRelation, SparkOnly, type Statement, sqlFileOf, translate } from '../compute/transform.ts'
import type { CheckResult } from '../core/check.ts'
import { RedeyeError } from '../core/errors.ts'
import { keyOf, parsePartition } from '../core/partition.ts'
import type { Row } from '../core/schema.ts'
import type { Rejected } from '../ports/source.ts'
import type { Delivery, Receipt } from '../ports/target.ts'
import { type RecordedRequest, type RecordedResponse, recordedWorld } from '../sources/recorded.ts'
import { quoted } from '../sql/type.ts'
import type { Dataset, RowOf } from '../task/dataset.ts'
import { errorText } from '../task/error-text.ts'
import type { Input } from '../task/input.ts'
import type { IngestWork, Inputs, LoadWork, Task } from '../task/task.ts'
import { createInputTables, type GivenRows } from './input-tables.ts'

type RowsFor<I> =
  I extends Input<infer D extends Dataset> ? readonly Partial<RowOf<D>>[] | Readonly<Record<string, readonly Partial<RowOf<D>>[]>> : never

export interface RunOptions<I extends Inputs = Inputs> {
  /** The output's partition; may be left out where there is only one. */
  partition?: string
  /** Rows by the inputs' aliases, of the last partition that the task reads or by partition; an input that is left out is empty. */
  inputs?: { readonly [A in keyof I]?: RowsFor<I[A]> }
  /** For an ingest: what its source yields, instead of asking it. */
  records?: readonly Record<string, unknown>[]
  /** What HTTP answers, in order; a source or target asks for nothing else. */
  responses?: readonly RecordedResponse[]
  /** Secrets and settings by name, for sources and targets. A load without these and without responses delivers nowhere. */
  settings?: Readonly<Record<string, string>>
  /** Whether a check that fails rejects, which is the default, or is only reported. How many rows there are is always only reported, for a test has few. */
  checks?: 'reject' | 'report'
}

export interface RunResult<O extends Dataset = Dataset> {
  /** The output's rows; of a load these are the receipts. */
  rows: Row<O['columns']>[]
  checks: CheckResult[]
  /** Of an ingest: what did not fit, and why. */
  quarantined: Rejected[]
  /** Of a load: the rows that its target was given. */
  delivered: Record<string, unknown>[]
  /** The HTTP requests that were made. */
  requests: readonly RecordedRequest[]
}

const OUTPUT = 'redeye_output'
const statements = new WeakMap<Task, Promise<Statement>>()

/**
 * Runs a task as it is, with its real SQL, checks and mapping, on rows of the test, in memory: nothing is left behind.
 * Rejects with the error that an attempt would end with.
 *
 * @example
 * const { rows } = await runTask(task, { partition: '2001-02-14', inputs: { flights: [row(flights, { origin: 'SFO', delay_min: 16 })] } })
 */
export async function runTask<I extends Inputs, O extends Dataset>(task: Task<I, O>, options: RunOptions<I> = {}): Promise<RunResult<O>> {
  try {
    return await perform(task, options)
  } catch (error) {
    if (isRedeyeError(error)) showWhole(error, task)
    throw error
  }
}

/**
 * What a failed test shows of an error is its stack: it says where and what to do, and begins at the error's own line, of which
 * a code frame is shown, then at the test's. Redeye's own frames would say nothing to whoever wrote the task.
 */
function showWhole(error: RedeyeError, task: Task): void {
  const { file, line, column } = error.place
  Error.captureStackTrace(error, runTask)
  const frames = error.stack!.slice(`${error.name}: ${error.message}`.length)
  const own = file && line && column ? `\n    at ${file}:${line}:${column}` : ''
  error.stack = `${error.name}: ${errorText(error, task)}${own}${frames}`
}

async function perform<I extends Inputs, O extends Dataset>(task: Task<I, O>, options: RunOptions<I>): Promise<RunResult<O>> {
  const partition = options.partition ?? onlyPartition(task)
  parsePartition(task.output.partition, partition, task.output.name)
  const file = task.work.work === 'transform' ? sqlFileOf(task) : task.declared.file
  // A few rows are done before a second thread has begun.
  const session = await openSession({ threads: 1 }, { task: task.name, partition, file })
  try {
    await createInputTables(session, task, partition, (options.inputs ?? {}) as Record<string, GivenRows>)
    const made = await produce(session, task, partition, options as RunOptions)
    const rows = (await allRows(session, OUTPUT, task.output.columns)) as Row<O['columns']>[]
    const relationOf = async (alias: string) => `FROM ${quoted(alias)}`
    const checks = await runChecks({ session, task, partition, relation: OUTPUT, rows: rows.length, relationOf })
    if (options.checks !== 'report')
      refuseFailedChecks(
        task,
        partition,
        checks.filter(result => result.check.check !== 'rows'),
      )
    return { rows, checks, ...made }
  } finally {
    session.close()
  }
}

function onlyPartition(task: Task): string {
  const { partition } = task.output
  if (partition.grain === 'unpartitioned') return keyOf(partition, 0)
  throw new RedeyeError('BAD_ARGUMENT', `which partition of ${task.output.name}?`, { remedy: 'say `partition`' })
}

type Made = Pick<RunResult, 'quarantined' | 'delivered' | 'requests'>
const nothing: Made = { quarantined: [], delivered: [], requests: [] }

/** Fills the output's table. */
function produce(session: Session, task: Task, partition: string, options: RunOptions): Promise<Made> {
  if (task.work.work === 'transform') return produceTransform(session, task, partition)
  return task.work.work === 'ingest' ? produceIngest(session, task, partition, options) : produceLoad(session, task, partition, options)
}

async function produceTransform(session: Session, task: Task, partition: string): Promise<Made> {
  let statement = statements.get(task)
  if (!statement) statements.set(task, (statement = translate(task).then(translated => ({ translated }))))
  const ready = await statement.catch(error => {
    if (error instanceof SparkOnly && task.engine !== 'duckdb') return error
    throw error
  })
  if (ready instanceof SparkOnly) {
    await onSpark(session, task, partition, ready)
    return nothing
  }
  const values = parameterValues(session.duckdb, partitionTimes(task.output.partition, partition), ready.translated.parameters)
  const relation = await outputRelation(session, ready, values, task.output.columns, {})
  await session.run(`CREATE TEMP TABLE ${OUTPUT} AS FROM ${relation}`, values)
  return nothing
}

async function onSpark(session: Session, task: Task, partition: string, only: SparkOnly): Promise<void> {
  const python = process.env.REDEYE_SPARK_PYTHON
  // Only such a test needs what Spark takes.
  const { PYSPARK, runOnSpark } = await import('./run-on-spark.ts')
  if (python) return runOnSpark(session, task, partition, OUTPUT, python)
  throw new RedeyeError('BAD_SQL', `${only.message}, and this test has none`, {
    remedy: `python3 -m venv .venv && .venv/bin/pip install ${PYSPARK}, and set REDEYE_SPARK_PYTHON to .venv/bin/python; or write it without`,
    ...only.place,
  })
}

async function produceIngest(session: Session, task: Task, partition: string, options: RunOptions): Promise<Made> {
  const table = new RowTable(session, OUTPUT, task.output.columns)
  const refusals = {
    rows: 0,
    reasons: [] as string[],
    all: [] as Rejected[],
    add: (rejected: Rejected) => void refusals.all.push(rejected),
  }
  const take = taker(task, table, refusals)
  const world = recordedWorld({ responses: options.responses, secrets: options.settings })
  let records = 0
  for await (const batch of batchesOf(task, partition, options, world)) {
    records += take(batch)
    await table.flushFull()
  }
  await table.finish()
  refusals.rows = refusals.all.length
  refusals.reasons.push(...refusals.all.slice(0, 3).map(({ reason, where }) => (where ? `${reason} (${where})` : reason)))
  if (options.checks !== 'report') refuseTooMany(task, partition, refusals, records, "`quarantined`, with checks: 'report',")
  return { ...nothing, quarantined: refusals.all, requests: world.fetch.requests }
}

function batchesOf(task: Task, partition: string, options: RunOptions, world: ReturnType<typeof recordedWorld>) {
  if (options.records) return [{ records: [...options.records] }]
  const { source } = task.work as IngestWork
  const times = partitionTimes(task.output.partition, partition)
  const { signal } = new AbortController()
  return source.read({ partition: times, columns: task.output.columns, position: undefined, signal, world })
}

async function produceLoad(session: Session, task: Task, partition: string, options: RunOptions): Promise<Made> {
  const { target, columns } = task.work as LoadWork
  const alias = deliveredAlias(task)
  const { dataset } = task.inputs[alias]!
  const world = recordedWorld({ responses: options.responses, secrets: options.settings })
  const delivered: Record<string, unknown>[] = []
  const delivery: Delivery = {
    task: task.name,
    dataset: dataset.name,
    partition,
    version: 1,
    generation: 1,
    attempt: 1,
    columns: columns ?? dataset.columns,
    key: dataset.key,
    rows: noted(deliveredRows(task, session, quoted(alias)), delivered),
    position: undefined,
    save: async () => {},
    signal: new AbortController().signal,
    world,
  }
  const receipts: Receipt[] = []
  const deliver = options.responses || options.settings ? target.deliver(delivery) : deliverNowhere(delivery)
  for await (const receipt of deliver) receipts.push(receipt)
  const table = new RowTable(session, OUTPUT, task.output.columns)
  for (const receipt of receipts) table.add({ ...receipt })
  await table.finish()
  return { ...nothing, delivered, requests: world.fetch.requests }
}

async function* noted(
  rows: AsyncIterable<Record<string, unknown>[]>,
  into: Record<string, unknown>[],
): AsyncIterable<Record<string, unknown>[]> {
  for await (const some of rows) {
    into.push(...some)
    yield some
  }
}

async function* deliverNowhere({ rows }: Delivery): AsyncIterable<Receipt> {
  let count = 0
  for await (const some of rows) count += some.length
  yield { batch: 0, rows: count, token: 'test', answer: 'delivered nowhere' }
}
