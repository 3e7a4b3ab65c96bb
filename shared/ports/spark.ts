import type { AttemptName } from './workers.ts'

/** One attempt's work as a Spark job. */
export interface SparkJob {
  attempt: AttemptName
  /** The lake's key of what the job is to do. */
  plan: string
  /** The job is ended after so long, in milliseconds. */
  timeoutMs?: number
  /** How large each of its workers is; as large as workers are unless given. */
  size?: { memoryGb?: number; diskGb?: number }
  /** Nightly and manual jobs have an application of their own, so that no backfill takes their places. */
  lane?: 'nightly' | 'manual' | 'backfill'
}

/** What whoever runs a job says of it. */
export interface JobStatus {
  attempt: AttemptName
  /** `running` from its submission on. */
  state: 'running' | 'succeeded' | 'failed' | 'cancelled'
  /** Why it failed, in that service's words. */
  message?: string
}

/**
 * Runs Spark jobs. Nothing here is believed about an attempt's outcome: what a job made is what its folder says (see engine/job),
 * and its status only whether it still runs.
 */
export interface Spark {
  /** Starts a job and resolves with its id; the same attempt's job, submitted again, is the same job, as far as the service keeps its word. */
  submit(job: SparkJob): Promise<string>
  /** Undefined for an id that is not known (any more). */
  status(id: string): Promise<JobStatus | undefined>
  /** Ends a job; one that is over, or not known, stays as it is. */
  cancel(id: string): Promise<void>
}
