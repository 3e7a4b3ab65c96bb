import type { Letter, LetterBox } from '../ports/dead-letters.ts'
import type { SqliteLedger } from './ledger.ts'

/** The dead letters of a state folder, which the bus puts into its ledger's database. */
export function localLetters(ledger: SqliteLedger): LetterBox {
  return {
    async take() {
      // The table is the bus's, which a ledger that was only read has not met.
      if (!ledger.sql(`SELECT 1 FROM sqlite_master WHERE name = 'dead_letters'`).get()) return []
      const rows = ledger.sql('SELECT seq, at, target, reason, event FROM dead_letters ORDER BY seq').all() as unknown as {
        seq: number
        at: number
        target: string
        reason: string
        event: string
      }[]
      return rows.map(({ seq, at, target, reason, event }) => ({
        id: String(seq),
        at,
        function: target,
        reason,
        event: JSON.parse(event) as unknown,
      }))
    },
    // Nobody else was kept from them.
    giveBack: async () => {},
    async remove(letters: readonly Letter[]) {
      for (const { id } of letters) ledger.sql('DELETE FROM dead_letters WHERE seq = ?').run(Number(id))
    },
  }
}
