import type { Manifest } from '../core/manifest.ts'
import type { Attempt, Compute } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { SourceWorld } from '../ports/source.ts'
import type { Task } from '../task/task.ts'
import type { DuckDbOptions } from './duckdb.ts'
import type { FunctionSize } from './failure.ts'
import type { Parts } from './part-files.ts'
import type { Session } from './session.ts'
import type { SparkSql } from './spark-plan.ts'

/** What a task's work may touch. */
export interface ComputeWorld {
  lake: Lake
  /** The world of sources and targets. */
  source: SourceWorld
  duckdb?: DuckDbOptions
  /** Where the work is done in a function of its own. */
  function?: FunctionSize
  /** What does a transform's work where it is Spark's; absent where there is no Spark. */
  spark?: Compute
  /** Of a task that leaves the engine open, more bytes of inputs than this are Spark's; whatever their size is DuckDB's unless given. */
  mostBytes?: number
  /** The task's translated SQL where it was made when the service was built; else it is translated from its file, once. */
  sql?: TranslatedSql
  /** The same for Spark; where there is this one alone, only Spark can run it. */
  sparkSql?: SparkSql
  /** The same of its custom checks, by the SQL they were written in. */
  checks?: Readonly<Record<string, TranslatedSql>>
  /** Rows in memory before a part is written; 500,000 unless given, about 100 MB of flights. */
  partRows?: number
  /** How long a pull from a source goes on before what has come is kept for a next attempt, in milliseconds; 10 s unless given. */
  checkpointMs?: number
}

/** A statement that DuckDB may run, and the parameters it binds. */
export interface TranslatedSql {
  duckdb: string
  parameters: readonly string[]
}

/** One attempt while it works. */
export interface Work {
  task: Task
  attempt: Attempt
  world: ComputeWorld
  session: Session
  /** The queries that give inputs' rows, from their pinned versions, by alias. */
  relationsOf(aliases: readonly string[]): Promise<Record<string, string>>
}

/** What the kinds of work have in common: the files they wrote. */
export interface Produced {
  parts: Parts
  quarantine?: Manifest['quarantine']
}
