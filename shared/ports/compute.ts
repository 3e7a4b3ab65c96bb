import type { Manifest } from '../core/manifest.ts'
import type { Cause } from '../core/run.ts'

/** One pinned partition of an input: where its files are, or undefined where nothing is there (an empty table). */
export interface PinnedPartition {
  partition: string
  version: number
  /** The version's folder in the lake, whose manifest.json lists its files. */
  folder: string
}

/** Everything an attempt's work is about. It writes only under `folder`. */
export interface Attempt {
  task: string
  partition: string
  generation: number
  attempt: number
  /** `<dataset>/<partition>/g<generation>-a<attempt>`, this attempt's own. */
  folder: string
  /** By the input's alias. */
  inputs: Record<string, PinnedPartition[]>
  signal: AbortSignal
  /** It has begun elsewhere, and goes on here from its checkpoint. */
  handedOn?: true
  /** An earlier attempt of this generation needed more memory or disk than there was: SQL that may run on Spark does. */
  outgrown?: true
  /** Why the run is wanted: its lane and night, for whoever looks for it in logs and traces. */
  cause?: Pick<Cause, 'lane' | 'night'>
  /**
   * Whether the attempt had better stop at its next checkpoint, to go on elsewhere: the function it runs in has little time left. What
   * has no checkpoint does not ask. Absent where an attempt has all of its time in one place.
   */
  yields?(): boolean
  /** Progress for people and logs; never state. */
  log(message: string, fields?: Record<string, unknown>): void
}

/** Thrown by an attempt that stopped at a checkpoint because it was to yield: the same attempt goes on from there when it is run again. */
export class Unfinished extends Error {
  constructor() {
    super('stopped at a checkpoint, to go on elsewhere')
    this.name = 'Unfinished'
  }
}

/** The work is a Spark job's from now on, by its id: that it has ended is heard elsewhere. */
export interface SubmittedJob {
  job: string
}

/** Does one task's work (an adapter is made for a task): reads pinned versions, writes files and manifest.json, runs the checks. Publishing is not its business. */
export interface Compute {
  /**
   * Resolves with the manifest it wrote, checks passed, or with the job that is to do it; rejects with a RedeyeError whose `failure`
   * classifies the attempt, or with Unfinished.
   */
  run(attempt: Attempt): Promise<Manifest | SubmittedJob>
}

/** Does the work until it is done: what it resolves with is there. */
export interface LocalCompute extends Compute {
  run(attempt: Attempt): Promise<Manifest>
}
