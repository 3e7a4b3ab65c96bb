import { type Arrival, lacksMore } from '../core/arrive.ts'
import { RedeyeError } from '../core/errors.ts'
import { checkEvent } from '../core/event-shape.ts'
import type { Envelope, EventDetails } from '../core/events.ts'
import type { Graph } from '../core/graph.ts'
import { affectedBy } from '../core/mapping.ts'
import { nightOrdinals } from '../core/night.ts'
import { approve, cancel } from '../core/operate.ts'
import { isTimed, keyOf, ordinalOf, ordinalRange, type Partitioning, parsePartition, startOf } from '../core/partition.ts'
import { blankRun, inputsOf } from '../core/place.ts'
import { hear, type RunDoc } from '../core/run.ts'
import { considerRun } from './consider.ts'
import { runKey } from './keys.ts'
import { existingRuns, newest, partitioningOf, placeOf } from './load.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

// An event that concerns more runs than this is cut into further messages, so that none outlasts a function's time.
const RUNS_A_MESSAGE = 100

/** The service's `decide`: asks what follows from an event for the runs it concerns, and never works. */
export async function decide(world: World, task: string, event: Envelope): Promise<void> {
  checkEvent(event['detail-type'], event.detail)
  const graph = await world.graph()
  const detail = event.detail
  switch (event['detail-type']) {
    case 'DatasetReady':
      return datasetReady(world, graph, task, detail as EventDetails['DatasetReady'])
    case 'RunsConcerned':
      return runsConcerned(world, graph, task, detail as EventDetails['RunsConcerned'])
    case 'RunDue': {
      const { partition, place, cause, at } = detail as EventDetails['RunDue']
      const why = cause && { cause, ...(at !== undefined && { causeAt: at }) }
      await considerRun(world, graph, task, ordinal(graph, task, partition), { ...why, ...(place && { place }) })
      return
    }
    case 'RunApproved':
      return approveRun(world, graph, task, (detail as EventDetails['RunApproved']).partition, event.id)
    case 'RunCancelled':
      return cancelRun(world, graph, task, (detail as EventDetails['RunCancelled']).partition, event.id)
    case 'NightStarted':
      return nightStarted(world, graph, task, (detail as EventDetails['NightStarted']).date)
    default:
      throw new RedeyeError('BAD_EVENT', `${task} takes no ${event['detail-type']} events`, { remedy: 'see events/ for those there are' })
  }
}

function ordinal(graph: Graph, task: string, partition: string): number {
  const { contract, output } = placeOf(graph, task, 0)
  return parsePartition(output, partition, contract.output)
}

/** A version of an input appeared: whom of this task's runs it concerns, and what follows for each. */
async function datasetReady(world: World, graph: Graph, task: string, ready: EventDetails['DatasetReady']): Promise<void> {
  const { contract, output } = placeOf(graph, task, 0)
  const input = partitioningOf(graph, ready.dataset)
  const at = parsePartition(input, ready.partition, ready.dataset)
  const arrival = { dataset: ready.dataset, ordinal: at, number: ready.number, at: ready.at, cause: ready.cause }
  const mappings = inputsOf(contract, ready.dataset).map(i => contract.inputs[i]!.mapping)
  if (mappings.some(m => m.map === 'latest')) await newLatest(world, graph, task, ready.dataset, at)
  const intervals = mappings.map(m => affectedBy(m, input, output, at)).filter(i => i.from <= i.to)
  if (intervals.length === 0) return
  // What was published before the task's life began starts nothing, but it is seen by runs that wait.
  const starts = ready.at >= contract.deployedAt && !ready.cause.quiet
  if (intervals.some(i => i.to === Number.POSITIVE_INFINITY))
    return concern(world, graph, task, await existingRuns(world, output, contract.output), arrival)
  // Two inputs may take the dataset with a gap between them, over which no run would lead to the next.
  const begun = new Set<number>()
  for (const { from, to } of intervals) for (const o of await untilBegun(world, task, output, from, to, starts)) begun.add(o)
  const ordinals = [...begun].sort((a, b) => a - b)
  await concern(world, graph, task, ordinals, starts ? arrival : { ...arrival, cause: { ...arrival.cause, quiet: true } })
}

/** The ordinals that have begun; the first that has not is looked at when it does. */
async function untilBegun(world: World, task: string, output: Partitioning, from: number, to: number, starts: boolean): Promise<number[]> {
  const all = ordinalRange(output, from, to)
  if (!isTimed(output)) return all
  const next = all.findIndex(o => startOf(output, o) > world.clock.now())
  if (next < 0) return all
  if (starts)
    await world.timers.set(startOf(output, all[next]!), { type: 'RunDue', detail: { task, partition: keyOf(output, all[next]!) } })
  return all.slice(0, next)
}

/** One message starts at most one attempt: the further runs that it makes ready are told to look for themselves. */
async function concern(world: World, graph: Graph, task: string, ordinals: readonly number[], arrival: Arrival): Promise<void> {
  const { output, contract } = placeOf(graph, task, 0)
  let started = false
  for (const o of ordinals.slice(0, RUNS_A_MESSAGE))
    started = (await considerRun(world, graph, task, o, { arrival, mayStart: !started })) || started
  const left = ordinals.slice(RUNS_A_MESSAGE)
  if (left.length === 0) return
  const input = partitioningOf(graph, arrival.dataset)
  const { dataset, number, at, cause } = arrival
  await world.bus.publish([
    {
      type: 'RunsConcerned',
      detail: {
        task: contract.task,
        from: keyOf(output, left[0]!),
        to: keyOf(output, left[left.length - 1]!),
        arrival: { dataset, partition: keyOf(input, arrival.ordinal), number, at, cause },
      },
    },
  ])
}

async function runsConcerned(
  world: World,
  graph: Graph,
  task: string,
  { from, to, arrival }: EventDetails['RunsConcerned'],
): Promise<void> {
  const { output, contract } = placeOf(graph, task, 0)
  const input = partitioningOf(graph, arrival.dataset)
  const { dataset, number, at, cause } = arrival
  const arrived = parsePartition(input, arrival.partition, dataset)
  // Among runs that exist some may lie before a first date that was moved.
  const [first, last] = [from, to].map(key => ordinalOf(output, key) ?? parsePartition(output, key, contract.output)) as [number, number]
  if (first > last)
    throw new RedeyeError('BAD_PARTITION', `the range ${from}..${to} of ${contract.output} ends before it begins`, {
      remedy: 'name the earlier key first',
    })
  const unbounded = contract.inputs.some(
    i => i.dataset === dataset && affectedBy(i.mapping, input, output, arrived).to === Number.POSITIVE_INFINITY,
  )
  const all = unbounded
    ? (await existingRuns(world, output, contract.output)).filter(o => first <= o && o <= last)
    : ordinalRange(output, first, last)
  await concern(world, graph, task, all, { dataset, ordinal: arrived, number, at, cause })
}

/**
 * `latest` is no reason to run, but a run that waits for its first one starts when it comes, and a requested one when the last of those
 * comes that are requested, too. It is nothing to a run that waits for more.
 */
async function newLatest(world: World, graph: Graph, task: string, dataset: string, at: number): Promise<void> {
  const { ledger, clock, bus } = world
  const keys = await ledger.runsInState(task, ['waiting'])
  const latest = keys.length > 0 ? await newest(world, dataset, partitioningOf(graph, dataset)) : undefined
  // A newer one has led here, or will, by itself.
  if (!latest || (isTimed(partitioningOf(graph, dataset)) && latest.ordinal > at)) return
  const { output } = placeOf(graph, task, 0)
  const concerned = (await ledger.getMany<RunDoc>(keys)).flatMap(stored => {
    if (!stored || (latest.awaited && stored.doc.requests)) return []
    const o = ordinalOf(output, stored.key.sk)!
    return lacksMore(stored.doc, placeOf(graph, task, o), clock.now()) ? [] : [o]
  })
  let started = false
  for (const o of concerned.slice(0, RUNS_A_MESSAGE))
    started = (await considerRun(world, graph, task, o, { mayStart: !started })) || started
  await bus.publish(concerned.slice(RUNS_A_MESSAGE).map(o => ({ type: 'RunDue', detail: { task, partition: keyOf(output, o) } })))
}

/** The runs of a night: the partitions of the task's output that begin on its date, those not there yet. */
async function nightStarted(world: World, graph: Graph, task: string, date: string): Promise<void> {
  const { output } = placeOf(graph, task, 0)
  let started = false
  for (const o of nightOrdinals(output, date))
    started = (await considerRun(world, graph, task, o, { night: date, mayStart: !started })) || started
}

async function cancelRun(world: World, graph: Graph, task: string, partition: string, eventId: string): Promise<void> {
  const place = placeOf(graph, task, ordinal(graph, task, partition))
  await swap<RunDoc>(world, runKey(place.contract.output, partition), doc => {
    const heard = hear(doc ?? blankRun(place), eventId)
    return heard ? (cancel(heard, world.clock.now()) ?? heard) : doc
  })
}

async function approveRun(world: World, graph: Graph, task: string, partition: string, eventId: string): Promise<void> {
  const place = placeOf(graph, task, ordinal(graph, task, partition))
  await swap<RunDoc>(world, runKey(place.contract.output, partition), doc => {
    const heard = hear(doc ?? blankRun(place), eventId)
    return heard ? (approve(heard) ?? heard) : doc
  })
  await considerRun(world, graph, task, place.ordinal, {})
}
