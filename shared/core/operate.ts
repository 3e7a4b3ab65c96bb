import { over, SERVED } from './attempt.ts'
import { heedNight } from './night.ts'
import { blankRun, type Place } from './place.ts'
import { type Cause, type Effect, isAtWork, joinCauses, loudCause, type RunDoc, withoutNotice } from './run.ts'
import type { EpochMs } from './zone.ts'

/*
 * What people wish of a run, by an event about it or by a request that names it.
 */

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
  // One that is held keeps the error of the generation that failed.
  if (request.run === 'failed' && state !== 'failed' && !(state === 'held' && doc?.error)) return undefined
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
export function nameRun(doc: RunDoc | undefined, place: Place, selected: RunDoc | undefined, id: string): RunDoc | undefined {
  if (selected) return isAtWork(selected) ? markNamed(selected, id) : undefined
  if (doc?.state === 'cancelled') return undefined
  // One that is not there yet may come to be for what the request makes.
  const { requests = [], served = [], named = [] } = doc ?? {}
  return [...requests, ...served, ...named].includes(id) ? undefined : markNamed(doc ?? blankRun(place), id)
}

const markNamed = (doc: RunDoc, id: string): RunDoc => ({ ...doc, named: [...(doc.named ?? []), id].slice(-SERVED) })
