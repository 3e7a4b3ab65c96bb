import { matters } from '../engine/relay.ts'
import { SqliteLedger } from '../local/ledger.ts'
import type { Feed, Ledger } from '../ports/ledger.ts'

/** The ledger that a story is played on: the embedded one in memory, unless a test brings another. */
export interface StoryLedger extends Ledger, Feed {
  /** How many writes were made. */
  readonly requests: { readonly put: number }
  /** One that stands as this one does, with nothing in its feed. */
  fork(): Promise<OpenStoryLedger>
}

/** Opens a ledger for a world with a clock of its own. */
export type OpenStoryLedger = (now: () => number) => StoryLedger

class MemoryStoryLedger extends SqliteLedger implements StoryLedger {
  constructor() {
    super({ path: ':memory:', filter: matters })
  }

  async fork(): Promise<OpenStoryLedger> {
    const twin = new MemoryStoryLedger()
    for (const row of this.sql('SELECT * FROM docs').all() as Record<string, string>[])
      twin.sql('INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(...Object.values(row))
    return () => twin
  }
}

/** The embedded ledger, in memory; its index knows no time. */
export const memoryStoryLedger: OpenStoryLedger = () => new MemoryStoryLedger()
