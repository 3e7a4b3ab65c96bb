import type { RunDoc } from '../../shared/core/run.ts'
import type { Key } from '../../shared/ports/ledger.ts'
import type { Changes, MemoryLedger } from './memory-ledger.ts'

/** What a sweep has read, as it stood when it read it first. */
export class Seen {
  readonly #documents = new Map<string, { key: Key; rev: number }>()
  readonly #looks: { pk: string; changes: Changes; what: keyof Changes; count: number }[] = []

  document(name: string, key: Key, rev: number): void {
    if (!this.#documents.has(name)) this.#documents.set(name, { key, rev })
  }

  look(pk: string, changes: Changes, what: keyof Changes): void {
    if (!this.#looks.some(l => l.pk === pk && l.what === what)) this.#looks.push({ pk, changes, what, count: changes[what] })
  }

  /** Whether it would read the same again. */
  stands(ledger: MemoryLedger): boolean {
    for (const { changes, what, count } of this.#looks) if (changes[what] !== count) return false
    for (const { key, rev } of this.#documents.values()) if ((ledger.read(key)?.rev ?? 0) !== rev) return false
    return true
  }

  /** When the first of what it has read runs out. */
  until(ledger: MemoryLedger, now: number): number {
    let until = Number.POSITIVE_INFINITY
    for (const { key } of this.#documents.values()) until = Math.min(until, expiryOf(ledger.read<Expiring>(key)?.doc, now))
    for (const { pk } of this.#looks)
      if (pk === 'limit') for (const { doc } of ledger.range<Expiring>(pk)) until = Math.min(until, expiryOf(doc, now))
    return until
  }
}

/**
 * Sweeps that changed nothing. The same sweep comes to the same as long as it would read the same and nothing of that has run out,
 * so it need not be played again: nineteen of twenty are such.
 */
export class SettledSweeps {
  readonly #sweeps = new Map<string, { seen: Seen; until: number }>()
  readonly #ledger: MemoryLedger

  constructor(ledger: MemoryLedger) {
    this.#ledger = ledger
  }

  /** Whether a sweep would only do again what it has done to no effect. */
  has(name: string, now: number): boolean {
    const settled = this.#sweeps.get(name)
    return settled !== undefined && now < settled.until && settled.seen.stands(this.#ledger)
  }

  /** A sweep has ended well and has written nothing; `begins` is when the next partition begins that concerns it. */
  add(name: string, seen: Seen, now: number, begins: number): void {
    this.#sweeps.set(name, { seen, until: Math.min(begins, seen.until(this.#ledger, now)) })
  }

  /** Contracts have changed, so every sweep may find something. */
  forget(): void {
    this.#sweeps.clear()
  }
}

type Expiring = RunDoc & { holders?: { until: number }[] }
// A worker reports its own timeout; half an hour later the sweep does.
const OVERDUE_MS = 1_800_000

function expiryOf(doc: Expiring | undefined, now: number): number {
  if (!doc) return Number.POSITIVE_INFINITY
  const at = (doc.holders ?? []).map(h => h.until)
  if (doc.state !== undefined) at.push(...[doc.lease, doc.due, doc.deadline && doc.deadline + OVERDUE_MS].filter(x => x !== undefined))
  return Math.max(Math.min(...at), now + 1)
}
