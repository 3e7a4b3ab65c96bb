/** Names one attempt of a run. */
export interface AttemptName {
  task: string
  dataset: string
  partition: string
  generation: number
  attempt: number
}

/** Invokes a task's `work`, and stops it. Both return at once; neither promises anything: the ledger's lease does. */
export interface Workers {
  start(attempt: AttemptName): Promise<void>
  stop(attempt: AttemptName): Promise<void>
  /** A start reaches `work` at most once, so that nobody has to say in the ledger that it has begun. */
  readonly once?: true
}
