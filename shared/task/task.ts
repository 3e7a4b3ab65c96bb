import { basename, dirname } from 'node:path'
import type { Check } from '../core/check.ts'
import type { Columns, Row } from '../core/schema.ts'
import type { Source } from '../ports/source.ts'
import type { Target } from '../ports/target.ts'
import type { CheckOn } from './checks.ts'
import type { Daily, Dataset, Hourly, Keyed, Monthly, RowOf, Unpartitioned, Weekly } from './dataset.ts'
import { refuseMisshapenTask } from './declared-shapes.ts'
import { type Duration, durationMs } from './duration.ts'
import type { Input } from './input.ts'
import { withKeyCheck } from './key-check.ts'
import { type Declared, declaredAt } from './place.ts'

export interface RetryOptions {
  /** How many attempts a generation has that end transient; 3 unless given. */
  attempts?: number
  /** The wait after the first transient failure; 1m unless given. */
  backoff?: Duration
  /** What the wait grows by each time; 2 unless given. */
  factor?: number
  /** How many attempts may end in a timeout; 2 unless given. */
  timeouts?: number
  /** How many may be lost; 3 unless given. */
  losses?: number
}
export interface RetryPolicy {
  readonly attempts: number
  readonly backoffMs: number
  readonly factor: number
  readonly timeouts: number
  readonly losses: number
}

export interface SparkSize {
  /** Memory in GB from 8 to 120, with 4 cores up to 30, 8 up to 60 and 16 beyond; 16 unless given. */
  readonly memoryGb?: number
  /** Disk in GB from 20 to 200, for what is shuffled and spilled; 20 unless given. */
  readonly diskGb?: number
}

export interface TaskOptions<O extends Dataset = Dataset> {
  checks?: readonly CheckOn<keyof O['columns'] & string>[]
  retry?: RetryOptions
  /** How long an attempt may take; 15m unless given, Lambda's own limit. */
  timeout?: Duration
  /** How many runs of this task may run at once. */
  limit?: number
  /** Where SQL runs: chosen by the bytes of the inputs unless given. */
  engine?: 'duckdb' | 'spark'
  /** Memory of its work on Lambda, in MB from 512 to 10240; 1769, with which a whole core comes, unless given. */
  memoryMb?: number
  /** Disk of its work on Lambda, in MB from 512 to 10240, for inputs and what SQL spills; 4096 unless given. */
  diskMb?: number
  /** How large each worker of its Spark jobs is. */
  spark?: SparkSize
  /** Its work runs inside the stage's network, since a source or target is only reached from there. */
  network?: 'private'
}

export type Inputs = { readonly [alias: string]: Input }

/** What a task.ts exports. `name` is the name of the folder it stands in. Its inputs and output keep their types, for tests with typed rows. */
export interface Task<I extends Inputs = Inputs, O extends Dataset = Dataset> {
  readonly kind: 'ingest' | 'transform' | 'load'
  readonly name: string
  readonly declared: Declared
  readonly inputs: I
  readonly output: O
  /** Runs for the date of each night. */
  readonly onNight: boolean
  /** Those declared, and that the output's key identifies a row. */
  readonly checks: readonly Check[]
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  readonly limit: number | undefined
  readonly engine: 'duckdb' | 'spark' | undefined
  readonly memoryMb?: number | undefined
  readonly diskMb?: number | undefined
  readonly spark?: SparkSize | undefined
  readonly network?: 'private' | undefined
  readonly work: IngestWork | TransformWork | LoadWork
}
export interface IngestWork {
  readonly work: 'ingest'
  readonly source: Source
  readonly map: ((record: Record<string, unknown>) => Record<string, unknown> | null) | undefined
  readonly maxRejected: number
}
export interface TransformWork {
  readonly work: 'transform'
  readonly sqlFile: string
}
export interface LoadWork {
  readonly work: 'load'
  readonly target: Target
  readonly map: ((row: Record<string, unknown>) => Record<string, unknown> | null) | undefined
  /** The columns that are delivered, where `map` makes other ones than the input's. */
  readonly columns: Columns | undefined
}

type GrainOf<D> = D extends Dataset<Columns, infer P> ? P['grain' & keyof P] : never
type KeyOf<D> = D extends { partition: Keyed<infer K> } ? K : never
type TimeOf<D> = D extends { partition: { grain: infer G extends string; timezone: infer Z extends string } } ? `${G} in ${Z}` : never
type Timed = Hourly | Daily | Weekly | Monthly

/** Why an input cannot stand, as a text in the type that the compiler then shows; the input itself when it can. */
export type Joined<I, O extends Dataset> =
  I extends Input<infer D, infer M, infer E>
    ? M extends 'same'
      ? D['partition'] extends Timed
        ? O['partition'] extends D['partition'] | SameTime<D['partition']>
          ? I
          : `same needs the output’s grain and time zone; this input is ${TimeOf<D>}`
        : GrainOf<D> extends GrainOf<O>
          ? KeyOf<O> extends KeyOf<D>
            ? I
            : `same needs every key of the output; this input has no ${Exclude<KeyOf<O>, KeyOf<D>>}`
          : `same needs the output’s grain; this input is ${GrainOf<D> & string}`
      : M extends 'trailing' | 'offset'
        ? D['partition'] extends Timed
          ? O['partition'] extends D['partition'] | SameTime<D['partition']>
            ? I
            : `${M} needs the output’s grain and time zone; this input is ${TimeOf<D>}`
          : `${M} needs a dated input; this one is ${GrainOf<D> & string}`
        : M extends 'overlapping'
          ? D['partition'] extends Timed
            ? O['partition'] extends Timed
              ? I
              : 'overlapping needs a dated output'
            : 'overlapping needs a dated input'
          : M extends 'all'
            ? D['partition'] extends Keyed | Unpartitioned
              ? O['partition'] extends Timed
                ? E extends true
                  ? I
                  : 'all into a dated output must say onUpdate: rerun would run every date again for one new key'
                : I
              : 'all takes a keyed or an unpartitioned input'
            : I
    : never
/** A row that `map` makes with nothing in it that the columns do not have; what is spread from a record has no names to check. */
type Exactly<R, C extends Columns> = string extends keyof R ? unknown : { readonly [K in Exclude<keyof R, keyof C>]: never }
type SameTime<P> = P extends { grain: infer G; timezone: infer Z } ? { grain: G; timezone: Z } : never
type JoinedInputs<I extends Inputs, O extends Dataset> = { readonly [K in keyof I]: Joined<I[K], O> }

/** Whether an attempt's SQL may run on Spark. */
export const mayUseSpark = ({ kind, engine }: Pick<Task, 'kind' | 'engine'>) => kind === 'transform' && engine !== 'duckdb'

/** Whether each attempt chooses where its SQL runs. */
export const mayUseEither = ({ kind, engine }: Pick<Task, 'kind' | 'engine'>) => kind === 'transform' && engine === undefined

const defaults = { attempts: 3, backoff: '1m', factor: 2, timeouts: 2, losses: 3 } as const
// Lambda ends a function after fifteen minutes, so a longer default would promise what the platform cannot keep.
const TIMEOUT: Duration = '15m'

function task(kind: Task['kind'], options: TaskOptions & { output: Dataset }, inputs: Inputs, onNight: boolean, work: Task['work']): Task {
  refuseMisshapenTask(kind, { ...options })
  const declared = declaredAt()
  const retry = { ...defaults, ...options.retry }
  return {
    kind,
    name: basename(dirname(declared.file)),
    declared,
    inputs,
    output: options.output,
    onNight,
    checks: withKeyCheck(options.output, options.checks ?? []),
    retry: {
      attempts: retry.attempts,
      backoffMs: durationMs(retry.backoff),
      factor: retry.factor,
      timeouts: retry.timeouts,
      losses: retry.losses,
    },
    timeoutMs: durationMs(options.timeout ?? TIMEOUT),
    limit: options.limit,
    engine: options.engine,
    memoryMb: options.memoryMb,
    diskMb: options.diskMb,
    spark: options.spark,
    network: options.network,
    work,
  }
}

/**
 * A task that brings data in from a source, for the date of each night, or when an outside dataset it names is delivered.
 *
 * @example
 * export default ingest({ source: sqlTable({ connection: 'OPERATIONS', table: 'flights', partitionColumn: 'date' }), output: flights })
 */
export function ingest<
  const O extends Dataset,
  const I extends Inputs = Record<never, never>,
  R extends { [K in keyof O['columns']]?: unknown } = { [K in keyof O['columns']]?: unknown },
>(
  options: TaskOptions<O> & {
    source: Source
    output: O
    inputs?: I & JoinedInputs<I, O>
    /** Runs for the date of each night; so unless it has inputs, or this says false (then only requests start it). */
    onNight?: boolean
    /** Makes a row of a record; null leaves it out. Values are then fitted to the columns, and what does not fit is quarantined. */
    map?: (record: Record<string, unknown>) => (R & Exactly<R, O['columns']>) | null
    /** The share of records that may be quarantined before the attempt fails; 0.01 unless given. */
    maxRejected?: number
  },
): Task<I, O> {
  const inputs = (options.inputs ?? {}) as Inputs
  const onNight = options.onNight ?? Object.keys(inputs).length === 0
  return task('ingest', options, inputs, onNight, {
    work: 'ingest',
    source: options.source,
    map: options.map as IngestWork['map'],
    maxRejected: options.maxRejected ?? 0.01,
  }) as Task<I, O>
}

/**
 * A task that makes its output from its inputs by one SQL statement, in a file beside task.ts that names the inputs by their keys here.
 *
 * @example
 * export default transform({ inputs: { flights: trailing(flights, 7) }, output: routePunctuality, sql: 'route-punctuality.sql' })
 */
export function transform<const O extends Dataset, const I extends Inputs>(
  options: TaskOptions<O> & { inputs: I & JoinedInputs<I, O>; output: O; sql: string },
): Task<I, O> {
  return task('transform', options, options.inputs as Inputs, false, { work: 'transform', sqlFile: options.sql }) as Task<I, O>
}

type Deliverable<I extends Inputs> = { [K in keyof I]: I[K] extends Input<infer D> ? RowOf<D> : never }[keyof I]

/**
 * A task that delivers its one input to a target; its output holds the receipts.
 *
 * @example
 * export default load({ inputs: { routes: same(routePunctuality) }, target: warehouse({ connection: 'WAREHOUSE' }), output: routesLoaded })
 */
export function load<
  const O extends Dataset,
  const I extends Inputs,
  const C extends Columns = Columns,
  R extends Partial<Row<C>> = Partial<Row<C>>,
>(
  options: TaskOptions<O> & {
    inputs: I & JoinedInputs<I, O>
    output: O
    target: Target
    /** The columns delivered, where they differ from the input's; `map` then makes them. */
    columns?: C
    map?: (row: Deliverable<I>) => (R & Exactly<R, C>) | null
  },
): Task<I, O> {
  return task('load', options, options.inputs as Inputs, false, {
    work: 'load',
    target: options.target,
    map: options.map as LoadWork['map'],
    columns: options.columns,
  }) as Task<I, O>
}
