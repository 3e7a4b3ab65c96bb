import { type Bits, hasBit, withoutBit } from './bits.ts'
import type { TaskContract } from './contract.ts'
import type { FailureClass } from './errors.ts'
import { neededBy } from './mapping.ts'
import { countOf, endOf, isTimed, keyOf, type Partitioning, placeIn, startOf } from './partition.ts'
import { type InputFacts, mayBeReady, optionalTime, pinnedNumber, type Readiness, readiness } from './readiness.ts'
import { retryAt } from './retry.ts'
import {
  type Cause,
  type Effect,
  hear,
  joinCauses,
  type Pins,
  publishedLoudly,
  type RunDoc,
  type RunError,
  sameCause,
  type Version,
} from './run.ts'
import type { EpochMs } from './zone.ts'

/*
 * What follows. Every function here takes a run's document and what is known, and gives the next document, or the same
 * object when nothing changes. They neither read nor write; shared/engine does, by compare-and-swap.
 */

/** The run in question: its task's contract, its output's partitioning, its place. */
export interface Place {
  contract: TaskContract
  output: Partitioning
  ordinal: number
  /** The partitioning of each input, in the contract's order. */
  inputs: readonly Partitioning[]
}

/** A version of an input appeared. */
export interface Arrival {
  dataset: string
  ordinal: number
  number: number
  at: EpochMs
  cause: Cause
  /** Of one without downstream: the requests that it was made for, where they are known. */
  requests?: readonly string[]
}

const partitionOf = (place: Place) => keyOf(place.output, place.ordinal)

/** A document of a run that is not there yet. */
export function blankRun(place: Place): RunDoc {
  return { v: 1, dataset: place.contract.output, partition: partitionOf(place), generation: 0, attempt: 0 }
}

/** Whether the generation has begun and is not over: at work, or waiting to be retried. */
export function isAtWork(doc: RunDoc): boolean {
  return doc.state === 'running' || (doc.state === 'queued' && doc.ended !== undefined)
}

/**
 * Whether what a run has pinned is of the inputs that its task has. After a deployment that changed them it is not: pins stand in the
 * order of the inputs, so they would name versions of other datasets.
 */
export function pinsHold(doc: RunDoc, { inputsHash }: Pick<TaskContract, 'inputsHash'>): boolean {
  return doc.pins === undefined || doc.pins.inputsHash === inputsHash
}

/**
 * The short way for an arrival: most change one bit of a waiting run's document, or nothing at all. 'look' when the
 * inputs must be read to know.
 */
export function arrive(doc: RunDoc | undefined, place: Place, arrival: Arrival, now: EpochMs): RunDoc | 'look' | undefined {
  if (doc?.state === undefined) return arrival.cause.quiet ? doc : 'look'
  switch (doc.state) {
    case 'cancelled':
      return doc
    case 'waiting':
      return arriveWaiting(doc, place, arrival, now)
    case 'held':
    case 'succeeded':
    case 'failed':
      return isHeardOf(doc, arrival) && isNews(doc, place, arrival) ? 'look' : doc
    case 'running':
    case 'queued': {
      if (!isAtWork(doc)) return causeOf(doc, arrival) ? 'look' : doc
      if (!isHeardOf(doc, arrival) || !isNews(doc, place, arrival)) return doc
      const noted = joinCauses(doc.noted, arrival.cause)
      return sameCause(doc.noted, noted) ? doc : { ...doc, noted }
    }
    default:
      return doc.state satisfies never
  }
}

/** Whether a version may concern what is over or at work: one without downstream only those that the same request names. */
function isHeardOf({ named }: RunDoc, { cause, requests }: Arrival): boolean {
  return !cause.quiet || (named !== undefined && (requests === undefined || isFor({ requests }, named)))
}

/** Whether a version without downstream was made for one of these requests. */
const isFor = ({ requests }: { requests?: readonly string[] }, named: readonly string[] | undefined): boolean =>
  named?.some(id => requests?.includes(id)) ?? false

function arriveWaiting(doc: RunDoc, place: Place, arrival: Arrival, now: EpochMs): RunDoc | 'look' {
  const { contract, output, ordinal } = place
  if (doc.pending?.inputsHash !== contract.inputsHash) return 'look'
  const [first] = inputsOf(contract, arrival.dataset)
  if (first !== undefined && doc.stale?.includes(`${arrival.dataset}@${keyOf(place.inputs[first]!, arrival.ordinal)}`)) return 'look'
  let bits = doc.pending.bits
  let needed = false
  let counted = false
  for (const i of inputsOf(contract, arrival.dataset)) {
    const { mapping, wait } = contract.inputs[i]!
    const { from, to } = neededBy(mapping, place.inputs[i]!, output, ordinal)
    const at = placeIn(place.inputs[i]!, from, to, arrival.ordinal)
    needed ||= at >= 0
    counted ||= at >= 0 && wait !== 'all' && 'atLeast' in wait
    if (at >= 0 && hasBit(bits[i]!, at)) bits = bits.with(i, withoutBit(bits[i]!, at))
  }
  const reason = causeOf(doc, arrival)
  const cause = reason ? joinCauses(doc.cause, reason) : doc.cause
  const marked = needed && arrival.at > (doc.newsAt ?? 0) ? { ...doc, newsAt: arrival.at } : doc
  const unchanged = bits === doc.pending.bits && sameCause(cause, doc.cause)
  // A requested run may have waited for this version though an earlier one is there; beside one that is behind others may now be too;
  // and one that was skipped, which no bit tells, is one more of those that are counted.
  const saysMore = (counted || (needed && doc.stale !== undefined)) && !isKnown(doc, arrival)
  const awaits = doc.requests !== undefined || doc.named !== undefined
  if (unchanged && !awaits && !saysMore) return marked
  // It may also wait for the next of a version it has seen; told of that again, it waits on.
  if (bits !== doc.pending.bits && awaits && isKnown(doc, arrival)) return 'look'
  if (allowReady(place, bits, now)) return 'look'
  return unchanged ? marked : { ...marked, cause, pending: { ...doc.pending, bits } }
}

/** Whether a waiting run's own document says that it lacks more than a `latest`. */
export function lacksMore(doc: RunDoc | undefined, place: Place, now: EpochMs): boolean {
  if (doc?.state !== 'waiting' || doc.pending?.inputsHash !== place.contract.inputsHash) return false
  return !allowReady(place, doc.pending.bits, now)
}

function allowReady({ contract, inputs, output, ordinal }: Place, bits: readonly Bits[], now: EpochMs): boolean {
  const counts = (i: number) => {
    const { from, to } = neededBy(contract.inputs[i]!.mapping, inputs[i]!, output, ordinal)
    return countOf(inputs[i]!, from, to)
  }
  return mayBeReady(contract.inputs, bits, counts, input => optionalTime(input, output, ordinal), now)
}

const inputIndexes = new WeakMap<TaskContract, Map<string, number[]>>()

/** The places of a dataset among a task's inputs: a task may have thousands, and each of them arrives. */
export function inputsOf(contract: TaskContract, dataset: string): readonly number[] {
  let indexes = inputIndexes.get(contract)
  if (!indexes) {
    indexes = new Map()
    for (const [i, input] of contract.inputs.entries()) indexes.set(input.dataset, [...(indexes.get(input.dataset) ?? []), i])
    inputIndexes.set(contract, indexes)
  }
  return indexes.get(dataset) ?? []
}

/** Whether a waiting or queued run has seen a version before. */
const isKnown = (doc: RunDoc, arrival: Arrival) => doc.lookedAt !== undefined && arrival.at <= doc.lookedAt

/** Why an arrival makes a run wanted: not at all when it starts nothing by itself, or was seen before. */
export function causeOf(doc: RunDoc | undefined, arrival: Arrival): Cause | undefined {
  return arrival.cause.quiet || (doc && isKnown(doc, arrival)) ? undefined : arrival.cause
}

/** Whether a version is newer than what the run pinned of it, under a policy that cares. */
function isNews(doc: RunDoc, place: Place, arrival: Arrival): boolean {
  const { contract } = place
  return inputsOf(contract, arrival.dataset).some(i => {
    const input = contract.inputs[i]!
    if (input.onUpdate === 'ignore' || input.mapping.map === 'latest') return false
    if (doc.pins?.inputsHash !== contract.inputsHash) return true
    const { from, to } = neededBy(input.mapping, place.inputs[i]!, place.output, place.ordinal)
    if (placeIn(place.inputs[i]!, from, to, arrival.ordinal) < 0) return false
    return pinnedNumber(doc.pins.inputs[i], arrival.ordinal) < arrival.number
  })
}

interface News {
  policy: 'rerun' | 'hold'
  version: Version
  /** Readers follow it by themselves; else the run is named by a request that it was made for. */
  loud: boolean
}

/** The versions that a run has not pinned and is to be run anew for. */
function newsOf(doc: RunDoc, place: Place, facts: readonly InputFacts[]): News[] {
  const samePins = doc.pins?.inputsHash === place.contract.inputsHash
  return facts.flatMap(({ input, needed }, i) => {
    const policy = input.onUpdate
    if (input.mapping.map === 'latest' || policy === 'ignore') return []
    return needed.flatMap(({ ordinal, version }) => {
      if (!version) return []
      // Pins made under other inputs say nothing of these: only what was published since is news.
      const isNew = (number: number, at: EpochMs) =>
        samePins ? pinnedNumber(doc.pins!.inputs[i], ordinal) < number : at > (doc.pins?.at ?? 0)
      const loud = version.loud > 0 && isNew(version.loud, publishedLoudly(version))
      return loud || (isFor(version, doc.named) && isNew(version.number, version.at)) ? [{ policy, version, loud }] : []
    })
  })
}

/** The updates since the run pinned its inputs, by policy, and why they came. */
function updatesOf(doc: RunDoc, place: Place, facts: readonly InputFacts[]): { rerun: boolean; hold: boolean; cause: Cause | undefined } {
  const found = { rerun: false, hold: false, cause: undefined as Cause | undefined }
  for (const { policy, version, loud } of newsOf(doc, place, facts)) {
    found[policy] = true
    found.cause = joinCauses(found.cause, loud ? loudCause(version.cause) : version.cause)
  }
  return found
}

/** The run without the marks of requests that have ended, but for those whose versions it has still to take. */
export function withoutEnded(doc: RunDoc, place: Place, facts: readonly InputFacts[], open: ReadonlySet<string>): RunDoc {
  if (!doc.named || doc.named.every(id => open.has(id))) return doc
  const { named: marks, ...rest } = doc
  const owed = new Set(newsOf(doc, place, facts).flatMap(({ version, loud }) => (loud ? [] : (version.requests ?? []))))
  const named = marks.filter(id => open.has(id) || owed.has(id))
  return named.length > 0 ? { ...rest, named } : rest
}

const loudCause = ({ quiet: _, ...cause }: Cause): Cause => cause

/** Whether a run is about to be run anew, or is on its way: what it has published is not what it will have. */
export function isInMotion(doc: RunDoc, place: Place, facts: readonly InputFacts[], now: EpochMs): boolean {
  if (doc.state === 'running' || doc.state === 'queued') return true
  // What waits and lacks nothing any more is about to look.
  if (doc.state === 'waiting') return (doc.stale?.length ?? 0) > 0 || readiness(facts, place.output, place.ordinal, now).ready
  return (doc.state === 'succeeded' || doc.state === 'failed') && updatesOf(doc, place, facts).rerun
}

/** What is known when a run is considered with its inputs in view. */
export interface View {
  facts: readonly InputFacts[]
  now: EpochMs
  /** A stamp from before the facts were read. */
  lookedAt: EpochMs
  paused: boolean
  /** Why it is looked at, where an event says so. */
  cause?: Cause
  /** Between it and requested runs upstream something is still to come. */
  awaits?: boolean
  /** Of the requests that name it: those that have not selected everything yet, so that they name its next generation too. */
  selecting?: readonly string[]
  /** A night or a request names it: it exists though nothing of its inputs is there. */
  named?: boolean
}

/** What is to be done with a run: keep the document, write one, claim it, or look again when its partition has begun. */
export type Next =
  | { next: 'keep' }
  | { next: 'write'; doc: RunDoc }
  | { next: 'claim'; doc: RunDoc; queued: RunDoc }
  | { next: 'later'; at: EpochMs }

/** Considers a run with its inputs in view: whether it is wanted, and if so what it waits for or that it starts. */
export function consider(doc: RunDoc | undefined, place: Place, view: View): Next {
  if (doc?.state === 'running' || (doc?.state === 'cancelled' && !view.named)) return { next: 'keep' }
  if (doc && isAtWork(doc)) return retry(doc, place, view)
  if (doc?.state === 'succeeded' || doc?.state === 'failed' || doc?.state === 'held') return update(doc, place, view)
  if (doc?.state === undefined) return create(doc, place, view)
  return start(doc, place, { ...view, cause: view.cause ? joinCauses(doc.cause, view.cause) : doc.cause })
}

function create(doc: RunDoc | undefined, place: Place, view: View): Next {
  const news = triggersOf(place, view)
  if (!news && !view.named) return { next: 'keep' }
  if (isTimed(place.output) && view.now < startOf(place.output, place.ordinal))
    return { next: 'later', at: startOf(place.output, place.ordinal) }
  const blank = doc ?? blankRun(place)
  const night = view.named ? view.cause?.night : undefined
  return start((night && hear(blank, nightHeard(night))) || blank, place, { ...view, cause: view.cause ?? news })
}

/**
 * What a night makes of a run that it names and that is there: it starts nothing, but what has not been claimed goes in its lane from now
 * on. It is heard once, also by what is at work or over: a request that selects that later does not turn nightly when the night is told
 * again. Undefined when it was heard.
 */
export function heedNight(doc: RunDoc, date: string): RunDoc | undefined {
  const heard = hear(doc, nightHeard(date))
  return heard && isUnclaimed(doc) ? { ...heard, cause: joinCauses(doc.cause, { lane: 'nightly', night: date }) } : heard
}

/** Whether a wanted generation has not begun. */
export const isUnclaimed = (doc: RunDoc): boolean => doc.state === 'waiting' || (doc.state === 'queued' && !isAtWork(doc))

// Whatever event brings it, a night is its date.
const nightHeard = (date: string) => `night ${date}`

/** Whether a task's runs may come to be for a version: readers follow it, and it was published since the task's life began. */
export const startsRuns = (version: Version, { deployedAt }: Pick<TaskContract, 'deployedAt'>): boolean =>
  version.loud > 0 && publishedLoudly(version) >= deployedAt

/** Why a run comes to be by itself: versions of triggering inputs, published since the task's life began, that readers follow. */
function triggersOf(place: Place, view: View): Cause | undefined {
  let cause: Cause | undefined
  for (const { input, needed } of view.facts)
    if (input.mapping.map !== 'latest')
      for (const { version } of needed)
        if (version && startsRuns(version, place.contract)) cause = joinCauses(cause, loudCause(version.cause))
  return cause
}

function update(doc: RunDoc, place: Place, view: View): Next {
  const { rerun, hold, cause: found } = updatesOf(doc, place, view.facts)
  const told = view.cause && doc.noted ? joinCauses(doc.noted, view.cause) : (view.cause ?? doc.noted)
  // Told of what only a request names it for, it may not have been told of what its readers are to follow.
  const cause = told?.quiet && found ? joinCauses(told, found) : (told ?? found)
  if (rerun) {
    const known = doc.state === 'held' ? doc.cause : undefined
    return start(doc, place, { ...view, cause: cause ? joinCauses(known, cause) : known })
  }
  const { noted, ...rest } = doc
  if (hold && doc.state !== 'held')
    return {
      next: 'write',
      doc: { ...rest, state: 'held', cause: cause ?? { lane: 'nightly' }, effects: [...(rest.effects ?? []), { effect: 'notice' }] },
    }
  return noted ? { next: 'write', doc: rest } : { next: 'keep' }
}

function retry(doc: RunDoc, place: Place, view: View): Next {
  if ((doc.due ?? 0) > view.now) return { next: 'keep' }
  if (!pinsHold(doc, place.contract))
    return start(doc, place, { ...view, cause: doc.noted ? joinCauses(doc.cause, doc.noted) : doc.cause! })
  if (view.paused) return { next: 'keep' }
  return { next: 'claim', doc: claimed(doc, place, view.now, doc.generation, doc.attempt + 1), queued: doc }
}

// A notice is about a held run; what else has still to happen stays until it has.
function withoutNotice(doc: RunDoc): RunDoc {
  const { effects, ...rest } = doc
  const left = effects?.filter(e => e.effect !== 'notice') ?? []
  return left.length > 0 ? { ...rest, effects: left } : rest
}

/** A wanted run: it waits, is queued, or starts. */
function start(doc: RunDoc, place: Place, view: View): Next {
  const judged = readiness(view.facts, place.output, place.ordinal, view.now)
  const due = dueOf(place, judged, view.now)
  const { pending, stale, due: _due, noted, ended, error, refusedBy, ...rest } = withoutNotice(doc)
  const cause = view.cause ?? doc.cause ?? { lane: 'nightly' as const }
  const newest = newestOf(view.facts)
  const newsAt = Math.max(doc.newsAt ?? 0, newest)
  const base: RunDoc = { ...rest, task: place.contract.task, cause, lookedAt: view.lookedAt, ...(newsAt > 0 && { newsAt }) }
  if (!judged.ready || view.awaits || due === 'partition end') {
    const next: RunDoc = {
      ...base,
      state: 'waiting',
      pending: { inputsHash: place.contract.inputsHash, bits: judged.pending },
      ...(judged.stale.length > 0 && { stale: judged.stale }),
      ...(due === 'partition end' ? { due: endOf(place.output as never, place.ordinal) } : due !== undefined && { due }),
    }
    return sameWait(doc, next, view.now) ? { next: 'keep' } : { next: 'write', doc: next }
  }
  const queued: RunDoc = { ...base, state: 'queued' }
  if (view.paused)
    return doc.state === 'queued' && sameCause(doc.cause, cause) && doc.newsAt === queued.newsAt
      ? { next: 'keep' }
      : { next: 'write', doc: queued }
  // Not before what they hold was published, whatever this clock says.
  const pins = { inputsHash: place.contract.inputsHash, inputs: judged.pins, at: Math.max(view.now, newest), ancestry: judged.ancestry }
  const served = selectedByName({ ...base, pins }, view.selecting ?? [])
  return { next: 'claim', doc: claimed(served, place, view.now, doc.generation + 1, 1), queued }
}

/** A generation that begins is selected by the requests that name it. */
function selectedByName({ named, ...rest }: RunDoc, selecting: readonly string[]): RunDoc {
  if (!named) return rest
  const left = named.filter(id => selecting.includes(id))
  const requests = [...new Set([...(rest.requests ?? []), ...named.filter(id => !left.includes(id))])]
  return { ...rest, ...(requests.length > 0 && { requests }), ...(left.length > 0 && { named: left }) }
}

/** When the newest of the versions there was published; 0 when there is none. */
function newestOf(facts: readonly InputFacts[]): EpochMs {
  let at = 0
  for (const { needed } of facts) for (const { version, skippedAt } of needed) at = Math.max(at, version?.at ?? skippedAt ?? 0)
  return at
}

function dueOf(place: Place, judged: Readiness, now: EpochMs): EpochMs | 'partition end' | undefined {
  if (place.contract.onNight && isTimed(place.output) && now < endOf(place.output, place.ordinal)) return 'partition end'
  return judged.until
}

/** Whether a document says already what a run waits for. A look that is still to come does no harm if it comes too early. */
function sameWait(a: RunDoc, b: RunDoc, now: EpochMs): boolean {
  const early = a.due !== undefined && now < a.due && a.due < (b.due ?? Number.POSITIVE_INFINITY)
  return (
    a.state === b.state &&
    (a.due === b.due || early) &&
    a.newsAt === b.newsAt &&
    sameCause(a.cause, b.cause) &&
    a.pending?.inputsHash === b.pending?.inputsHash &&
    a.pending?.bits.join() === b.pending?.bits.join() &&
    (a.stale ?? []).join() === (b.stale ?? []).join()
  )
}

// A worker says every ten minutes that it is alive; three missed words and an attempt counts as lost, within the hour with a sweep every quarter.
export const LEASE_MS = 30 * 60_000
export const RENEW_MS = 10 * 60_000

function claimed(doc: RunDoc, place: Place, now: EpochMs, generation: number, attempt: number): RunDoc {
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

// More requests than this do not overlap on one partition while one of them is still being told again.
const SERVED = 8

function over(doc: RunDoc, state: 'succeeded' | 'failed' | 'cancelled', now: EpochMs): RunDoc {
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

/** A person stops a run; undefined when there is nothing to stop. */
export function cancel(doc: RunDoc | undefined, now: EpochMs): RunDoc | undefined {
  if (!doc?.state || doc.state === 'succeeded' || doc.state === 'failed' || doc.state === 'cancelled') return undefined
  const { noted, ...rest } = over(doc, 'cancelled', now)
  return doc.state === 'running' ? { ...rest, effects: [...(rest.effects ?? []), stopOf(doc)] } : rest
}

const stopOf = ({ generation, attempt, job }: RunDoc): Effect => ({
  effect: 'stop',
  generation,
  attempt,
  ...(job !== undefined && { job }),
})

/** A person releases a held run: it runs on the newest of everything. Undefined when it is not held. */
export function approve(doc: RunDoc | undefined): RunDoc | undefined {
  return doc?.state === 'held' ? { ...withoutNotice(doc), state: 'waiting' } : undefined
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

/** What a request that selects a run makes of it; undefined when the request does not select it. */
export function select(
  doc: RunDoc | undefined,
  place: Place,
  request: {
    id: string
    run: 'missing' | 'failed' | 'all'
    cause: Cause
    /** It marks what has begun since it came. */
    later?: boolean
    /** The night that has begun and names the run: of one that is there it was told by itself. */
    night?: string | undefined
  },
): RunDoc | undefined {
  if (doc?.requests?.includes(request.id) || doc?.served?.includes(request.id)) return undefined
  const state = doc?.state
  const pendingOrRunning = state === 'waiting' || state === 'queued' || state === 'running'
  if (request.run === 'missing' && (doc?.version || pendingOrRunning)) return undefined
  if (request.run === 'failed' && state !== 'failed') return undefined
  // Early data run a partition as it begins; what is over by the time that it is marked has run since the request came.
  if (request.run === 'all' && request.later && (state === 'succeeded' || state === 'failed')) return undefined
  const requests = [...(doc?.requests ?? []), request.id]
  if (doc && pendingOrRunning) return { ...doc, requests, ...joinedCause(doc, request.cause) }
  const { noted, due, ...rest } = withoutNotice(doc ?? blankRun(place))
  const wanted: RunDoc = { ...rest, task: place.contract.task, state: 'waiting', requests, cause: request.cause }
  return (state === undefined && request.night && heedNight(wanted, request.night)) || wanted
}

/** An attempt at work keeps its lane and its places; but what joins it for its readers' sake, too, is made for them. */
function joinedCause({ state, cause }: RunDoc, joins: Cause): { cause?: Cause } {
  if (state !== 'running') return { cause: joinCauses(cause, joins) }
  return cause?.quiet && !joins.quiet ? { cause: loudCause(cause) } : {}
}

/**
 * What a request makes of a run that it names with others that the run reads from. `selected` is what `select` made of it. What it does not
 * select, or joins while an attempt is at work, is to run once on all that the request makes, and so is marked; undefined when it is not.
 */
export function nameRun(doc: RunDoc | undefined, selected: RunDoc | undefined, id: string): RunDoc | undefined {
  if (selected) return isAtWork(selected) ? markNamed(selected, id) : undefined
  if (!doc?.state || doc.state === 'cancelled') return undefined
  return [...(doc.requests ?? []), ...(doc.served ?? []), ...(doc.named ?? [])].includes(id) ? undefined : markNamed(doc, id)
}

const markNamed = (doc: RunDoc, id: string): RunDoc => ({ ...doc, named: [...(doc.named ?? []), id].slice(-SERVED) })
