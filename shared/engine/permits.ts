import { silent } from '../core/attempt.ts'
import type { Graph } from '../core/graph.ts'
import {
  acquire,
  type Begins,
  type Candidate,
  type Holder,
  handOn,
  isShort,
  type LimitDoc,
  newLimit,
  refill,
  release,
  type Swapped,
} from '../core/limit.ts'
import { cancel } from '../core/operate.ts'
import { isTimed, ordinalOf, startOf } from '../core/partition.ts'
import type { RequestDoc } from '../core/request.ts'
import type { RunDoc } from '../core/run.ts'
import { laneLimit, limitKey, requestKey, requestLimit, runKey, taskLimit } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** The limits a run must pass, in the order they are asked, with their sizes. Most runs have none. */
export async function limitsOf(world: World, doc: RunDoc, limit: number | undefined): Promise<{ name: string; size: number }[]> {
  const limits: { name: string; size: number }[] = []
  if (limit !== undefined) limits.push({ name: taskLimit(doc.task!), size: limit })
  const lane = world.laneLimits[doc.cause!.lane]
  if (lane !== undefined) limits.push({ name: laneLimit(doc.cause!.lane), size: lane })
  for (const id of doc.cause!.under ?? []) {
    const request = await world.ledger.get<RequestDoc>(requestKey(id))
    if (request?.doc.maxActive !== undefined) limits.push({ name: requestLimit(id), size: request.doc.maxActive })
  }
  return limits
}

/** Who the run is among those who wait: its lane, its partition's age, its distance from the sources. */
export function candidateOf(graph: Graph, doc: Pick<RunDoc, 'dataset' | 'partition' | 'task' | 'cause'>): Candidate {
  const partitioning = graph.dataset(doc.dataset)!.partitioning
  const ordinal = ordinalOf(partitioning, doc.partition) ?? 0
  return {
    dataset: doc.dataset,
    partition: doc.partition,
    task: doc.task!,
    lane: doc.cause?.lane ?? 'nightly',
    order: isTimed(partitioning) ? startOf(partitioning, ordinal) : ordinal,
    depth: graph.depth(doc.task!),
  }
}

/** Who has no place for a run; `taken`: for another look at the same run is about to begin it. */
export interface Refusal {
  by: string
  taken: boolean
}

/** Takes a place under one limit after the other, noting in `held` which are its own; gives the first refusal, which has enqueued the run. */
export async function takePlaces(
  world: World,
  candidate: Candidate,
  begins: Begins,
  limits: readonly { name: string; size: number }[],
  held: Set<string>,
): Promise<Refusal | undefined> {
  for (const { name, size } of limits) {
    let refusal: Refusal | undefined
    await swapLimit(world, name, size, doc => {
      const acquired = acquire(doc, candidate, begins, world.clock.now())
      refusal = acquired.granted ? undefined : { by: name, taken: acquired.taken ?? false }
      // Before the write, which may succeed and say it failed: what is not held is not freed either.
      if (acquired.owned) held.add(name)
      return acquired
    })
    if (refusal) return refusal
  }
  return undefined
}

/** Frees a place under a limit (see `release`), or with no run only hands free places on, and tells those who were handed one. */
export async function freePlace(world: World, limit: string, run?: Parameters<typeof release>[1]): Promise<void> {
  await swapLimit(world, limit, undefined, doc => (run ? release(doc, run, world.clock.now()) : handOn(doc, world.clock.now())))
}

async function swapLimit(world: World, limit: string, size: number | undefined, change: (doc: LimitDoc) => Swapped): Promise<void> {
  let handed: Holder[] = []
  await swap<LimitDoc>(world, limitKey(limit), async stored => {
    const doc = stored ?? (size === undefined ? undefined : newLimit(size))
    if (!doc) return stored
    const swapped = change(size === undefined || size === doc.limit ? doc : { ...doc, limit: size })
    handed = swapped.handed
    if (!isShort(swapped)) return swapped.changed ? swapped.doc : stored
    const full = refill(swapped, await queuedUnder(world, limit), world.clock.now())
    handed = [...handed, ...full.handed]
    return full.doc
  })
  await world.bus.publish(handed.map(h => ({ type: 'RunDue', detail: { task: h.task, partition: h.partition, place: limit } })))
}

/** The queued runs that a limit has refused. */
async function queuedUnder(world: World, limit: string): Promise<Candidate[]> {
  const graph = await world.graph()
  const docs = await queuedRuns(world, graph, limit.startsWith('task/') ? [limit.slice('task/'.length)] : graph.tasks.map(t => t.task))
  // Who was refused by another limit is on that one's list. On both, it would be handed this one's place and give it back again and again.
  return docs.filter(doc => doc.refusedBy === limit).map(doc => candidateOf(graph, doc))
}

/** The queued runs of those of the tasks that are deployed: what a task that is gone has left is the sweep's to cancel. */
export async function queuedRuns(world: World, graph: Graph, tasks: readonly string[]): Promise<RunDoc[]> {
  const deployed = tasks.filter(task => graph.task(task))
  const keys = (await Promise.all(deployed.map(task => world.ledger.runsInState(task, ['queued'])))).flat()
  return (await world.ledger.getMany<RunDoc>(keys)).flatMap(s => (s?.doc.state === 'queued' ? [s.doc] : []))
}

/** Of a task that is gone nobody else ends an attempt that is lost; its place is freed as it ends. */
async function endGone(world: World, { task, dataset, partition }: Holder): Promise<void> {
  const { written } = await swap<RunDoc>(world, runKey(dataset, partition), doc => {
    const now = world.clock.now()
    return doc && silent(doc, now) ? cancel(doc, now) : doc
  })
  if (written) await world.notifier.platform(`the task ${task} is gone; its lost run of ${partition} is cancelled`)
}

/** Frees the places of runs that no longer hold them by right: whose attempt is over, or who never claimed. */
export async function auditLimits(world: World): Promise<void> {
  const graph = await world.graph()
  const now = world.clock.now()
  for (const { key, doc } of await world.ledger.query<LimitDoc>('limit')) {
    const runs = await world.ledger.getMany<RunDoc>(doc.holders.map(h => runKey(h.dataset, h.partition)))
    for (const [i, holder] of doc.holders.entries()) {
      const { state, generation, attempt, permits } = runs[i]?.doc ?? {}
      const its = state === 'running' && permits?.includes(key.sk) && generation === holder.generation && attempt === holder.attempt
      if (its && !graph.task(holder.task)) await endGone(world, holder)
      if (its || holder.until > now) continue
      const { dataset, partition, token } = holder
      await freePlace(world, key.sk, { dataset, partition, token: token ?? '' })
    }
    if (doc.waiting.length > 0 || doc.more) await freePlace(world, key.sk)
  }
}
