import type { Key, Stored } from '../ports/ledger.ts'

// As text; as objects it is a few times as much. A night's documents that are read again soon are a thousand of one or two kilobytes.
const MOST_CHARS = 1_000_000
// What is known not to be there costs little, but is not free.
const ABSENT_CHARS = 100

interface Entry {
  stored: Stored | undefined
  chars: number
}
type Generation = Map<string, Map<string, Entry>>

/**
 * Documents as they stand, in two generations: what the older one holds is forgotten unless it is used before the newer one is full.
 * Only for a ledger that nobody else writes to. Documents are values: whoever reads one may keep it and must not change it.
 */
export class DocumentCache {
  #newer: Generation = new Map()
  #older: Generation = new Map()
  #chars = 0

  /** The entry of a document that is known, there or not; undefined when nothing is known of it. */
  get({ pk, sk }: Key): Entry | undefined {
    const known = this.#newer.get(pk)?.get(sk)
    if (known) return known
    const entry = this.#older.get(pk)?.get(sk)
    if (entry) this.#keep(pk, sk, entry)
    return entry
  }

  set({ pk, sk }: Key, stored: Stored | undefined, chars = ABSENT_CHARS): void {
    this.#keep(pk, sk, { stored, chars })
  }

  #keep(pk: string, sk: string, entry: Entry): void {
    let documents = this.#newer.get(pk)
    if (!documents) this.#newer.set(pk, (documents = new Map()))
    this.#chars += entry.chars - (documents.get(sk)?.chars ?? 0)
    documents.set(sk, entry)
    if (this.#chars <= MOST_CHARS) return
    this.#older = this.#newer
    this.#newer = new Map()
    this.#chars = 0
  }

  clear(): void {
    this.#newer.clear()
    this.#older.clear()
    this.#chars = 0
  }
}
