import type { DuckDBAppender, DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api'
import type { DuckDb } from './duckdb.ts'
import { computeFailure, type FailureContext, isBroken } from './failure.ts'

export type Values = Record<string, DuckDBValue>

// An interrupt that comes between two statements is forgotten by the next, so it is repeated until the session is over.
const INTERRUPT_AGAIN_MS = 50

/** What a session asks of the instance it shares with others. */
export interface SharedInstance {
  /** Gives it the functions that translated SQL calls, once. */
  macros(): Promise<void>
  /** Serves nobody any more. */
  discard(): void
}

/** One attempt's connection: what it creates is TEMP and its own, and its failures come out classified. */
export class Session {
  readonly duckdb: DuckDb
  readonly context: FailureContext
  readonly signal: AbortSignal | undefined
  private readonly db: DuckDBConnection
  private readonly instance: SharedInstance
  private interrupting: NodeJS.Timeout | undefined
  private readonly interrupt = () => {
    this.db.interrupt()
    this.interrupting ??= setInterval(() => this.db.interrupt(), INTERRUPT_AGAIN_MS)
  }

  constructor(duckdb: DuckDb, db: DuckDBConnection, context: FailureContext, signal: AbortSignal | undefined, instance: SharedInstance) {
    this.duckdb = duckdb
    this.db = db
    this.context = context
    this.signal = signal
    this.instance = instance
    signal?.addEventListener('abort', this.interrupt, { once: true })
  }

  /** Makes ready for a translated statement: the functions that it calls. */
  async prepareFor(sql: string): Promise<void> {
    if (/\bspark_/.test(sql)) await this.guarded(() => this.instance.macros())
  }

  /** Runs a statement; an attempt that has ended runs nothing more. */
  run(sql: string, values?: Values): Promise<DuckDBResult> {
    return this.guarded(() => this.db.run(sql, values))
  }

  /** All rows of a query, values as DuckDB gives them. */
  rows(sql: string, values?: Values): Promise<Record<string, DuckDBValue>[]> {
    return this.guarded(async () => (await this.db.runAndReadAll(sql, values)).getRowObjects())
  }

  /** A query's result to be read chunk by chunk, with memory for a few chunks. */
  stream(sql: string, values?: Values): Promise<DuckDBResult> {
    return this.guarded(() => this.db.stream(sql, values))
  }

  appender(table: string): Promise<DuckDBAppender> {
    return this.guarded(() => this.db.createAppender(table, 'main', 'temp'))
  }

  /** Gives a failure of DuckDB its class, and heeds the attempt's signal before and after. */
  async guarded<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      this.signal?.throwIfAborted()
      const result = await work()
      this.signal?.throwIfAborted()
      return result
    } catch (cause) {
      // A fatal error spoils the instance for everyone; the next session begins on a new one.
      if (isBroken(cause)) this.instance.discard()
      throw computeFailure(cause, this.context, this.signal)
    }
  }

  close(): void {
    this.signal?.removeEventListener('abort', this.interrupt)
    clearInterval(this.interrupting)
    this.db.closeSync()
  }
}
