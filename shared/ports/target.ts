import type { Columns, Json } from '../core/schema.ts'
import type { SourceWorld } from './source.ts'

/** One delivery: a task's rows for one partition, under the fence of its generation and attempt. */
export interface Delivery {
  task: string
  /** The dataset whose version is delivered, its partition and the number of the version (the newest pinned one). */
  dataset: string
  partition: string
  version: number
  generation: number
  attempt: number
  columns: Columns
  /** The columns that identify a row; empty when none were declared. */
  key: readonly string[]
  /** The rows, streamed in batches; the number of rows a batch is the reader's choice. */
  rows: AsyncIterable<Record<string, unknown>[]>
  /** Local parquet files with the same rows and columns, for targets that load files faster than rows; absent where a map makes the rows. */
  files?: () => Promise<string[]>
  /** Where an earlier attempt of the same generation stopped. */
  position: Json | undefined
  /** Records how far the target has accepted, so that a next attempt goes on there. */
  save(position: Json): Promise<void>
  signal: AbortSignal
  world: SourceWorld
}

/** What a target answers for a batch it accepted; a load's output dataset holds these rows. */
export interface Receipt {
  batch: number
  rows: number
  /** What makes sending it again harmless: an idempotency key, a message id, a load record's name. */
  token: string
  /** What the target answered, in short. */
  answer: string
}

/** Where data goes. A new target is one new file in shared/targets that makes such a value. */
export interface Target {
  readonly target: string
  describe(): string
  /** The names of the settings and secrets it reads, so that a function may be allowed just these. */
  readonly secrets?: readonly string[]
  faults(columns: Columns, key: readonly string[]): string[]
  /** Delivers, and yields a receipt a batch; throws STALE_ATTEMPT when a newer generation or attempt was there. */
  deliver(delivery: Delivery): AsyncIterable<Receipt>
}
