import type { NewEvent } from '../core/events.ts'
import type { Graph } from '../core/graph.ts'
import { compareCandidates } from '../core/limit.ts'
import { affectedBy } from '../core/mapping.ts'
import { keyOf, ordinalOf, ordinalRange } from '../core/partition.ts'
import type { RequestDoc } from '../core/request.ts'
import { overStates, type RunDoc } from '../core/run.ts'
import type { Change, Feed } from '../ports/ledger.ts'
import { settle } from './effects.ts'
import type { PauseDoc } from './keys.ts'
import { existingRuns, partitioningOf } from './load.ts'
import { candidateOf, queuedRuns } from './permits.ts'
import { downstreamRuns, takersOfLatest } from './requested.ts'
import type { World } from './world.ts'

/** Whether a change is one from which an event may follow: the feed holds only these. */
export function matters({ key, before, after }: Change): boolean {
  if (key.pk === 'pause') return (before as PauseDoc | undefined)?.paused === true && !(after as PauseDoc).paused
  if (!key.pk.startsWith('run/')) return false
  const [was, is] = [before as RunDoc | undefined, after as RunDoc]
  return (
    (is.version?.number ?? 0) > (was?.version?.number ?? 0) ||
    (was?.permits !== undefined && is.permits === undefined) ||
    (is.due !== undefined && is.due !== was?.due) ||
    (is.noted !== undefined && isOver(is)) ||
    (was?.requests !== undefined && is.requests === undefined) ||
    (is.skipped === true && !was?.skipped) ||
    (is.effects !== undefined && is.effects.length > (was?.effects?.length ?? 0))
  )
}

const isOver = (doc: RunDoc) => doc.state !== undefined && overStates.includes(doc.state)

/** Turns the ledger's changes into events: the only way an event leaves for a success. Resolves with how many changes it took. */
export async function relay(world: World, feed: Feed, limit = 100): Promise<number> {
  const { changes, upTo } = await feed.read(limit)
  if (changes.length === 0) return 0
  const events: NewEvent[] = []
  for (const change of changes) events.push(...(await followsFrom(world, change)))
  await world.bus.publish(events)
  await feed.acknowledge(upTo)
  return changes.length
}

/** The graph is asked for where it is needed: of most changes a success follows, and nothing else. */
async function followsFrom(world: World, { key, before, after }: Change): Promise<NewEvent[]> {
  if (key.pk === 'pause') return resumed(world, await world.graph(), (after as PauseDoc).task)
  const [was, is] = [before as RunDoc | undefined, after as RunDoc]
  const events: NewEvent[] = []
  const published = (is.version?.number ?? 0) > (was?.version?.number ?? 0)
  if (published) {
    const { number, at, cause } = is.version!
    events.push({ type: 'DatasetReady', detail: { dataset: is.dataset, partition: is.partition, number, at, cause } })
  }
  if (is.due !== undefined && is.due !== was?.due) {
    const due: NewEvent = { type: 'RunDue', detail: { task: is.task!, partition: is.partition } }
    if (is.due <= world.clock.now()) events.push(due)
    else await world.timers.set(is.due, due)
  }
  // After the success, so that those who follow are among those who wait for the place, and after a retry that is due at once. Places are
  // freed in the order opposite to that in which they were taken: who is handed the last of them asks for the others again, and would
  // find them handed to somebody who comes later.
  if (was?.permits && !is.permits) {
    const { dataset, partition } = is
    const { generation, attempt } = was
    for (const limit of was.permits.toReversed())
      events.push({ type: 'PlaceFreed', detail: { limit, dataset, partition, generation, attempt } })
  }
  if (is.noted && isOver(is))
    events.push({
      type: 'RunDue',
      detail: { task: is.task!, partition: is.partition, cause: is.noted, ...(is.endedAt !== undefined && { at: is.endedAt }) },
    })
  if (is.effects && is.effects.length > (was?.effects?.length ?? 0)) await settle(world, key)
  if (is.skipped && !was?.skipped) events.push(...(await readersOf(world, await world.graph(), is)))
  const requested = was?.requests && !is.requests
  const ended = was?.state !== is.state && (is.state === 'failed' || is.state === 'cancelled' || is.state === 'held')
  // A version that readers follow leads them on; without one they must be told.
  if ((requested || ended) && (!published || is.version!.cause.quiet)) {
    // Beyond its readers a quiet one is heard by nobody; and of what no request selected, or what follows a version, only requested runs may wait.
    const named = requested && !published ? undefined : await openTasks(world)
    events.push(...(await beyond(world, await world.graph(), is, named)))
  }
  if (!published && was?.requests && (!is.requests || (is.skipped && !was.skipped)))
    events.push(...(await takersOfLatest(world, await world.graph(), is)).map(detail => ({ type: 'RunDue' as const, detail })))
  return events
}

/** Who may have waited, for a request's sake, for what is over, or held, without a version: those of the named tasks, or all. */
async function beyond(world: World, graph: Graph, doc: RunDoc, named: ReadonlySet<string> | undefined): Promise<NewEvent[]> {
  // What is deployed no more has nobody.
  const partitioning = graph.dataset(doc.dataset)?.partitioning
  if (!partitioning || named?.size === 0) return []
  const runs = await downstreamRuns(world, graph, doc, ordinalOf(partitioning, doc.partition)!)
  return runs.filter(run => !named || named.has(run.task)).map(detail => ({ type: 'RunDue', detail }))
}

/** The tasks that requests name which are not over. */
async function openTasks(world: World): Promise<Set<string>> {
  const docs = await world.ledger.query<RequestDoc>('request')
  return new Set(docs.flatMap(({ doc }) => (doc.phase === 'ended' ? [] : doc.tasks)))
}

/** Readers look again when a partition they may wait for will not come. */
async function readersOf(world: World, graph: Graph, doc: RunDoc): Promise<NewEvent[]> {
  const input = graph.dataset(doc.dataset)?.partitioning
  if (!input) return []
  const events: NewEvent[] = []
  for (const {
    task,
    input: { mapping },
  } of graph.readersOf(doc.dataset)) {
    const output = partitioningOf(graph, task.output)
    const { from, to } = affectedBy(mapping, input, output, ordinalOf(input, doc.partition)!)
    // Endless only for a keyed input of a dated output.
    const affected = to === Number.POSITIVE_INFINITY ? await existingRuns(world, output, task.output) : ordinalRange(output, from, to)
    for (const o of affected) events.push({ type: 'RunDue', detail: { task: task.task, partition: keyOf(output, o) } })
  }
  return events
}

/** What was ready while its task was paused, first come who would be first for a place. */
async function resumed(world: World, graph: Graph, task: string): Promise<NewEvent[]> {
  const docs = await queuedRuns(world, graph, task === 'all' ? graph.order().map(t => t.task) : [task])
  return docs
    .map(doc => candidateOf(graph, doc))
    .sort(compareCandidates)
    .map(c => ({ type: 'RunDue', detail: { task: c.task, partition: c.partition } }))
}
