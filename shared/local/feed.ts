import type { Change, Feed } from '../ports/ledger.ts'
import type { SqliteLedger } from './ledger.ts'

export const FEED_SCHEMA = `
  CREATE TABLE IF NOT EXISTS feed (seq INTEGER PRIMARY KEY AUTOINCREMENT, pk TEXT NOT NULL, sk TEXT NOT NULL, before TEXT, after TEXT NOT NULL);
`
// A relay that keeps up has a turn's changes before it; one that does not reads from the table.
const MOST_IN_MEMORY = 1000

interface Entry {
  seq: number
  change: Change
  stored: boolean
}
interface Row {
  seq: number
  pk: string
  sk: string
  before: string | null
  after: string
}

/**
 * The ledger's change feed. What is acknowledged before the turn's commit is never written: the events that follow from a change
 * are in the same commit as the change. All else is in the table after it.
 */
export class SqliteFeed implements Feed {
  readonly #ledger: SqliteLedger
  /** Alone: entries are kept in memory, and written with the turn's commit; else the table is all there is. */
  readonly #alone: boolean
  #entries: Entry[] = []
  /** Whether the table may have entries that memory has not. */
  #older: boolean
  #seq = 0

  constructor(ledger: SqliteLedger, alone: boolean) {
    this.#ledger = ledger
    this.#alone = alone
    ledger.db.exec(FEED_SCHEMA)
    this.#older = true
    if (!alone) return
    const { seq } = ledger.sql('SELECT max(seq) AS seq FROM feed').get() as { seq: number | null }
    this.#older = seq !== null
    this.#seq = seq ?? 0
    ledger.beforeCommit(() => this.#store())
    ledger.onUndone(() => {
      this.#entries = []
      this.#older = true
    })
  }

  /** Takes a change, within the turn's transaction. */
  append(change: Change): void {
    if (!this.#alone) {
      this.#insert(null, change)
      return
    }
    this.#entries.push({ seq: ++this.#seq, change, stored: false })
    if (this.#entries.length <= MOST_IN_MEMORY) return
    this.#store()
    this.#entries = []
    this.#older = true
  }

  async read(limit: number): Promise<{ changes: Change[]; upTo: number }> {
    if (!this.#older) {
      const entries = this.#entries.slice(0, limit)
      return { changes: entries.map(e => e.change), upTo: entries.at(-1)?.seq ?? 0 }
    }
    this.#store()
    const rows = this.#ledger.sql('SELECT seq, pk, sk, before, after FROM feed ORDER BY seq LIMIT ?').all(limit) as unknown as Row[]
    const changes = rows.map(({ pk, sk, before, after }) => ({
      key: { pk, sk },
      before: before === null ? undefined : JSON.parse(before),
      after: JSON.parse(after),
    }))
    return { changes, upTo: rows.at(-1)?.seq ?? 0 }
  }

  async acknowledge(upTo: number): Promise<void> {
    let inTable = this.#older
    let count = 0
    for (const entry of this.#entries) {
      if (entry.seq > upTo) break
      inTable ||= entry.stored
      count++
    }
    this.#entries.splice(0, count)
    if (!inTable) return
    void this.#ledger.transact()
    this.#ledger.sql('DELETE FROM feed WHERE seq <= ?').run(upTo)
    if (!this.#alone || !this.#older) return
    const first = this.#entries[0]?.seq ?? Number.MAX_SAFE_INTEGER
    this.#older = this.#ledger.sql('SELECT 1 FROM feed WHERE seq < ? LIMIT 1').get(first) !== undefined
  }

  #store(): void {
    for (const entry of this.#entries) {
      if (entry.stored) continue
      void this.#ledger.transact()
      this.#insert(entry.seq, entry.change)
      entry.stored = true
    }
  }

  #insert(seq: number | null, { key, before, after }: Change): void {
    this.#ledger
      .sql('INSERT INTO feed (seq, pk, sk, before, after) VALUES (?, ?, ?, ?, ?)')
      .run(seq, key.pk, key.sk, before === undefined ? null : JSON.stringify(before), JSON.stringify(after))
  }
}
