import { isFor } from './arrive.ts'
import { claimed } from './attempt.ts'
import { nightHeard } from './night.ts'
import { endOf, isTimed, startOf } from './partition.ts'
import { blankRun, type Place, pinsHold, startsRuns } from './place.ts'
import { type InputFacts, pinnedNumber, type Readiness, readiness } from './readiness.ts'
import {
  type Cause,
  hear,
  isAtWork,
  joinCauses,
  loudCause,
  publishedLoudly,
  type RunDoc,
  sameCause,
  type Version,
  withoutNotice,
} from './run.ts'
import type { EpochMs } from './zone.ts'

/*
 * What follows. Every function here takes a run's document and what is known, and gives the next document, or the same
 * object when nothing changes. They neither read nor write; shared/engine does, by compare-and-swap.
 */

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
  calledFor?: boolean
}

/** What is to be done with a run: keep the document, write one, claim it, or look again when its partition has begun. */
export type Next =
  | { next: 'keep' }
  | { next: 'write'; doc: RunDoc }
  | { next: 'claim'; doc: RunDoc; queued: RunDoc }
  | { next: 'later'; at: EpochMs }

/** Considers a run with its inputs in view: whether it is wanted, and if so what it waits for or that it starts. */
export function consider(doc: RunDoc | undefined, place: Place, view: View): Next {
  if (doc?.state === 'running' || (doc?.state === 'cancelled' && !view.calledFor)) return { next: 'keep' }
  if (doc && isAtWork(doc)) return retry(doc, place, view)
  if (doc?.state === 'succeeded' || doc?.state === 'failed' || doc?.state === 'held') return update(doc, place, view)
  if (doc?.state === undefined) return create(doc, place, view)
  return start(doc, place, { ...view, cause: view.cause ? joinCauses(doc.cause, view.cause) : doc.cause })
}

function create(doc: RunDoc | undefined, place: Place, view: View): Next {
  const news = triggersOf(place, view)
  if (!news && !view.calledFor) return { next: 'keep' }
  if (isTimed(place.output) && view.now < startOf(place.output, place.ordinal))
    return { next: 'later', at: startOf(place.output, place.ordinal) }
  const blank = doc ?? blankRun(place)
  const night = view.calledFor ? view.cause?.night : undefined
  return start((night && hear(blank, nightHeard(night))) || blank, place, { ...view, cause: view.cause ?? news })
}

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

export function retry(doc: RunDoc, place: Place, view: View): Next {
  if ((doc.due ?? 0) > view.now) return { next: 'keep' }
  if (!pinsHold(doc, place.contract))
    return start(doc, place, { ...view, cause: doc.noted ? joinCauses(doc.cause, doc.noted) : doc.cause! })
  if (view.paused) return { next: 'keep' }
  return { next: 'claim', doc: claimed(doc, place, view.now, doc.generation, doc.attempt + 1), queued: doc }
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
