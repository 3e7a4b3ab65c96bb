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
/** An attempt that is to begin. */
export interface Begins {
  generation: number
  attempt: number
  /** Of the invocation that begins it: only its own taker gives a place back, though the same event be handled twice at once. */
  token: string
}
/** Who has a place: an attempt, or a run that was handed one and has not taken it yet. */
export interface Holder extends Partial<Begins> {
  dataset: string
  partition: string
  task: string
  /** Until when the place is kept for a run that has not claimed it; the sweep frees it after that. */
  until: EpochMs
  /** Of one that has not taken its place yet: as whom it was handed it. */
  handed?: Pick<Candidate, 'lane' | 'order' | 'depth'>
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
// A handed place is claimed by the next message; with a sweep every quarter, half an hour repairs a lost one within the hour.
export const PLACE_KEPT_MS = 30 * 60_000

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

interface Run {
  dataset: string
  partition: string
}
const isRun = (c: Run) => (h: Run) => h.dataset === c.dataset && h.partition === c.partition

/** What a swap of a limit came to; `handed` are runs that now have a place and must be told, `unlisted` waits and is not on the list. */
export interface Swapped {
  doc: LimitDoc
  handed: Holder[]
  changed: boolean
  unlisted?: Candidate
}

/** `owned`: whether to give the place back if the attempt does not begin. `taken`: refused, for another taker is about to begin this very attempt. */
type Acquired = Swapped & { granted: boolean; owned: boolean; taken?: boolean }

/**
 * Takes a place for an attempt, or waits for one: the same swap that refuses also enqueues. A place that was handed to the run
 * is its own; one of its earlier attempt, which must be over, counts as free. One of a later attempt is not touched: whoever asks has read
 * the run as it was, and will find that it has gone on.
 *
 * What was handed to somebody who comes later, and is not taken yet, is taken from him: he waits again. Otherwise two runs that need
 * places under the same two limits, each handed the one that the other lacks, could give them back and be handed them for ever.
 */
export function acquire(doc: LimitDoc, candidate: Candidate, begins: Begins, now: EpochMs): Acquired {
  const { dataset, partition, task } = candidate
  const holder: Holder = { dataset, partition, task, until: now + PLACE_KEPT_MS, ...begins }
  const mine = doc.holders.find(isRun(candidate))
  const others = doc.holders.filter(h => h !== mine)
  const waiting = doc.waiting.filter(w => !isRun(candidate)(w))
  if (mine && mine.token === undefined)
    return { doc: { ...doc, holders: [...others, holder], waiting }, granted: true, owned: true, handed: [], changed: true }
  if (mine && mine.generation === begins.generation && mine.attempt === begins.attempt) {
    const owned = mine.token === begins.token
    if (owned) return { doc, granted: true, owned, handed: [], changed: false }
    // Another taker is about to begin this very attempt. If it does not, it gives the place back, and this one must hear of it.
    return { ...enqueue(doc, candidate, now, false), granted: false, owned, taken: true }
  }
  if (mine && isLater(mine, begins)) return { doc, granted: false, owned: false, taken: true, handed: [], changed: false }
  // Who has a place is ahead of nobody: `handOn` gives him none, so the one that is free would be handed to this one, who is refused.
  const ahead = waiting.filter(w => compareCandidates(w, candidate) < 0 && !others.some(isRun(w))).length
  if (doc.limit - others.length > ahead && !isBeyond(doc, candidate))
    return { doc: { ...doc, holders: [...others, holder], waiting }, granted: true, owned: true, handed: [], changed: true }
  const last = others
    .flatMap(asHanded)
    .filter(h => compareCandidates(candidate, h) < 0)
    .sort(compareCandidates)
    .at(-1)
  if (last && ahead === 0) {
    const left = others.filter(h => !isRun(last)(h))
    const again = [...waiting, last].sort(compareCandidates)
    return { doc: { ...doc, holders: [...left, holder], waiting: again }, granted: true, owned: true, handed: [], changed: true }
  }
  return { ...enqueue({ ...doc, holders: others }, candidate, now, mine !== undefined), granted: false, owned: false }
}

const isLater = ({ generation = 0, attempt = 0 }: Holder, than: Begins): boolean =>
  generation > than.generation || (generation === than.generation && attempt > than.attempt)

/** The candidate that was handed a place, if that is what a holder is. */
const asHanded = ({ dataset, partition, task, handed }: Holder): Candidate[] => (handed ? [{ dataset, partition, task, ...handed }] : [])

/** Whether those who wait unlisted, and come after all who are listed, may come before a candidate. */
function isBeyond({ waiting, more }: LimitDoc, candidate: Candidate): boolean {
  const last = waiting.at(-1)
  return more === true && (!last || compareCandidates(last, candidate) < 0)
}

function enqueue(doc: LimitDoc, candidate: Candidate, now: EpochMs, left: boolean): Swapped {
  const others = doc.waiting.filter(w => !isRun(candidate)(w))
  const all = isBeyond(doc, candidate) ? others : [...others, candidate].sort(compareCandidates)
  const listed = all.slice(0, LISTED)
  const more = doc.more || all.length > LISTED
  const before = doc.waiting.find(isRun(candidate))
  const changed = left || (before ? compareCandidates(before, candidate) !== 0 : listed.includes(candidate) || more !== (doc.more ?? false))
  const { handed, doc: next } = handOn({ ...doc, waiting: listed, ...(more && { more }) }, now)
  return { doc: next, handed, changed: changed || handed.length > 0, ...(!listed.includes(candidate) && { unlisted: candidate }) }
}

/** Gives free places to who waits, first come who goes first. */
export function handOn(doc: LimitDoc, now: EpochMs): Swapped {
  const free = Math.max(0, doc.limit - doc.holders.length)
  const first = doc.waiting.filter(w => !doc.holders.some(isRun(w))).slice(0, free)
  const handed = first.map(
    ({ dataset, partition, task, lane, order, depth }): Holder => ({
      dataset,
      partition,
      task,
      until: now + PLACE_KEPT_MS,
      handed: { lane, order, depth },
    }),
  )
  if (handed.length === 0) return { doc, handed, changed: false }
  return {
    doc: { ...doc, holders: [...doc.holders, ...handed], waiting: doc.waiting.filter(w => !first.includes(w)) },
    handed,
    changed: true,
  }
}

/**
 * Frees a place and hands it on: the same swap. Of an attempt that is over, told twice, only its own place is freed; of one that
 * did not begin, the place its taker's token marks, or one that was handed to the run and that nobody has taken.
 */
export function release(doc: LimitDoc, run: Run & ({ generation: number; attempt: number } | { token: string }), now: EpochMs): Swapped {
  const goes = (h: Holder) =>
    isRun(run)(h) &&
    ('token' in run ? h.token === undefined || h.token === run.token : h.generation === run.generation && h.attempt === run.attempt)
  const holders = doc.holders.filter(h => !goes(h))
  const { doc: next, handed, changed } = handOn({ ...doc, holders }, now)
  return { doc: next, handed, changed: changed || holders.length < doc.holders.length }
}

/**
 * Whether a list is to be filled again before it is written: it has run empty, or is short when somebody who was just refused is left out.
 * He is queued only after this, so a list that could run empty before then would be filled without him.
 */
export const isShort = ({ doc, unlisted }: Swapped): boolean => doc.more === true && doc.waiting.length < (unlisted ? LISTED / 2 : 1)

/** Puts queued runs, and whoever is about to be, back on a list; `more` says whether even more wait. */
export function refill({ doc, unlisted }: Swapped, queued: readonly Candidate[], now: EpochMs): Swapped {
  const all = unlisted ? [unlisted, ...queued.filter(c => !isRun(unlisted)(c))] : queued
  const known = (c: Candidate) => doc.holders.some(isRun(c)) || doc.waiting.some(isRun(c))
  const waiting = [...doc.waiting, ...all.filter(c => !known(c))].sort(compareCandidates)
  const { more: _, ...rest } = doc
  // Of a list that has not run empty another may just have been left out, and not be queued yet.
  const more = waiting.length > LISTED || (unlisted !== undefined && doc.waiting.length > 0)
  return { ...handOn({ ...rest, waiting: waiting.slice(0, LISTED), ...(more && { more }) }, now), changed: true }
}
