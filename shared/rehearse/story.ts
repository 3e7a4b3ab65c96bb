import type { DatasetContract, TaskContract } from '../core/contract.ts'
import type { EpochMs } from '../core/zone.ts'

/** A partition of a dataset, as a story names it: `orders@2026-03-02`. */
export interface PartitionName {
  readonly dataset: string
  readonly partition: string
}

/** A run as a story names it, `clean-orders@2026-03-02`; `dataset` is the task's output. */
export interface RunName extends PartitionName {
  readonly task: string
}

export const outcomes = ['ok', 'transient', 'user', 'timeout', 'lost'] as const
export type Outcome = (typeof outcomes)[number]
export const failures = ['transient', 'user', 'timeout', 'lost'] as const
export type Failure = (typeof failures)[number]

export const lanes = ['nightly', 'manual', 'backfill'] as const
export type Lane = (typeof lanes)[number]
export const selections = ['missing', 'failed', 'all'] as const
export type Selection = (typeof selections)[number]

export const states = ['waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'held', 'absent'] as const
export type ExpectedState = (typeof states)[number]

/** What occurs, in the order of the file. Ranges and ` x2` are spelled out; `line` is the step's line in the file, from 1. */
export type Step = { readonly line: number } & (
  | { readonly step: 'night'; readonly date: string }
  | { readonly step: 'ready'; readonly partitions: readonly PartitionName[] }
  | { readonly step: 'outcome'; readonly outcomes: readonly { readonly run: RunName; readonly classes: readonly Outcome[] }[] }
  | { readonly step: 'hold'; readonly tasks: readonly string[] }
  | { readonly step: 'finish'; readonly runs: readonly { readonly run: RunName; readonly of?: AttemptNumber }[] }
  | { readonly step: 'fail'; readonly runs: readonly { readonly run: RunName; readonly failure: Failure }[] }
  | { readonly step: 'advance'; readonly durationMs: number }
  | { readonly step: 'until'; readonly at: EpochMs }
  | { readonly step: 'pause' | 'resume'; readonly task: string | undefined }
  | { readonly step: 'cancel' | 'approve'; readonly runs: readonly RunName[] }
  | { readonly step: 'request'; readonly request: RequestStep }
  | { readonly step: 'skip'; readonly partitions: readonly PartitionName[] }
  | { readonly step: 'redeliver'; readonly what: 'all' | 'last' }
  | { readonly step: 'lose'; readonly count: number }
  | { readonly step: 'restart' }
  | { readonly step: 'expect'; readonly expect: Expectation }
)

/** The attempt whose result arrives, perhaps too late. */
export interface AttemptNumber {
  readonly generation: number
  readonly attempt: number
}

/** `from` and `to` are keys of any grain, as written. */
export interface RequestStep {
  readonly id: string | undefined
  readonly tasks: readonly string[]
  readonly from: string
  readonly to: string
  readonly run: Selection
  readonly downstream: boolean
  readonly lane: Lane
  readonly maxActive: number | undefined
}

/** Everything an `expect` may say; what it leaves out is undefined. `lines` has the line of each key given. */
export interface Expectation {
  /** How often each run has started; a run that the list names twice, or with ` x2`, counts twice. Undefined: not asked. */
  readonly started?: readonly { readonly run: RunName; readonly times: number }[]
  /** With ` x2` spelled out. */
  readonly inOrder?: readonly RunName[]
  readonly state?: readonly { readonly run: RunName; readonly state: ExpectedState }[]
  readonly missing?: readonly { readonly run: RunName; readonly partitions: readonly PartitionName[] }[]
  readonly stale?: readonly { readonly run: RunName; readonly partitions: readonly PartitionName[] }[]
  readonly inputs?: readonly {
    readonly run: RunName
    readonly pins: readonly { readonly partition: PartitionName; readonly number: number }[]
  }[]
  readonly generation?: readonly { readonly run: RunName; readonly count: number }[]
  readonly attempts?: readonly { readonly run: RunName; readonly count: number }[]
  readonly active?: readonly ({ readonly task: string; readonly count: number } | { readonly lane: Lane; readonly count: number })[]
  readonly published?: readonly { readonly partition: PartitionName; readonly count: number }[]
  readonly alerts?: readonly RunName[]
  readonly quiet?: true
  readonly lines: Readonly<Partial<Record<ExpectationKey, number>>>
}
export type ExpectationKey = Exclude<keyof Expectation, 'lines'>

/** The datasets and tasks that a story plays. */
export interface StoryGraph {
  readonly datasets: readonly DatasetContract[]
  readonly tasks: readonly TaskContract[]
}

/** A story, checked and spelled out: plain data for the player. */
export interface Story extends StoryGraph {
  readonly story: string
  readonly now: EpochMs
  readonly file: string
  /** The folder whose tasks it plays, absolute; undefined when the story declares its own. */
  readonly graph: string | undefined
  readonly steps: readonly Step[]
}
