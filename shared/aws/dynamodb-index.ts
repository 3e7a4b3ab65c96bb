import type { LimitDoc } from '../core/limit.ts'
import type { RequestDoc } from '../core/request.ts'
import { overStates, type RunDoc } from '../core/run.ts'
import { DAY_MS } from '../core/zone.ts'
import type { PauseDoc } from '../engine/keys.ts'
import type { Key } from '../ports/ledger.ts'

/*
 * What the index knows of a document: `ix`, under which it is listed, and `at`, from when. A run is listed under its dataset, and its
 * entry is made once, when the run is first open or published, and is not touched as it goes on, for an entry that moves is billed as
 * two writes and a run that starts at once has only two of its own. So an entry says "open, or published, or once open, and that not
 * long ago"; what of it is true is seen in the document, which is read again anyway. Entries need not be taken out: whoever looks asks
 * for a stretch of time.
 *
 *     opened          written again              published              nobody asks so far back
 *   ──┼───────────────────┼──────────────────────────┼────────────────────────┼──▶
 *     at = now     at stays, if younger than    at stays, if at most      LISTED_MS after `at`
 *                  FRESH_MS                     a day older than that
 *
 * A run that stays open for longer is given the lasting entry `open` by whoever finds it, long before it is out of sight.
 */

/** How far back an open run is looked for by its time; after that it has the lasting entry. */
export const LISTED_MS = 28 * DAY_MS
/** An open run's entry older than this is made lasting by the next who finds it: it is looked for by sweeps each quarter of an hour. */
export const LASTING_AFTER_MS = 14 * DAY_MS
// A write to an open run renews what is older; most runs are over by then.
const FRESH_MS = 7 * DAY_MS
/** A published version's entry is at most this much older than the version. */
export const PUBLISHED_SLACK_MS = DAY_MS

/** Stands after all times. */
export const LASTING = 'open'
/** The entry of an item that this process has not read at this revision. */
export const UNKNOWN = '?'

export interface Entry {
  ix: string
  at: string
  /** One that is there stays, and is told. */
  ifAbsent?: true
}
/** What a write does with the entry. */
export type EntryChange = 'keep' | 'remove' | Entry

/** An instant as it sorts among texts. */
export function entryTime(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(13, '0')
}

/** Whether a run may still move by itself. */
export function isOpen(doc: RunDoc): boolean {
  return doc.state !== undefined && !overStates.includes(doc.state)
}

/** The entry that a document needs, given `at` of the one it has: undefined for none. */
export function entryOf(key: Key, doc: object, known: string | undefined, now: number): EntryChange {
  if (key.pk.startsWith('run/')) return runEntry(key, doc as RunDoc, known, now)
  const listed = inUse(key, doc)
  if (listed === undefined) return 'keep'
  if (!listed) return known === undefined ? 'keep' : 'remove'
  return known === key.sk ? 'keep' : { ix: key.pk, at: key.sk }
}

function runEntry(key: Key, doc: RunDoc, known: string | undefined, now: number): EntryChange {
  if (isOpen(doc) || doc.effects) {
    if (isKnown(known) && known >= entryTime(now - FRESH_MS)) return 'keep'
    // What is at work has an entry since it was claimed, by who had read it.
    const hasOne = known === UNKNOWN && doc.state === 'running' && doc.begunAt !== undefined
    return { ix: key.pk, at: entryTime(now), ...(hasOne && { ifAbsent: true }) }
  }
  if (!doc.version) return known === LASTING ? 'remove' : 'keep'
  const { at } = doc.version
  const serves = isKnown(known) && known !== LASTING && known >= entryTime(at - PUBLISHED_SLACK_MS)
  return serves ? 'keep' : { ix: key.pk, at: entryTime(at) }
}

const isKnown = (at: string | undefined): at is string => at !== undefined && at !== UNKNOWN

/** Whether a limit, request or switch says anything now; undefined for other documents. Only those of requests grow in number with history. */
function inUse({ pk, sk }: Key, doc: object): boolean | undefined {
  if (pk === 'pause') return (doc as PauseDoc).paused
  if (pk === 'request') return (doc as RequestDoc).phase !== 'ended'
  if (pk !== 'limit') return undefined
  const { holders, waiting, more } = doc as LimitDoc
  return !sk.startsWith('request/') || holders?.length > 0 || waiting?.length > 0 || more === true
}
