import type { TaskContract } from './contract.ts'
import type { FailureClass } from './errors.ts'
import type { Place } from './place.ts'
import { retryAt } from './retry.ts'
import { type Pins, publishedLoudly, type RunDoc, type RunError, type Version, withoutNotice } from './run.ts'
import type { EpochMs } from './zone.ts'

/*
 * The life of an attempt: its claim, its worker's words, its end. `doc` is always the run as the ledger has it.
 */

// A worker says every ten minutes that it is alive; three missed words and an attempt counts as lost, within the hour with a sweep every quarter.
export const LEASE_MS = 30 * 60_000
export const RENEW_MS = 10 * 60_000

/** The run with an attempt that begins. */
export function claimed(doc: RunDoc, place: Place, now: EpochMs, generation: number, attempt: number): RunDoc {
  const { due, lookedAt, newsAt, refusedBy, pending, stale, error, endedAt, deadline, begunAt, handedOn, job, ...rest } = doc
  return {
    ...rest,
    state: 'running',
    generation,
    attempt,
    startedAt: now,
    lease: now + LEASE_MS,
    ...(place.contract.timeoutMs !== undefined && { deadline: now + place.contract.timeoutMs }),
  }
}

/** What an attempt came to. */
export type Outcome =
  | {
      ok: true
      rows: number
      bytes: number
      schemaHash: string
      /** When it was published; no two versions share an instant. */
      at: EpochMs
      hash?: string
    }
  /** `uncounted`: it takes none of its class's attempts, for the attempt itself had no chance. */
  | ({ ok: false; uncounted?: boolean } & RunError)

/** The end of an attempt: success publishes, failure is retried or final. Undefined when the attempt is no longer the run's own: it is refused. */
export function end(
  doc: RunDoc,
  { contract: { retry } }: { contract: Pick<TaskContract, 'retry'> },
  by: { generation: number; attempt: number; job?: string },
  outcome: Outcome,
  now: EpochMs,
  chance: number,
): RunDoc | undefined {
  // A job's end says nothing of an attempt whose work another job does.
  if (by.job !== undefined && doc.job !== undefined && doc.job !== by.job) return undefined
  if (!isOwn(doc, by)) return undefined
  const { lease, deadline, permits, job, begunAt, ...rest } = doc
  if (outcome.ok) return { ...over(rest, 'succeeded', now), ...publish(doc, outcome, by) }
  const { uncounted, ok: _, ...said } = outcome
  const error = { ...said, message: shortened(said.message) }
  const counted = uncounted ? (doc.ended ?? {}) : counting(doc.ended, error.failure)
  // Nothing is larger than a job of Spark's.
  const outgrown = error.failure === 'resources' && (by.job ?? job) !== undefined
  const due = uncounted ? now : outgrown ? undefined : retryAt(retry, error.failure, counted, now, chance)
  if (due !== undefined) return { ...rest, state: 'queued', due, ended: counted, error, endedAt: now }
  return { ...over(rest, 'failed', now), error, effects: [...(doc.effects ?? []), { effect: 'alert', generation: doc.generation }] }
}

// What failed is quoted in full by who failed: a value of megabytes must fit neither into a document nor into a mail. The log has the whole.
const MESSAGE_BEGIN = 400
const MESSAGE_END = 200

const shortened = (message: string) =>
  message.length <= MESSAGE_BEGIN + MESSAGE_END ? message : `${message.slice(0, MESSAGE_BEGIN)} […] ${message.slice(-MESSAGE_END)}`

const counting = (ended: RunDoc['ended'], failure: FailureClass) => ({ ...ended, [failure]: (ended?.[failure] ?? 0) + 1 })

/** More requests than this do not overlap on one partition while one of them is still being told again. */
export const SERVED = 8

/** The run as it stands when it has come to an end: nothing is kept but what was made, and whom it has served. */
export function over(doc: RunDoc, state: 'succeeded' | 'failed' | 'cancelled', now: EpochMs): RunDoc {
  const { requests, ended, error, due, pending, stale, lookedAt, newsAt, refusedBy, lease, deadline, permits, job, ...rest } =
    withoutNotice(doc)
  const { named, ...unnamed } = rest
  // What is cancelled follows nothing any more; what has ended may be run anew by what it was named with.
  const serves = [...(requests ?? []), ...((state === 'cancelled' && named) || [])].filter(id => !rest.served?.includes(id))
  const served = serves.length > 0 && { served: [...(rest.served ?? []), ...serves].slice(-SERVED) }
  return { ...(state === 'cancelled' ? unnamed : rest), state, endedAt: now, ...served }
}

function publish(doc: RunDoc, made: Extract<Outcome, { ok: true }>, by: { generation: number; attempt: number }) {
  const before = doc.version
  const number = (before?.number ?? 0) + 1
  const cause = doc.cause ?? { lane: 'nightly' as const }
  const { ok: _, ...facts } = made
  const requests = cause.quiet
    ? [...new Set([...((before?.cause.quiet && before.requests) || []), ...(doc.requests ?? [])])].slice(-SERVED)
    : []
  const { ancestry = {}, ancestryFile, ...pins } = doc.pins ?? {}
  const version: Version = {
    ...facts,
    ancestry,
    ...(ancestryFile && { ancestryFile }),
    number,
    as: cause.quiet ? (before?.as ?? number) : number,
    loud: cause.quiet ? (before?.loud ?? 0) : number,
    ...(cause.quiet && before && { loudAt: publishedLoudly(before) }),
    ...(requests.length > 0 && { requests }),
    generation: by.generation,
    attempt: by.attempt,
    cause,
  }
  return { version, ...(doc.pins && { pins: pins as Pins }), skipped: undefined }
}

/** A version from outside: delivered, not made by a run. */
export function delivered(
  doc: RunDoc | undefined,
  dataset: string,
  partition: string,
  made: Extract<Outcome, { ok: true }>,
  generation: number,
): RunDoc {
  const base: RunDoc = doc ?? { v: 1, dataset, partition, generation: 0, attempt: 0 }
  return { ...base, generation, attempt: 1, ...publish({ ...base, cause: { lane: 'nightly' } }, made, { generation, attempt: 1 }) }
}

/** A worker begins the attempt's work, and is alive; undefined when another has begun it, or it is no longer the run's own. */
export function begin(doc: RunDoc, by: { generation: number; attempt: number }, now: EpochMs): RunDoc | undefined {
  return doc.begunAt === undefined ? renew({ ...doc, begunAt: now }, by, now) : undefined
}

/** A worker has stopped at a checkpoint, and another is to begin the rest of the same attempt; undefined when it is no longer the run's own. */
export function handOn(doc: RunDoc, by: { generation: number; attempt: number }, now: EpochMs): RunDoc | undefined {
  const renewed = renew(doc, by, now)
  if (!renewed) return undefined
  const { begunAt: _, ...rest } = renewed
  return { ...rest, handedOn: (doc.handedOn ?? 0) + 1 }
}

/** A job does the attempt's work, and is alive; undefined when another job does, or the attempt is no longer the run's own. */
export function runsAs(doc: RunDoc, by: { generation: number; attempt: number }, job: string, now: EpochMs): RunDoc | undefined {
  const renewed = (doc.job ?? job) === job ? renew(doc, by, now) : undefined
  return renewed && { ...renewed, job }
}

/** Whether the run is at work on this very attempt. */
export function isOwn(doc: RunDoc, by: { generation: number; attempt: number }): boolean {
  return doc.state === 'running' && doc.generation === by.generation && doc.attempt === by.attempt
}

/** The attempt's worker is alive. */
export function renew(doc: RunDoc, by: { generation: number; attempt: number }, now: EpochMs): RunDoc | undefined {
  if (!isOwn(doc, by)) return undefined
  return { ...doc, lease: now + LEASE_MS }
}

// Twice as long as an invocation takes to arrive, and sooner than whoever died in between is told again.
const START_AGAIN_MS = 45_000

/** Whether an attempt was claimed a while ago and no worker has begun it: whoever claimed it may have died before it told one. */
export function isUnbegun(doc: RunDoc, now: EpochMs): boolean {
  return doc.state === 'running' && hasNoWorker(doc) && now - (doc.startedAt ?? now) >= START_AGAIN_MS
}

const hasNoWorker = ({ begunAt, job }: RunDoc) => begunAt === undefined && job === undefined

/** How an attempt that nobody speaks of has ended: out of time, or lost; undefined while it counts as alive. */
export function silent(doc: RunDoc, now: EpochMs): (RunError & { uncounted?: boolean }) | undefined {
  if (doc.state !== 'running') return undefined
  const begun = !hasNoWorker(doc)
  // A worker reports its own timeout; a lease's length later nobody will.
  if (begun && doc.deadline !== undefined && now >= doc.deadline + LEASE_MS)
    return { failure: 'timeout', code: 'WORKER_LOST', message: 'the attempt outlived its timeout without a word' }
  if (doc.lease !== undefined && now >= doc.lease)
    return begun
      ? { failure: 'lost', code: 'WORKER_LOST', message: 'the worker has not been heard of since its lease ran out' }
      : { failure: 'lost', code: 'WORKER_LOST', message: 'no worker has begun the attempt in all of its lease', uncounted: true }
  return undefined
}
