import { type Lane, laneRank } from './run.ts'
import type { EpochMs } from './zone.ts'

/** Who waits for a place, with what decides who is first. */
export interface Candidate {
  dataset: string
  partition: string
  task: string
  lane: Lane
  /** The partition's beginning, or for keyed partitions its place in the list. */
  order: number
  /** How far from the sources: upstream goes first. */
  depth: number
}
export interface Holder {
  dataset: string
  partition: string
  task: string
  /** Until when the place is kept for a run that has not claimed it; the sweep frees it after that. */
  until: EpochMs
}

/** The one document of a limit. */
export interface LimitDoc {
  v: number
  limit: number
  holders: Holder[]
  waiting: Candidate[]
  /** More wait than are listed. */
  more?: boolean
}

// A hundred candidates keep the document under the size that one write unit pays for several times over, and last for the time a refill takes.
const LISTED = 100
// A handed place is claimed by the next message; an hour covers the slowest repair of a lost one.
export const PLACE_KEPT_MS = 3_600_000

export function newLimit(limit: number): LimitDoc {
  return { v: 1, limit, holders: [], waiting: [] }
}

/** First the lane, then the oldest partition, then upstream, then by name. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    laneRank(a.lane) - laneRank(b.lane) ||
    a.order - b.order ||
    a.depth - b.depth ||
    (a.task < b.task ? -1 : a.task > b.task ? 1 : 0) ||
    (a.partition < b.partition ? -1 : a.partition > b.partition ? 1 : 0)
  )
}

const isRun = (c: { dataset: string; partition: string }) => (h: { dataset: string; partition: string }) =>
  h.dataset === c.dataset && h.partition === c.partition

/** Takes a place, or waits for one: the same swap that refuses also enqueues. */
export function acquire(doc: LimitDoc, candidate: Candidate, now: EpochMs): { doc: LimitDoc; granted: boolean; changed: boolean } {
  if (doc.holders.some(isRun(candidate))) return { doc, granted: true, changed: false }
  const others = doc.waiting.filter(w => !isRun(candidate)(w))
  const free = doc.limit - doc.holders.length
  const ahead = others.filter(w => compareCandidates(w, candidate) < 0).length
  if (free > ahead) {
    const holder = { dataset: candidate.dataset, partition: candidate.partition, task: candidate.task, until: now + PLACE_KEPT_MS }
    return { doc: { ...doc, holders: [...doc.holders, holder], waiting: others }, granted: true, changed: true }
  }
  const waiting = [...others, candidate].sort(compareCandidates)
  const listed = waiting.slice(0, LISTED)
  const more = doc.more || waiting.length > LISTED
  const before = doc.waiting.find(isRun(candidate))
  const changed = before ? compareCandidates(before, candidate) !== 0 : listed.includes(candidate) || more !== (doc.more ?? false)
  return { doc: { ...doc, waiting: listed, ...(more && { more }) }, granted: false, changed }
}

/** Frees a run's place and hands free places on: the same swap. `handed` are the runs that now hold one and must be told. */
export function release(
  doc: LimitDoc,
  run: { dataset: string; partition: string } | undefined,
  now: EpochMs,
): { doc: LimitDoc; handed: Holder[]; changed: boolean } {
  const holders = run ? doc.holders.filter(h => !isRun(run)(h)) : [...doc.holders]
  const gone = holders.length !== doc.holders.length
  const handed: Holder[] = []
  let waiting = run ? doc.waiting.filter(w => !isRun(run)(w)) : doc.waiting
  const left = waiting.length !== doc.waiting.length
  while (holders.length < doc.limit && waiting.length > 0) {
    const [first, ...rest] = waiting
    const holder = { dataset: first!.dataset, partition: first!.partition, task: first!.task, until: now + PLACE_KEPT_MS }
    holders.push(holder)
    handed.push(holder)
    waiting = rest
  }
  return { doc: { ...doc, holders, waiting }, handed, changed: gone || left || handed.length > 0 }
}

/** Puts queued runs back on an emptied list; `more` says whether even more wait. */
export function refill(doc: LimitDoc, queued: readonly Candidate[], now: EpochMs) {
  const known = (c: Candidate) => doc.holders.some(isRun(c)) || doc.waiting.some(isRun(c))
  const waiting = [...doc.waiting, ...queued.filter(c => !known(c))].sort(compareCandidates)
  const { more: _, ...rest } = doc
  return release({ ...rest, waiting: waiting.slice(0, LISTED), ...(waiting.length > LISTED && { more: true }) }, undefined, now)
}
