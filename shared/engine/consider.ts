import { type Arrival, arrive, causeOf } from '../core/arrive.ts'
import { isUnbegun } from '../core/attempt.ts'
import { consider, type Next, withoutEnded } from '../core/follow.ts'
import type { Graph } from '../core/graph.ts'
import { heedNight } from '../core/night.ts'
import { isTimed, keyOf, startOf, step } from '../core/partition.ts'
import { type Place, pinsHold, startsRuns } from '../core/place.ts'
import { type InputFacts, neededOrdinals } from '../core/readiness.ts'
import { isSelecting, type RequestDoc } from '../core/request.ts'
import { type Cause, isAtWork, isUnclaimed, type RunDoc } from '../core/run.ts'
import { sameJson } from '../core/same-json.ts'
import type { Key, Stored } from '../ports/ledger.ts'
import { spillAncestry } from './ancestry-file.ts'
import { isHalted, type PauseDoc, pauseKey, requestKey, runKey } from './keys.ts'
import { loadFacts, placeOf } from './load.ts'
import { nightsThatName } from './night.ts'
import { candidateOf, freePlace, limitsOf, takePlaces } from './permits.ts'
import { awaitsRequested } from './requested.ts'
import { takeTurn } from './run-turns.ts'
import { known, swap } from './swap.ts'
import type { World } from './world.ts'

/** Why a run is looked at. */
export interface Reason {
  arrival?: Arrival
  cause?: Cause
  /** When that was found: whoever has looked at the run later has seen it. */
  causeAt?: number
  /** The night that names it. */
  night?: string
  /** A limit that handed it a place: if it does not start, the place goes on. */
  place?: string
  /** False once the message has started another run: this one is told to look for itself. */
  mayStart?: boolean
}

/**
 * Looks at one run and does what follows. Says whether an attempt was started. Every step is by compare-and-swap on the
 * run's document, so that looking twice, or two looking at once, comes to the same.
 */
export async function considerRun(world: World, graph: Graph, task: string, ordinal: number, reason: Reason): Promise<boolean> {
  const place = placeOf(graph, task, ordinal)
  const key = runKey(place.contract.output, keyOf(place.output, ordinal))
  const held = new Set<string>(reason.place ? [reason.place] : [])
  const token = String(world.chance.next())
  let why = reason
  for (;;) {
    const endTurn = await takeTurn(world, `${key.pk}/${key.sk}`)
    const outcome = await lookInTurn(world, graph, place, key, why, { held, token, endTurn }).finally(endTurn)
    if (outcome === 'made') why = { mayStart: reason.mayStart }
    if (outcome === 'again' || outcome === 'made') continue
    if (outcome === 'kept' && reason.place) await leaveList(world, key, reason.place)
    // Not where something threw: whether the claim was written is then not known, and the sweep will see.
    for (const limit of held) await freePlace(world, limit, { dataset: place.contract.output, partition: key.sk, token })
    return outcome === 'started'
  }
}

/**
 * A queued run that was handed a place and does not start (paused, or not due) is refused by that limit no more: filled from those
 * who are, its list would hand the place to this one again and again. Whatever lets it start tells it.
 */
async function leaveList(world: World, key: Key, limit: string): Promise<void> {
  await swap<RunDoc>(world, key, doc => {
    if (doc?.refusedBy !== limit) return doc
    const { refusedBy: _, ...rest } = doc
    return rest
  })
}

type Looked = 'started' | 'kept' | 'again' | 'made'

async function lookInTurn(world: World, graph: Graph, place: Place, key: Key, reason: Reason, places: Places): Promise<Looked> {
  return look(world, graph, place, key, known(await world.ledger.get<RunDoc>(key)), reason, places)
}

/** Writes the run. Who is next may read it from now on. */
function write(world: World, key: Key, doc: RunDoc, rev: number, { endTurn }: Places): Promise<boolean> {
  const written = world.ledger.put(key, doc, rev)
  endTurn()
  return written
}

/** The limits under which this invocation has a place to give back, and its mark there. */
interface Places {
  held: Set<string>
  token: string
  endTurn(): void
}

async function look(
  world: World,
  graph: Graph,
  place: Place,
  key: Key,
  stored: Stored<RunDoc> | undefined,
  reason: Reason,
  places: Places,
): Promise<Looked> {
  const doc = stored?.doc
  if (stored && isUnbegun(stored.doc, world.clock.now())) await startWork(world, stored)
  if (reason.night !== undefined && doc?.state !== undefined) {
    const heeded = heedNight(doc, reason.night)
    if (!heeded) return 'kept'
    if (!(await write(world, key, heeded, stored!.rev, places))) return 'again'
    return isUnclaimed(heeded) ? 'made' : 'kept'
  }
  if (reason.arrival) {
    const arrived = arrive(doc, place, reason.arrival, world.clock.now())
    if (arrived === doc || arrived === undefined) return 'kept'
    if (arrived !== 'look') return (await write(world, key, arrived, stored?.rev ?? 0, places)) ? 'kept' : 'again'
  }
  if (doc?.state === 'running') return 'kept'
  const now = world.clock.now()
  const retries = doc !== undefined && isAtWork(doc) && pinsHold(doc, place.contract)
  const { selects, names } = retries ? noRequests : await openRequests(world, doc)
  // While a request is still selecting, none of those it selects starts: they count as selected.
  if (selects.some(r => isSelecting(r, place.output, place.ordinal))) return 'kept'
  const lookedAt = world.clock.stamp()
  const requests = [...selects, ...names]
  const facts = retries ? [] : await loadFacts(world, place, requests.length > 0)
  const night = reason.night ?? (doc?.state === undefined ? (await nightsThatName(world, [place]))(place) : undefined)
  const cause: Cause | undefined =
    night === undefined ? (newCause(doc, reason) ?? (reason.arrival && causeOf(doc, reason.arrival))) : { lane: 'nightly', night }
  const selecting = names.filter(r => r.phase === 'marking').map(r => r.id)
  const view = { facts, now, lookedAt, selecting, ...(cause && { cause }), ...(night !== undefined && { calledFor: true }) }
  const marked = doc && !retries ? withoutEnded(doc, place, facts, new Set(names.map(r => r.id))) : doc
  const judged = (more: { awaits: boolean; paused: boolean }) => consider(marked, place, { ...view, ...more })
  // Asked by those alone who would claim: most looks find that something is missing.
  const claims = judged({ awaits: false, paused: false }).next === 'claim'
  const awaits =
    claims && requests.length > 0 && (facts.some(f => f.awaited) || (await awaitsRequested(world, graph, place, facts, requests)))
  const paused = claims && !awaits && (await isPaused(world, place.contract.task))
  await nextPartition(world, place, facts)
  return act(world, graph, place, key, stored, judged({ awaits, paused }), reason, places)
}

/** The cause that the reason brings, unless it is told again: a run that was looked at since has it. */
const newCause = (doc: RunDoc | undefined, { cause, causeAt }: Reason): Cause | undefined =>
  causeAt !== undefined && doc?.lookedAt !== undefined && causeAt <= doc.lookedAt ? undefined : cause

async function act(
  world: World,
  graph: Graph,
  place: Place,
  key: Key,
  stored: Stored<RunDoc> | undefined,
  next: Next,
  reason: Reason,
  places: Places,
): Promise<Looked> {
  const rev = stored?.rev ?? 0
  if (stored?.doc.state === undefined && (next.next === 'write' || next.next === 'claim') && isFoundByWhatIsThere(place))
    return (await write(world, key, made(next.next === 'claim' ? next.queued : next.doc), rev, places)) ? 'made' : 'again'
  switch (next.next) {
    case 'keep':
      return 'kept'
    case 'later':
      await world.timers.set(next.at, { type: 'RunDue', detail: { task: place.contract.task, partition: key.sk } })
      return 'kept'
    case 'write':
      return (await write(world, key, next.doc, rev, places)) ? 'kept' : 'again'
    case 'claim': {
      if (reason.mayStart === false) {
        await world.bus.publish([
          {
            type: 'RunDue',
            detail: {
              task: place.contract.task,
              partition: key.sk,
              ...(next.doc.cause && { cause: next.doc.cause }),
              ...(next.queued.lookedAt !== undefined && { at: next.queued.lookedAt }),
            },
          },
        ])
        return 'kept'
      }
      return claim(world, graph, place, key, stored, { doc: next.doc, queued: next.queued }, places)
    }
    default:
      return next satisfies never
  }
}

/**
 * Whether a version looks for the runs that it concerns among those that are there: one that was published between the reading and the
 * writing of such a run has not found it, so the run is made first, and its inputs are read then.
 */
const isFoundByWhatIsThere = ({ contract, output }: Place) => isTimed(output) && contract.inputs.some(i => i.mapping.map === 'all')

/** A run that is there and has seen nothing yet. */
const made = ({ lookedAt, pending, stale, due, ...doc }: RunDoc): RunDoc => ({ ...doc, state: 'waiting' })

/** The claim: places first, then the swap that pins the inputs and begins the attempt, then the work. */
async function claim(
  world: World,
  graph: Graph,
  place: Place,
  key: Key,
  stored: Stored<RunDoc> | undefined,
  next: { doc: RunDoc; queued: RunDoc },
  places: Places,
): Promise<Looked> {
  const rev = stored?.rev ?? 0
  const { generation, attempt } = next.doc
  const limits = await limitsOf(world, next.doc, place.contract.limit)
  const refusal = await takePlaces(world, candidateOf(graph, next.doc), { generation, attempt, token: places.token }, limits, places.held)
  if (refusal) {
    // Two looks at one run that each wrote who refused them would never agree.
    const refusedBy = refusal.taken ? stored?.doc.refusedBy : refusal.by
    const queued = { ...next.queued, ...(refusedBy && { refusedBy }) }
    if (stored?.doc.state === 'queued' && sameButTime(stored.doc, queued)) return 'kept'
    return (await write(world, key, queued, rev, places)) ? 'kept' : 'again'
  }
  const doc = await spillAncestry(world, {
    ...next.doc,
    ...(limits.length > 0 && { permits: limits.map(l => l.name) }),
    // Where a start is never lost and never doubled, the claim is the beginning.
    ...(world.workers.once && { begunAt: world.clock.now() }),
  })
  if (!(await write(world, key, doc, rev, places))) return 'again'
  for (const { name } of limits) places.held.delete(name)
  await startWork(world, { rev: rev + 1, doc })
  return 'started'
}

/** Invokes the work of a claimed attempt. Until a worker has begun it, whoever looks at the run later does so again. */
export function startWork(world: World, { rev, doc }: Pick<Stored<RunDoc>, 'rev' | 'doc'>): Promise<void> {
  const { task, dataset, partition, generation, attempt } = doc
  return world.workers.start({ task: task!, dataset, partition, generation, attempt, run: { rev, doc } })
}

const sameButTime = (a: RunDoc, b: RunDoc): boolean => sameJson({ ...a, lookedAt: 0 }, { ...b, lookedAt: 0 })

async function isPaused(world: World, task: string): Promise<boolean> {
  const pauses = await world.ledger.getMany<PauseDoc>([pauseKey('all'), pauseKey(task)])
  return pauses.some(p => p && isHalted(p.doc, world.region))
}

const noRequests = { selects: [], names: [] } as { selects: RequestDoc[]; names: RequestDoc[] }

/** The requests that select a run, and those that name it and are open. Of most runs there are none, and nothing is read. */
async function openRequests(world: World, doc: RunDoc | undefined): Promise<typeof noRequests> {
  const ids = [...new Set([...(doc?.requests ?? []), ...(doc?.named ?? [])])]
  if (ids.length === 0) return noRequests
  const docs = await world.ledger.getMany<RequestDoc>(ids.map(requestKey))
  const those = (of: readonly string[] | undefined) => docs.flatMap((r, i) => (r && of?.includes(ids[i]!) ? [r.doc] : []))
  return { selects: those(doc?.requests), names: those(doc?.named).filter(r => r.phase !== 'ended') }
}

/** The next partition, if it has yet to begin and something it needs is there already, is looked at when it begins. */
async function nextPartition(world: World, place: Place, facts: readonly InputFacts[]): Promise<void> {
  if (!isTimed(place.output)) return
  const next = step(place.output, place.ordinal, 1)
  const begins = startOf(place.output, next)
  if (begins <= world.clock.now()) return
  const concerned = facts.some(({ input, partitioning, needed }) => {
    const present = needed.filter(p => p.version && startsRuns(p.version, place.contract))
    if (present.length === 0 || input.mapping.map === 'all') return false
    const nexts = neededOrdinals(input, partitioning, place.output, next)
    return present.some(p => nexts.includes(p.ordinal))
  })
  if (concerned)
    await world.timers.set(begins, { type: 'RunDue', detail: { task: place.contract.task, partition: keyOf(place.output, next) } })
}
