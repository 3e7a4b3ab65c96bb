import { isInMotion } from '../core/follow.ts'
import type { Graph } from '../core/graph.ts'
import { affectedBy } from '../core/mapping.ts'
import { isTimed, keyOf, ordinalAt, ordinalOf, ordinalRange, type Partitioning } from '../core/partition.ts'
import type { Place } from '../core/place.ts'
import type { InputFacts } from '../core/readiness.ts'
import type { RequestDoc } from '../core/request.ts'
import type { RunDoc } from '../core/run.ts'
import { requestKey, runKey } from './keys.ts'
import { existingRuns, loadFacts, newest, partitioningOf, placeOf } from './load.ts'
import type { World } from './world.ts'

/*
 * A requested run waits for the requested runs it reads from, also those it reads from by way of runs that none of its
 * requests names: what lies between follows from them, and a named partition is to run once, on all of it.
 */

// What a failed run releases far downstream is soon looked at; of more than this the sweep takes care. Nor is more looked at upstream.
const MOST = 1000

/** Whether between a requested run and requested runs upstream something is still to come. Its direct inputs are judged by readiness. */
export async function awaitsRequested(
  world: World,
  graph: Graph,
  place: Place,
  facts: readonly InputFacts[],
  requests: readonly Pick<RequestDoc, 'id' | 'tasks'>[],
  seen = new Set<string>(),
): Promise<boolean> {
  const tasks = new Set(requests.flatMap(r => r.tasks))
  const isAmong = (ids: readonly string[] | undefined) => requests.some(r => ids?.includes(r.id))
  for (const { input, partitioning, needed } of facts) {
    const producer = graph.producerOf(input.dataset)
    if (!producer || input.onUpdate === 'ignore') continue
    // Along one task's own partitions only those lead further that a request names: others would be followed to the first there ever was.
    const leads = producer.task !== place.contract.task && graph.upstreamOf([producer.task]).some(task => tasks.has(task))
    for (const { ordinal, named: marked } of needed) {
      const key = runKey(input.dataset, keyOf(partitioning, ordinal))
      const name = `${key.pk}@${key.sk}`
      if (!(leads || isAmong(marked)) || seen.has(name) || seen.size >= MOST) continue
      seen.add(name)
      const between = placeOf(graph, producer.task, ordinal)
      const doc = (await world.ledger.get<RunDoc>(key))?.doc
      // A cancelled run follows nothing: nothing comes by way of it.
      if (!doc?.state || doc.state === 'cancelled') continue
      const its = await loadFacts(world, between, true)
      if (
        isInMotion(doc, between, its, world.clock.now()) ||
        its.some(f => f.input.onUpdate !== 'ignore' && f.needed.some(p => isAmong(p.requested)))
      )
        return true
      if (await awaitsRequested(world, graph, between, its, requests, seen)) return true
    }
  }
  return false
}

/**
 * The runs downstream of a partition that a request may have waiting: for what is over without a new version. Only those that have
 * begun, for no other waits. Of its own partitions a task's run waits for those alone that it needs, so beyond the first such step they
 * lead to nobody, but for those that a request names: each other tells the next when it is over.
 */
export async function downstreamRuns(
  world: Pick<World, 'ledger' | 'clock'>,
  graph: Graph,
  doc: Pick<RunDoc, 'dataset' | 'partition'>,
  ordinal: number,
): Promise<{ task: string; partition: string }[]> {
  const now = world.clock.now()
  const found = new Map<string, { task: string; partition: string }>()
  const origin = [ordinal]
  const frontier = [{ dataset: doc.dataset, ordinals: origin }]
  while (frontier.length > 0 && found.size < MOST) {
    const { dataset, ordinals } = frontier.shift()!
    const input = partitioningOf(graph, dataset)
    for (const {
      task,
      input: { mapping },
    } of graph.readersOf(dataset)) {
      const leading = task.output === dataset && ordinals !== origin ? await namedAmong(world, input, dataset, ordinals) : ordinals
      const output = partitioningOf(graph, task.output)
      const reached: number[] = []
      for (const o of leading) {
        const { from, to } = affectedBy(mapping, input, output, o)
        // Endless only for a keyed input of a dated output.
        const affected =
          to === Number.POSITIVE_INFINITY
            ? await existingRuns(world, output, task.output)
            : ordinalRange(output, from, isTimed(output) ? Math.min(to, ordinalAt(output, now)) : to)
        for (const q of affected) {
          const run = { task: task.task, partition: keyOf(output, q) }
          const name = `${run.task}@${run.partition}`
          if (found.has(name) || found.size >= MOST) continue
          found.set(name, run)
          reached.push(q)
        }
      }
      if (reached.length > 0) frontier.push({ dataset: task.output, ordinals: reached })
    }
  }
  return [...found.values()]
}

/**
 * The runs that a request may have waiting to take the latest of a dataset: for when the last that was to come is over without a new
 * version, or is skipped.
 */
export async function takersOfLatest(
  { ledger }: Pick<World, 'ledger'>,
  graph: Graph,
  { dataset, partition }: Pick<RunDoc, 'dataset' | 'partition'>,
): Promise<{ task: string; partition: string }[]> {
  const takers = graph.readersOf(dataset).flatMap(({ task, input }) => (input.mapping.map === 'latest' ? [task.task] : []))
  if (takers.length === 0) return []
  const p = partitioningOf(graph, dataset)
  const latest = await newest({ ledger }, dataset, p)
  // One before the newest was not waited for.
  if (!latest || latest.awaited || (isTimed(p) && ordinalOf(p, partition)! < latest.ordinal)) return []
  const waiting = [...new Set(takers)].map(async task =>
    (await ledger.runsInState(task, ['waiting'])).map(({ sk }) => ({ task, partition: sk })),
  )
  return (await Promise.all(waiting)).flat().slice(0, MOST)
}

/** Those of a dataset's partitions whose runs an open request names. */
async function namedAmong({ ledger }: Pick<World, 'ledger'>, p: Partitioning, dataset: string, ordinals: readonly number[]) {
  const docs = await ledger.getMany<RunDoc>(ordinals.map(o => runKey(dataset, keyOf(p, o))))
  const ids = [...new Set(docs.flatMap(stored => stored?.doc.named ?? []))]
  const requests = await ledger.getMany<RequestDoc>(ids.map(requestKey))
  const open = new Set(requests.flatMap(stored => (stored && stored.doc.phase !== 'ended' ? [stored.doc.id] : [])))
  return ordinals.filter((_, i) => docs[i]?.doc.named?.some(id => open.has(id)))
}
