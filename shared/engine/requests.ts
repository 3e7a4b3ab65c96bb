import type { InputContract } from '../core/contract.ts'
import { RedeyeError } from '../core/errors.ts'
import { checkEvent } from '../core/event-shape.ts'
import type { Envelope, EventDetails, NewEvent } from '../core/events.ts'
import type { Graph } from '../core/graph.ts'
import { compareCandidates } from '../core/limit.ts'
import { nameRun, select } from '../core/operate.ts'
import { keyOf, parsePartition } from '../core/partition.ts'
import { nextBegins, type RequestDoc, requestOf, runsOf, sameRequest } from '../core/request.ts'
import { type Cause, hear, type RunDoc } from '../core/run.ts'
import type { EpochMs } from '../core/zone.ts'
import { type PauseDoc, pauseKey, requestKey, runKey } from './keys.ts'
import { partitioningOf, placeOf } from './load.ts'
import { nightsThatName } from './night.ts'
import { candidateOf, freePlace } from './permits.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** The platform's `requests`: what operators wish of more than one run, the places that are handed on, and what nobody else would hear. */
export async function requests(world: World, event: Envelope): Promise<void> {
  if (await isHeardByItsTask(world, event)) return
  checkEvent(event['detail-type'], event.detail)
  const detail = event.detail
  switch (event['detail-type']) {
    case 'RunRequested':
      return runRequested(world, detail as EventDetails['RunRequested'], event.id)
    case 'TaskPaused':
      return switchPause(world, (detail as EventDetails['TaskPaused']).task, true, event.id)
    case 'TaskResumed':
      return switchPause(world, (detail as EventDetails['TaskResumed']).task, false, event.id)
    case 'PartitionSkipped':
      return skip(world, detail as EventDetails['PartitionSkipped'], event.id)
    case 'PlaceFreed': {
      const { limit, ...run } = detail as EventDetails['PlaceFreed']
      return freePlace(world, limit, run)
    }
    case 'RunCancelled':
    case 'RunApproved':
      throw noSuchTask((detail as EventDetails['RunCancelled']).task, 'name a deployed task')
    default:
      throw new RedeyeError('BAD_EVENT', `the platform takes no ${event['detail-type']} events`, {
        remedy: 'see events/ for those there are',
      })
  }
}

/** Whether an event is about one run of a task that is deployed: its service hears it by its own rule, and refuses what is wrong with it. */
async function isHeardByItsTask(world: World, event: Envelope): Promise<boolean> {
  if (event['detail-type'] !== 'RunCancelled' && event['detail-type'] !== 'RunApproved') return false
  const { task } = (event.detail ?? {}) as Partial<EventDetails['RunCancelled']>
  return task !== undefined && (await world.graph()).task(task) !== undefined
}

const noSuchTask = (task: string, remedy: string) => new RedeyeError('UNKNOWN_NAME', `no task "${task}" is deployed`, { remedy })

async function switchPause(world: World, task: string, paused: boolean, eventId: string): Promise<void> {
  const graph = await world.graph()
  if (task !== 'all' && !graph.task(task)) throw noSuchTask(task, 'name a deployed task, or all')
  await swap<PauseDoc>(world, pauseKey(task), doc => {
    const heard = hear(doc ?? { v: 1, task, paused: false, at: 0 }, eventId)
    return heard ? { ...heard, paused, at: world.clock.now() } : doc
  })
}

async function skip(world: World, { dataset, partition }: EventDetails['PartitionSkipped'], eventId: string): Promise<void> {
  const graph = await world.graph()
  parsePartition(partitioningOf(graph, dataset), partition, dataset)
  await swap<RunDoc>(world, runKey(dataset, partition), doc => {
    const heard = hear(doc ?? { v: 1, dataset, partition, generation: 0, attempt: 0 }, eventId)
    return heard ? { ...heard, skipped: true } : doc
  })
}

// Often enough that an expansion which dies repeats little, seldom enough that progress costs little beside the marks.
const MARKS_A_WINDOW = 500
// None of them starts before all are marked, so they need not wait for one another; more at once would only queue at the ledger.
const MARKS_AT_ONCE = 50

async function runRequested(world: World, detail: EventDetails['RunRequested'], eventId: string): Promise<void> {
  const graph = await world.graph()
  const now = world.clock.now()
  const wished = requestOf(detail, eventId, now)
  const { doc } = await swap<RequestDoc>(world, requestKey(wished.id), d => {
    if (d) return goneOn(d, graph, now)
    // What cannot be expanded is refused before it is recorded.
    runsOf(wished, graph)
    return wished
  })
  if (!sameRequest(doc!, wished))
    throw new RedeyeError('REQUEST_CHANGED', `a request "${wished.id}" was made before, with other content`, {
      remedy: 'give the new request an id of its own',
    })
  if (doc!.phase === 'marking') await expand(world, graph, doc!)
}

/** Marks anew once partitions have begun that the request names and that had not begun when it last marked. */
function goneOn(doc: RequestDoc, graph: Graph, now: EpochMs): RequestDoc {
  const next = nextBegins(doc, graph)
  return doc.phase === 'marking' || next === undefined || next > now
    ? doc
    : { ...doc, phase: 'marking', since: doc.upTo, upTo: now, marked: 0 }
}

/** The runs of a recorded request; a task that is gone since has none. */
function runsOfDeployed(request: Parameters<typeof runsOf>[0], graph: Graph): ReturnType<typeof runsOf> {
  return runsOf({ ...request, tasks: request.tasks.filter(task => graph.task(task)) }, graph)
}

/** Selects a request's runs, window by window, then lets them go: the oldest first, upstream before downstream. */
async function expand(world: World, graph: Graph, request: RequestDoc): Promise<void> {
  const runs = runsOfDeployed(request, graph)
  const cause: Cause = {
    lane: request.lane,
    ...(request.maxActive !== undefined && request.lane !== 'nightly' && { under: [request.id] }),
    ...(!request.downstream && { quiet: true }),
  }
  const wish = { id: request.id, run: request.run, cause, later: request.since !== undefined }
  const reads = readersAmong(graph, request.tasks)
  let { marked, selected } = request
  while (marked < runs.length) {
    const window = runs.slice(marked, marked + MARKS_A_WINDOW).map(({ task, ordinal }) => placeOf(graph, task, ordinal))
    const nightThatNames = await nightsThatName(world, window)
    for (let from = 0; from < window.length; from += MARKS_AT_ONCE) {
      const swaps = window.slice(from, from + MARKS_AT_ONCE).map(place => {
        const { contract, output, ordinal } = place
        return swap<RunDoc>(world, runKey(contract.output, keyOf(output, ordinal)), doc => {
          const chosen = select(doc, place, { ...wish, night: nightThatNames(place) })
          return (reads.has(contract.task) && nameRun(doc, place, chosen, request.id)) || chosen || doc
        })
      })
      const isNew = (doc: RunDoc | undefined) => doc?.requests?.includes(request.id) ?? false
      for (const { before, doc, written } of await Promise.all(swaps)) if (written && isNew(doc) && !isNew(before)) selected++
    }
    marked = Math.min(marked + MARKS_A_WINDOW, runs.length)
    if (marked < runs.length) await progress(world, request, { marked, selected })
  }
  await progress(world, request, { marked, selected, phase: 'open' })
  const { id, tasks, from, to, run, downstream, lane, maxActive } = request
  const again: NewEvent = {
    type: 'RunRequested',
    detail: { id, tasks, from, to, run, downstream, lane, ...(maxActive !== undefined && { maxActive }) },
  }
  const next = nextBegins(request, graph)
  if (next !== undefined) await world.timers.set(next, again)
  await world.bus.publish(await dueRuns(world, graph, request.id, runs))
}

/** Those of the tasks that read, by way of whatever others, what one of them makes. */
function readersAmong(graph: Graph, tasks: readonly string[]): Set<string> {
  const triggers = (i: InputContract) => i.mapping.map !== 'latest'
  const readsItself = (task: string) => graph.readersOf(graph.task(task)?.output ?? '').some(r => r.task.task === task)
  return new Set(tasks.filter(task => readsItself(task) || graph.upstreamOf([task], triggers).some(up => tasks.includes(up))))
}

/** Writes how far an expansion is, unless another has gone on to what began later. */
async function progress(world: World, { id, upTo }: RequestDoc, made: Partial<RequestDoc>): Promise<void> {
  await swap<RequestDoc>(world, requestKey(id), doc => (doc!.upTo === upTo ? { ...doc!, ...made } : doc))
}

/** The runs that a request selects and that are not over, first come who goes first. */
async function dueRuns(world: World, graph: Graph, id: string, runs: ReturnType<typeof runsOf>): Promise<NewEvent[]> {
  const docs = await docsOf(world, graph, runs)
  return docs
    .filter(doc => doc.requests?.includes(id))
    .map(doc => candidateOf(graph, doc))
    .sort(compareCandidates)
    .map(c => ({ type: 'RunDue', detail: { task: c.task, partition: c.partition } }))
}

async function docsOf(world: World, graph: Graph, runs: ReturnType<typeof runsOf>): Promise<RunDoc[]> {
  const keys = runs.map(({ task, ordinal }) => {
    const { contract, output } = placeOf(graph, task, 0)
    return runKey(contract.output, keyOf(output, ordinal))
  })
  return (await world.ledger.getMany<RunDoc>(keys)).flatMap(s => (s ? [s.doc] : []))
}

/** Whether a request has still to do with a run: it selects it, or names it and it is on its way. */
const isOpenFor = (id: string, { requests, named, state }: RunDoc): boolean =>
  requests?.includes(id) || (named?.includes(id) && state !== undefined && ['waiting', 'queued', 'running'].includes(state)) || false

/** Goes on with requests whose expansion died, and ends those whose runs are all over. */
export async function sweepRequests(world: World): Promise<void> {
  const graph = await world.graph()
  for (const stored of await world.ledger.query<RequestDoc>('request')) {
    const { key } = stored
    if (stored.doc.phase === 'ended') continue
    // What reaches into the future goes on though nobody says that its next partitions have begun.
    const doc = (await swap<RequestDoc>(world, key, d => goneOn(d!, graph, world.clock.now()))).doc!
    const { since: _, ...whole } = doc
    if (doc.phase === 'marking') await expand(world, graph, doc)
    else if (
      nextBegins(doc, graph) === undefined &&
      !(await docsOf(world, graph, runsOfDeployed(whole, graph))).some(run => isOpenFor(doc.id, run))
    )
      await swap<RequestDoc>(world, key, d => ({ ...d!, phase: 'ended' }))
  }
}
