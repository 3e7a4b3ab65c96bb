import type { Key, Stored } from '../ports/ledger.ts'

// As text; as objects it is a few times as much. A night's documents that are read again soon are a thousand of one or two kilobytes.
const MOST_CHARS = 2_000_000
// What is known not to be there costs little, but is not free.
const ABSENT_CHARS = 100

interface Entry {
  stored: Stored | undefined
  chars: number
}

/**
 * Documents as they stand, those used last first to stay. Only for a ledger that nobody else writes to. Documents are values:
 * whoever reads one may keep it and must not change it.
 */
export class DocumentCache {
  readonly #entries = new Map<string, Entry>()
  #chars = 0

  /** The entry of a document that is known, there or not; undefined when nothing is known of it. */
  get(key: Key): Entry | undefined {
    const name = nameOf(key)
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    return entry
  }

  set(key: Key, stored: Stored | undefined, chars = ABSENT_CHARS): void {
    const name = nameOf(key)
    this.#chars += chars - (this.#entries.get(name)?.chars ?? 0)
    this.#entries.delete(name)
    this.#entries.set(name, { stored, chars })
    if (this.#chars > MOST_CHARS) this.#shrink()
  }

  clear(): void {
    this.#entries.clear()
    this.#chars = 0
  }

  #shrink(): void {
    for (const [name, { chars }] of this.#entries) {
      if (this.#chars <= MOST_CHARS) return
      this.#entries.delete(name)
      this.#chars -= chars
    }
  }
}

// Neither part of a key has a line break.
const nameOf = ({ pk, sk }: Key) => `${pk}\n${sk}`
