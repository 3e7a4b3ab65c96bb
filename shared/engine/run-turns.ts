import type { World } from './world.ts'

const turns = new WeakMap<World['ledger'], Map<string, Promise<void>>>()

/**
 * Waits until nobody of this process is between reading a run and writing it, and resolves with what ends one's own turn. Where
 * one function handles a message at a time this never waits; a runtime that handles a hundred would otherwise read a wide fan-in
 * a hundred times, to write it once.
 */
export async function takeTurn({ ledger }: Pick<World, 'ledger'>, run: string): Promise<() => void> {
  const known = turns.get(ledger)
  const waiting = known ?? new Map<string, Promise<void>>()
  if (!known) turns.set(ledger, waiting)
  const before = waiting.get(run)
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.set(run, promise)
  if (before) await before
  return () => {
    if (waiting.get(run) === promise) waiting.delete(run)
    resolve()
  }
}
