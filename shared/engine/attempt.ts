import { begin, end, handOn, isOwn, type Outcome, renew } from '../core/attempt.ts'
import type { RunDoc } from '../core/run.ts'
import type { Stored } from '../ports/ledger.ts'
import type { AttemptName, Start } from '../ports/workers.ts'
import { runKey } from './keys.ts'
import { placeOf } from './load.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** What a worker says of its attempt; when it was published and by which task's hash is the ledger's to say. */
export type Ended = Exclude<Outcome, { ok: true }> | Omit<Extract<Outcome, { ok: true }>, 'at' | 'hash'>

/**
 * Records how an attempt ended. False when the attempt is no longer the run's own (overtaken, cancelled, or over), or when `job` is named and
 * another does its work; then nothing changes.
 * `begun` is the run as its work began: most runs are not written in between, and are not read again.
 */
export async function finish(world: World, name: AttemptName & { job?: string }, outcome: Ended, begun?: Stored<RunDoc>): Promise<boolean> {
  const own = world.ownTask?.task === name.task ? world.ownTask : undefined
  const contract = own ?? placeOf(await world.graph(), name.task, 0).contract
  const key = runKey(name.dataset, name.partition)
  const made = outcome.ok ? { ...outcome, hash: contract.hash, at: world.clock.stamp() } : outcome
  const { written } = await swap<RunDoc>(
    world,
    key,
    d => d && end(d, { contract }, name, made, world.clock.now(), world.chance.next()),
    begun,
  )
  return written
}

/**
 * Begins an attempt's work: resolves with the run for the one worker that is to do it. A function may be invoked twice for one
 * attempt, at once or long after, and two workers would write over each other's files, also after the first was published.
 */
export async function beginWork(world: World, { run, ...name }: Start): Promise<Stored<RunDoc> | undefined> {
  const key = runKey(name.dataset, name.partition)
  if (world.workers.once) {
    const stored = await world.ledger.get<RunDoc>(key)
    return stored && isOwn(stored.doc, name) ? stored : undefined
  }
  const { doc, rev, written } = await swap<RunDoc>(world, key, d => d && begin(d, name, world.clock.now()), run && { key, ...run })
  return written ? { key, rev, doc: doc! } : undefined
}

/** Lets another worker begin the rest of an attempt, from its checkpoint; false when the attempt is no longer the run's own. */
export async function handOnWork(world: World, name: AttemptName): Promise<boolean> {
  const { written } = await swap<RunDoc>(world, runKey(name.dataset, name.partition), d => d && handOn(d, name, world.clock.now()))
  return written
}

/** Says that an attempt's worker is alive; false when the attempt is no longer the run's own, and the worker had better stop. */
export async function renewLease(world: World, name: AttemptName): Promise<boolean> {
  const { written } = await swap<RunDoc>(world, runKey(name.dataset, name.partition), doc => doc && renew(doc, name, world.clock.now()))
  return written
}
