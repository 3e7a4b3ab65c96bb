import type { Mapping } from './mapping.ts'
import type { Partitioning } from './partition.ts'
import { lanes } from './run.ts'

/** A task's input as the engine needs it: everything about the join and nothing about columns. */
export interface InputContract {
  dataset: string
  mapping: Mapping
  wait: 'all' | { atLeast: number } | { optional: string }
  onUpdate: 'rerun' | 'ignore' | 'hold'
}

export interface RetryContract {
  /** How many attempts of a generation may end so, in all. */
  attempts: number
  timeouts: number
  losses: number
  /** Two where what outgrows its function is Spark's at the next attempt; one, none being larger, unless given. */
  resources?: number
  backoffMs: number
  factor: number
  /** The share of a wait that chance adds or takes, 0 to 1. */
  jitter: number
}

/** What a deployed task declares, as the graph and the engine read it at run time. */
export interface TaskContract {
  kind: 'task'
  task: string
  output: string
  inputs: InputContract[]
  onNight: boolean
  retry: RetryContract
  /** How long an attempt may take; none unless given. */
  timeoutMs?: number
  limit?: number
  /** Of code, SQL and inputs: a version says by it what made it. */
  hash: string
  /** Of inputs and mappings alone: pins are compared only under the one they were made by. */
  inputsHash: string
  /** When the task was first deployed; what was published before starts nothing. */
  deployedAt: number
}

/** What a name stands for already where a task's may stand; undefined when a task may be called so. */
export function takenName(task: string): string | undefined {
  if (task === 'platform') return 'what all tasks stand on'
  if (task === 'all') return 'all tasks together'
  return lanes.some(lane => lane === task) ? 'a lane' : undefined
}

/** What a dataset declares, whoever makes it. */
export interface DatasetContract {
  kind: 'dataset'
  dataset: string
  partitioning: Partitioning
  outside: boolean
  /** How long versions that are no longer current are kept. */
  keepMs: number
}
export type Contract = TaskContract | DatasetContract
