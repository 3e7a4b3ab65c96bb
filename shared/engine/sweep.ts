import { type Arrival, arrive } from '../core/arrive.ts'
import { end, isUnbegun, silent } from '../core/attempt.ts'
import type { Graph } from '../core/graph.ts'
import { affectedBy } from '../core/mapping.ts'
import { nightOrdinals } from '../core/night.ts'
import { firstOrdinal, isTimed, keyOf, ordinalAt, ordinalOf, ordinalRange } from '../core/partition.ts'
import { type Place, startsRuns } from '../core/place.ts'
import { neededOrdinals } from '../core/readiness.ts'
import { publishedLoudly, type RunDoc } from '../core/run.ts'
import { DAY_MS, dateOfDay, dayOf } from '../core/zone.ts'
import type { Key } from '../ports/ledger.ts'
import { considerRun, startWork } from './consider.ts'
import { settle } from './effects.ts'
import { everyOne } from './every-one.ts'
import { sweepGraph } from './graph.ts'
import { heedJob } from './job.ts'
import { type NightDoc, runKey } from './keys.ts'
import { existingRuns, placeOf } from './load.ts'
import { auditLimits } from './permits.ts'
import { sweepRequests } from './requests.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** How often every service and the platform repair what best-effort delivery lost. */
export const SWEEP_MS = 15 * 60_000
// Two weeks cover the longest holiday in which nobody looks; what is older is asked for by a request.
const LOOK_BACK_MS = 14 * DAY_MS
// What a partition is made of may be older than that when it begins; then its beginning is what counts, and sweeps over a long weekend see it.
const BEGAN_MS = 3 * DAY_MS

// A look at an open run asks the ledger some six times, at a few milliseconds each: one after the other, a backfill of ten years would
// outlast the function's minute. A handful is looked at one by one.
const RUNS_A_LANE = 50
const MOST_LANES = 20
// What that many lanes look at in half of the minute; the next sweeps go on from there.
const MOST_OPEN = 3000

/**
 * A service's sweep: relies on no event and no feed, and costs by what is open and recent, not by history. What fails keeps nothing else
 * from being repaired.
 */
export async function sweepTask(world: World, task: string): Promise<void> {
  const graph = await world.graph()
  const { contract, output } = placeOf(graph, task, 0)
  const { ledger } = world
  const each = (keys: readonly Key[], act: (key: Key) => Promise<unknown>) =>
    everyOne(keys, Math.min(MOST_LANES, Math.ceil(keys.length / RUNS_A_LANE)), act)
  const seen = new Set<string>()
  const repairs = [
    async () => each(await ledger.withEffects(runKey(contract.output, '').pk), key => settle(world, key)),
    async () => each(await ledger.runsInState(task, ['running']), key => endSilent(world, graph, task, key)),
    async () => {
      const open = await ledger.runsInState(task, ['waiting', 'queued', 'held'])
      for (const { sk } of open) seen.add(sk)
      await each(itsTurn(open, world.clock.now()), ({ sk }) => considerRun(world, graph, task, ordinalOf(output, sk)!, {}))
    },
    () => catchUp(world, graph, task, seen),
    () => catchUpBegun(world, graph, task),
    () => catchUpNights(world, graph, task),
  ]
  await everyOne(repairs, 1, repair => repair())
}

/** Those of the open runs that this sweep looks at: all, or in turn as many as it can. */
function itsTurn(open: readonly Key[], now: number): readonly Key[] {
  const first = open.length <= MOST_OPEN ? 0 : (Math.floor(now / SWEEP_MS) * MOST_OPEN) % open.length
  return [...open.slice(first), ...open.slice(0, first)].slice(0, MOST_OPEN)
}

/** An attempt nobody speaks of has ended: lost, or out of time. */
async function endSilent(world: World, graph: Graph, task: string, key: Key): Promise<void> {
  const { output } = placeOf(graph, task, 0)
  const place = placeOf(graph, task, ordinalOf(output, key.sk)!)
  const running = await world.ledger.get<RunDoc>(key)
  if (running && isUnbegun(running.doc, world.clock.now()) && !silent(running.doc, world.clock.now())) await startWork(world, running)
  const job = running?.doc.job
  if (job !== undefined) await heedJob(world, job)
  const { written } = await swap<RunDoc>(
    world,
    key,
    d => {
      const error = d && silent(d, world.clock.now())
      return error ? end(d, place, d, { ok: false, ...error }, world.clock.now(), world.chance.next()) : d
    },
    job === undefined ? running : undefined,
  )
  if (!written) return
  if (job !== undefined) await world.spark?.cancel(job)
  await considerRun(world, graph, task, place.ordinal, {})
}

/** Looks at the runs that recent versions of the inputs concern, there or not yet there, and that have not taken note of them. */
async function catchUp(world: World, graph: Graph, task: string, seen: Set<string>): Promise<void> {
  const { contract, output } = placeOf(graph, task, 0)
  const arrivals = await recentArrivals(world, graph, task)
  const ordinals = [...arrivals.keys()].filter(o => !seen.has(keyOf(output, o))).sort((a, b) => a - b)
  // All at once: a look at each of them costs several requests, and nearly all have taken note long ago.
  const docs = await world.ledger.getMany<RunDoc>(ordinals.map(o => runKey(contract.output, keyOf(output, o))))
  const now = world.clock.now()
  for (const [i, o] of ordinals.entries()) {
    const doc = docs[i]?.doc
    const place = placeOf(graph, task, o)
    if (arrivals.get(o)!.some(a => arrive(doc, place, a, now) !== doc)) await considerRun(world, graph, task, o, {})
  }
}

/** The versions of a task's inputs that were published of late, by the runs they concern. */
async function recentArrivals(world: World, graph: Graph, task: string): Promise<Map<number, Arrival[]>> {
  const { contract, output, inputs } = placeOf(graph, task, 0)
  const now = world.clock.now()
  const arrivals = new Map<number, Arrival[]>()
  for (const [i, input] of contract.inputs.entries()) {
    if (input.mapping.map === 'latest') continue
    const keys = await world.ledger.publishedSince(input.dataset, now - LOOK_BACK_MS)
    for (const stored of await world.ledger.getMany<RunDoc>(keys)) {
      const { version } = stored?.doc ?? {}
      const ordinal = stored && ordinalOf(inputs[i]!, stored.key.sk)
      if (ordinal === undefined || !version) continue
      const { from, to } = affectedBy(input.mapping, inputs[i]!, output, ordinal)
      const last = isTimed(output) ? Math.min(to, ordinalAt(output, now)) : to
      const { quiet: _, ...cause } = version.cause
      const of = { dataset: input.dataset, ordinal }
      const found: Arrival[] = version.loud > 0 ? [{ ...of, number: version.loud, at: publishedLoudly(version), cause }] : []
      // Whom a request without downstream names hears of what is made for it.
      const { number, at, requests } = version
      if (requests) found.push({ ...of, number, at, cause: version.cause, requests })
      if (found.length === 0) continue
      for (const o of to === Number.POSITIVE_INFINITY
        ? await existingRuns(world, output, contract.output)
        : ordinalRange(output, from, last)) {
        const known = arrivals.get(o)
        if (known) known.push(...found)
        else arrivals.set(o, [...found])
      }
    }
  }
  return arrivals
}

/** Looks at the partitions that began of late and are not there, whenever what they need was published. */
async function catchUpBegun(world: World, graph: Graph, task: string): Promise<void> {
  const { contract, output } = placeOf(graph, task, 0)
  // Of what a night names the nights tell.
  if (!isTimed(output) || contract.onNight) return
  const now = world.clock.now()
  const begun = ordinalRange(output, Math.max(firstOrdinal(output), ordinalAt(output, now - BEGAN_MS)), ordinalAt(output, now))
  const docs = await world.ledger.getMany<RunDoc>(begun.map(o => runKey(contract.output, keyOf(output, o))))
  for (const [i, o] of begun.entries())
    if (docs[i]?.doc.state === undefined && (await isCalledFor(world, placeOf(graph, task, o))))
      await considerRun(world, graph, task, o, {})
}

/** Whether something is there that a run comes to be for; what concerns every run (`all`) makes none. */
async function isCalledFor({ ledger }: World, { contract, output, inputs, ordinal }: Place): Promise<boolean> {
  const keys = contract.inputs.flatMap((input, i) =>
    input.mapping.map === 'latest' || input.mapping.map === 'all'
      ? []
      : neededOrdinals(input, inputs[i]!, output, ordinal).map(o => runKey(input.dataset, keyOf(inputs[i]!, o))),
  )
  const docs = await ledger.getMany<RunDoc>(keys)
  return docs.some(stored => stored?.doc.version && startsRuns(stored.doc.version, contract))
}

/** Looks at the runs that recent nights name and that are not there: a night starts one by itself and tells the others to look. */
async function catchUpNights(world: World, graph: Graph, task: string): Promise<void> {
  const { contract, output } = placeOf(graph, task, 0)
  if (!contract.onNight) return
  const nights = await world.ledger.query<NightDoc>('night', { from: dateOfDay(dayOf('UTC', world.clock.now() - LOOK_BACK_MS)) })
  const named = nights
    .filter(n => n.doc.at >= contract.deployedAt)
    .flatMap(n => nightOrdinals(output, n.doc.date).map(o => [o, n.doc.date] as const))
  const docs = await world.ledger.getMany<RunDoc>(named.map(([o]) => runKey(contract.output, keyOf(output, o))))
  for (const [i, [o, night]] of named.entries()) if (docs[i]?.doc.state === undefined) await considerRun(world, graph, task, o, { night })
}

/** The platform's sweep: requests whose expansion died, places that nobody holds by right, contracts that were not packed. */
export async function sweepPlatform(world: World): Promise<void> {
  await sweepRequests(world)
  await auditLimits(world)
  await sweepGraph(world)
}

/** What a runtime that restarts knows at once: whatever was running before is lost, and that does not count to the losses. */
export async function recover(world: World): Promise<void> {
  const graph = await world.graph()
  for (const { task } of graph.tasks) {
    const { output } = placeOf(graph, task, 0)
    for (const key of await world.ledger.runsInState(task, ['running'])) {
      const place = placeOf(graph, task, ordinalOf(output, key.sk)!)
      await swap<RunDoc>(world, key, d => {
        const error = {
          ok: false,
          uncounted: true,
          failure: 'lost',
          code: 'WORKER_LOST',
          message: 'the runtime ended while the attempt was at work',
        } as const
        return d && (end(d, place, d, error, world.clock.now(), world.chance.next()) ?? d)
      })
    }
  }
}
