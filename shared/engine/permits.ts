import type { Graph } from '../core/graph.ts'
import { acquire, type Candidate, type Holder, type LimitDoc, newLimit, refill, release } from '../core/limit.ts'
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

/** Takes a place under one limit after the other, noting in `held` what was taken; false at the first refusal, which has enqueued the run. */
export async function takePlaces(
  world: World,
  candidate: Candidate,
  limits: readonly { name: string; size: number }[],
  held: Set<string>,
): Promise<boolean> {
  for (const { name, size } of limits) {
    let granted = false
    await swap<LimitDoc>(world, limitKey(name), doc => {
      const taken = acquire({ ...(doc ?? newLimit(size)), limit: size }, candidate, world.clock.now())
      granted = taken.granted
      return taken.changed ? taken.doc : doc
    })
    if (!granted) return false
    held.add(name)
  }
  return true
}

/** Frees a run's place under a limit and tells those to whom it was handed. */
export async function freePlace(world: World, limit: string, run: { dataset: string; partition: string } | undefined): Promise<void> {
  let handed: Holder[] = []
  await swap<LimitDoc>(world, limitKey(limit), async doc => {
    if (!doc) return doc
    const freed = release(doc, run, world.clock.now())
    handed = freed.handed
    if (!freed.doc.more || freed.doc.waiting.length > 0) return freed.changed ? freed.doc : doc
    const full = refill(freed.doc, await queuedUnder(world, limit), world.clock.now())
    handed = [...handed, ...full.handed]
    return full.doc
  })
  await world.bus.publish(handed.map(h => ({ type: 'RunDue', detail: { task: h.task, partition: h.partition, place: limit } })))
}

/** The queued runs that a limit concerns, for a list that ran empty. */
async function queuedUnder(world: World, limit: string): Promise<Candidate[]> {
  const graph = await world.graph()
  const tasks = limit.startsWith('task/') ? [limit.slice('task/'.length)] : graph.tasks.map(t => t.task)
  const keys = (await Promise.all(tasks.map(task => world.ledger.runsInState(task, ['queued'])))).flat()
  const docs = (await world.ledger.getMany<RunDoc>(keys)).flatMap(s => (s?.doc.state === 'queued' ? [s.doc] : []))
  const concerned = (doc: RunDoc) =>
    limit.startsWith('task/') ||
    (limit.startsWith('lane/')
      ? doc.cause?.lane === limit.slice('lane/'.length)
      : (doc.cause?.under ?? []).includes(limit.slice('request/'.length)))
  return docs.filter(concerned).map(doc => candidateOf(graph, doc))
}

/** Frees the places of runs that no longer hold them by right: whose attempt is over, or who never claimed. */
export async function auditLimits(world: World): Promise<void> {
  for (const { key, doc } of await world.ledger.query<LimitDoc>('limit')) {
    const runs = await world.ledger.getMany<RunDoc>(doc.holders.map(h => runKey(h.dataset, h.partition)))
    const gone = doc.holders.filter((h, i) => {
      const run = runs[i]?.doc
      return !(run?.state === 'running' && run.permits?.includes(key.sk)) && h.until <= world.clock.now()
    })
    for (const holder of gone) await freePlace(world, key.sk, holder)
    if (gone.length === 0 && (doc.waiting.length > 0 || doc.more) && doc.holders.length < doc.limit)
      await freePlace(world, key.sk, undefined)
  }
}
