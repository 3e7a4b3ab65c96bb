import { type Bits, hasBit, withoutBit } from './bits.ts'
import { neededBy } from './mapping.ts'
import { countOf, keyOf, placeIn } from './partition.ts'
import { inputsOf, type Place } from './place.ts'
import { mayBeReady, optionalTime, pinnedNumber } from './readiness.ts'
import { type Cause, isAtWork, joinCauses, type RunDoc, sameCause } from './run.ts'
import type { EpochMs } from './zone.ts'

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
export const isFor = ({ requests }: { requests?: readonly string[] }, named: readonly string[] | undefined): boolean =>
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
