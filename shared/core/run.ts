import type { Ancestry } from './ancestry.ts'
import type { Bits } from './bits.ts'
import type { FailureClass } from './errors.ts'
import type { EpochMs } from './zone.ts'

export const runStates = ['waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'held'] as const
export type RunState = (typeof runStates)[number]
/** A run that is over; nothing but an update or a request moves it. */
export const overStates: readonly RunState[] = ['succeeded', 'failed', 'cancelled']

/** Who goes first when places are scarce, first to last. */
export const lanes = ['nightly', 'manual', 'backfill'] as const
export type Lane = (typeof lanes)[number]

/** Why a run is wanted: the lane, the requests under whose `maxActive` it counts, and whether readers may follow. */
export interface Cause {
  lane: Lane
  /** Requests whose places it takes; none in the nightly lane. */
  under?: string[]
  /** Made under requests without downstream only: its version starts nothing elsewhere. */
  quiet?: boolean
  /** The newest night that led to it. */
  night?: string
}

/** The published version that a partition's document points to. */
export interface Version {
  /** Counts the published versions of the partition. */
  number: number
  /** The number it counts as where consistency is judged: its own, or under a request without downstream the one it replaced. */
  as: number
  /** The highest number up to it that readers follow by themselves; a version under a request without downstream does not raise it. */
  loud: number
  /** When that one was published, where it is an earlier version. */
  loudAt?: EpochMs
  /** Since that one: the requests without downstream that it and those before it were made for. What they name follows it all the same. */
  requests?: string[]
  generation: number
  attempt: number
  rows: number
  bytes: number
  schemaHash: string
  /** The hash of the task that made it; absent for what came from outside. */
  hash?: string
  at: EpochMs
  cause: Cause
  ancestry: Ancestry
  /** The lake's key of the ancestry's file and its hash, where it is too large for the document; `ancestry` is then empty. */
  ancestryFile?: { key: string; hash: string }
}

/** By the input's place in the contract. */
export interface Pins {
  inputsHash: string
  inputs: Pin[][]
  at: EpochMs
  /** What the version will derive from; moves to the version when it is published. */
  ancestry?: Ancestry
  ancestryFile?: Version['ancestryFile']
}
/** Consecutive partitions pinned at one number from folders of one name: first and last ordinal, number, generation, attempt. */
export type Pin = [from: number, to: number, number: number, generation: number, attempt: number]

export interface RunError {
  failure: FailureClass
  code?: string
  message: string
}

/** What stands in the document until it has happened. */
export type Effect =
  | { effect: 'alert'; generation: number }
  | { effect: 'notice' }
  | { effect: 'stop'; generation: number; attempt: number; job?: string }

/**
 * The ledger's document of one partition of one dataset: its current version, and the run that makes it.
 * An outside dataset's has a version only. Unknown fields are kept as they are.
 */
export interface RunDoc {
  /** Major version of this format. */
  v: number
  dataset: string
  partition: string
  task?: string
  state?: RunState
  generation: number
  attempt: number
  /** Why the next or current generation is wanted. */
  cause?: Cause
  /** Open requests that select this run and that it has not yet served. */
  requests?: string[]
  /**
   * Requests that name this run, and others that it reads from, and did not select it, or only the attempt at work: its next generation
   * waits until those are over, and counts as selected.
   */
  named?: string[]
  /** The requests it served last: none of them selects it again, though it be told twice. */
  served?: string[]
  /** What a waiting run has not seen arrive, a bit a partition for each input, under the inputs' hash. */
  pending?: { inputsHash: string; bits: Bits[] }
  /** The inputs that are behind a newer version upstream, as `dataset@partition`. */
  stale?: string[]
  /** When to look again: a retry, an optional input's time, the partition's end. */
  due?: EpochMs
  /** While it waits or is queued: what was published by then is known, and no event about it is news. */
  lookedAt?: EpochMs
  /** While it waits or is queued: when the newest version that it needs was published. A claim decided before that one came loses its race. */
  newsAt?: EpochMs
  pins?: Pins
  /** What each class has taken of this generation's attempts. */
  ended?: Partial<Record<FailureClass, number>>
  startedAt?: EpochMs
  /** When a worker began the attempt's work: no other that is told of it begins it again. */
  begunAt?: EpochMs
  /** How often the attempt has gone on in another invocation, from a checkpoint. */
  handedOn?: number
  /** The Spark job that does the attempt's work, where one does. */
  job?: string
  endedAt?: EpochMs
  /** Until when the attempt counts as alive without a word. */
  lease?: EpochMs
  /** When the attempt's time is over. */
  deadline?: EpochMs
  /** While it is queued: the limit that had no place for it. */
  refusedBy?: string
  /** Limits whose permit the attempt holds. */
  permits?: string[]
  /** A newer input came while the generation was at work. */
  noted?: Cause
  error?: RunError
  effects?: Effect[]
  version?: Version
  skipped?: boolean
  /** Operators' events and nights about this partition that were heeded: told again, they change nothing. */
  heard?: string[]
}

// An event is told again within days; a person does not say more than this to one partition in that time.
const REMEMBERED = 16

/** A document that has heeded an operator's event or a night; undefined when it had before. */
export function hear<T extends { heard?: string[] }>(doc: T, eventId: string): T | undefined {
  if (doc.heard?.includes(eventId)) return undefined
  return { ...doc, heard: [...(doc.heard ?? []), eventId].slice(-REMEMBERED) }
}

/** When the newest version was published that readers follow by themselves: what a new or a changed task hears of must be later. */
export function publishedLoudly({ loudAt, at }: Version): EpochMs {
  return loudAt ?? at
}

/** A run's name for people, and its key among permits. */
export function runName(task: string, partition: string): string {
  return `${task}@${partition}`
}

/** The folder of an attempt's files in the lake. */
export function versionFolder(dataset: string, partition: string, generation: number, attempt: number): string {
  return `${dataset}/${partition}/g${generation}-a${attempt}`
}

export function laneRank(lane: Lane): number {
  return lanes.indexOf(lane)
}

/** Two causes as one: the lane that goes first; in the nightly lane under no request; quiet only if both are. */
export function joinCauses(a: Cause | undefined, b: Cause): Cause {
  if (!a) return b
  const lane = laneRank(a.lane) <= laneRank(b.lane) ? a.lane : b.lane
  const under = lane === 'nightly' ? [] : [...new Set([...(a.under ?? []), ...(b.under ?? [])])]
  const night = [a.night ?? '', b.night ?? ''].sort()[1]
  return { lane, ...(under.length > 0 && { under }), ...(a.quiet && b.quiet && { quiet: true }), ...(night && { night }) }
}

export function sameCause(a: Cause | undefined, b: Cause | undefined): boolean {
  return (
    a?.lane === b?.lane &&
    (a?.quiet ?? false) === (b?.quiet ?? false) &&
    a?.night === b?.night &&
    (a?.under ?? []).join() === (b?.under ?? []).join()
  )
}

/** Whether the generation has begun and is not over: at work, or waiting to be retried. */
export function isAtWork(doc: RunDoc): boolean {
  return doc.state === 'running' || (doc.state === 'queued' && doc.ended !== undefined)
}

/** The same cause for a version that readers follow. */
export const loudCause = ({ quiet: _, ...cause }: Cause): Cause => cause

/** Whether a wanted generation has not begun. */
export const isUnclaimed = (doc: RunDoc): boolean => doc.state === 'waiting' || (doc.state === 'queued' && !isAtWork(doc))

/** A notice is about a held run; what else has still to happen stays until it has. */
export function withoutNotice(doc: RunDoc): RunDoc {
  const { effects, ...rest } = doc
  const left = effects?.filter(e => e.effect !== 'notice') ?? []
  return left.length > 0 ? { ...rest, effects: left } : rest
}
