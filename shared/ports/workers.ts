import type { RunDoc } from '../core/run.ts'

/** Names one attempt of a run. */
export interface AttemptName {
  task: string
  dataset: string
  partition: string
  generation: number
  attempt: number
}

/** What a worker is told: the attempt, and the run as it was claimed, which it need not read then. */
export interface Start extends AttemptName {
  run?: { rev: number; doc: RunDoc }
}

/** Invokes a task's `work`, and stops it. Both return at once; neither promises anything: the ledger's lease does. */
export interface Workers {
  start(attempt: Start): Promise<void>
  stop(attempt: AttemptName): Promise<void>
  /** A start reaches `work` at most once, so that nobody has to say in the ledger that it has begun. */
  readonly once?: true
}
