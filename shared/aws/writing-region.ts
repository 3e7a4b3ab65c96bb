import { RedeyeError } from '../core/errors.ts'
import { type PauseDoc, pauseKey, writerOf } from '../engine/keys.ts'
import type { Ledger } from '../ports/ledger.ts'

// Replication takes about a second; asking before each write would cost a read for each.
const KNOWN_MS = 5_000

/** Of a stage that has two regions: the one that writes where it is not this one. */
export type Elsewhere = () => Promise<string | undefined>

export function elsewhereThan(region: string, ledger: Pick<Ledger, 'get'>, now: () => number): Elsewhere {
  let known: { writer: Promise<string | undefined>; until: number } | undefined
  return async () => {
    if (!known || now() >= known.until) {
      const writer = ledger.get<PauseDoc>(pauseKey('all')).then(stored => writerOf(stored?.doc))
      writer.catch(() => (known = undefined))
      known = { writer, until: now() + KNOWN_MS }
    }
    const writer = await known.writer
    return writer === region ? undefined : writer
  }
}

/**
 * A ledger that nothing writes but in the region that writes. Of two regions' writes to one document the later wins, whatever either had
 * read: a region that was left, and comes back before it is switched off, would undo what the other has done.
 */
export function writtenInOneRegion(ledger: Ledger, elsewhere: Elsewhere): Ledger {
  return {
    ...ledger,
    async put(key, doc, rev) {
      const writer = await elsewhere()
      if (writer !== undefined) throw standsBy(writer)
      return ledger.put(key, doc, rev)
    },
  }
}

/** What is not done, since another region writes. */
export function standsBy(writer: string): RedeyeError {
  return new RedeyeError('STANDS_BY', `the stage was moved to ${writer}, and this region stands by`, {
    remedy: `say it to ${writer}; redeye move ${writer} switches this region off`,
  })
}
