import { RedeyeError } from '../core/errors.ts'
import type { Key, Stored } from '../ports/ledger.ts'
import type { World } from './world.ts'

// A race is lost only to a write that won, so this many in a row mean that something is wrong, and the message had better be tried again later.
const RACES = 50

/** The highest major version of documents this code understands. */
export const DOCUMENT_VERSION = 1

/** Refuses a document that newer code wrote with a meaning this code does not know. */
export function known<T>(stored: Stored<T> | undefined): Stored<T> | undefined {
  const version = (stored?.doc as { v?: number } | undefined)?.v ?? DOCUMENT_VERSION
  if (version > DOCUMENT_VERSION)
    throw new RedeyeError(
      'NEWER_DOCUMENT',
      `${stored!.key.pk}/${stored!.key.sk} has version ${version}, this code knows up to ${DOCUMENT_VERSION}`,
      {
        remedy: 'deploy this service anew; the message is tried again',
      },
    )
  return stored
}

/**
 * Read, decide, write if nobody else has written, and if somebody has, read and decide again. `change` gives the next
 * document, or the same object (or undefined) to leave it as it is. Resolves with the document that stands and whether it was written now.
 * Who has `read` it before need not read it again: if it has changed since, the write is refused, and it is read then.
 */
export async function swap<T extends object>(
  world: Pick<World, 'ledger'>,
  key: Key,
  change: (doc: T | undefined) => T | undefined | Promise<T | undefined>,
  read?: Stored<T>,
): Promise<{ before: T | undefined; doc: T | undefined; rev: number; written: boolean }> {
  for (let race = 0; race < RACES; race++) {
    const stored = known(race === 0 && read ? read : await world.ledger.get<T>(key))
    const before = stored?.doc
    const rev = stored?.rev ?? 0
    const next = await change(before)
    if (next === undefined || next === before) return { before, doc: before, rev, written: false }
    if (await world.ledger.put(key, next, rev)) return { before, doc: next, rev: rev + 1, written: true }
  }
  throw new RedeyeError('LEDGER_FAILED', `${key.pk}/${key.sk} changed ${RACES} times while it was being written`, { failure: 'transient' })
}
