import type { Manifest } from '../core/manifest.ts'

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
  /** Progress for people and logs; never state. */
  log(message: string, fields?: Record<string, unknown>): void
}

/** Does one task's work (an adapter is made for a task): reads pinned versions, writes files and manifest.json, runs the checks. Publishing is not its business. */
export interface Compute {
  /** Resolves with the manifest it wrote, checks passed; rejects with a RedeyeError whose `failure` classifies the attempt. */
  run(attempt: Attempt): Promise<Manifest>
}
