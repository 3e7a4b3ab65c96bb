import { RedeyeError } from './errors.ts'
import type { EventDetails } from './events.ts'
import type { Graph } from './graph.ts'
import {
  endOf,
  firstOrdinal,
  isTimed,
  lastOrdinal,
  ordinalAt,
  ordinalOf,
  ordinalRange,
  type Partitioning,
  startOf,
  step,
} from './partition.ts'
import type { Lane } from './run.ts'
import type { EpochMs } from './zone.ts'

/** A request as the ledger keeps it. */
export interface RequestDoc {
  v: number
  id: string
  tasks: string[]
  from: string
  to: string
  run: 'missing' | 'failed' | 'all'
  downstream: boolean
  lane: Lane
  maxActive?: number
  at: EpochMs
  /** `marking`: its runs that began after `since` are being selected, none of them starts; `open`: selected; `ended`: all it selected are over. */
  phase: 'marking' | 'open' | 'ended'
  /** The partitions that had begun by then are selected, or are being: a range may reach into the future. */
  upTo: EpochMs
  /** Those that had begun by then were selected before. */
  since?: EpochMs
  /** How many of the runs that began between the two have been looked at, in the order of `runsOf`. */
  marked: number
  /** How many runs it selected. */
  selected: number
}

/** The document of a request event; `at` is when it came. */
export function requestOf(detail: EventDetails['RunRequested'], eventId: string, at: EpochMs): RequestDoc {
  return {
    v: 1,
    id: detail.id ?? eventId,
    tasks: detail.tasks,
    from: detail.from,
    to: detail.to,
    run: detail.run ?? 'missing',
    downstream: detail.downstream ?? true,
    lane: detail.lane ?? 'backfill',
    ...(detail.maxActive !== undefined && { maxActive: detail.maxActive }),
    at,
    phase: 'marking',
    upTo: at,
    marked: 0,
    selected: 0,
  }
}

/** Whether two requests wish the same. */
export function sameRequest(a: RequestDoc, b: RequestDoc): boolean {
  const content = ({ tasks, from, to, run, downstream, lane, maxActive }: RequestDoc) =>
    JSON.stringify([tasks, from, to, run, downstream, lane, maxActive])
  return content(a) === content(b)
}

/** Whether a request may be selecting this partition's run now; those that had begun when it selected before are selected. */
export function isSelecting(request: RequestDoc, p: Partitioning, ordinal: number): boolean {
  return request.phase === 'marking' && isNew(request, p, ordinal)
}

const isNew = ({ since }: Pick<RequestDoc, 'since'>, p: Partitioning, ordinal: number): boolean =>
  since === undefined || (isTimed(p) && startOf(p, ordinal) > since)

/** The runs a request names: readers before what they read, each task's partitions oldest first, cut to what exists and has begun by `upTo` but not by `since`. */
export function runsOf(
  request: Pick<RequestDoc, 'tasks' | 'from' | 'to' | 'upTo' | 'since'>,
  graph: Graph,
): { task: string; ordinal: number }[] {
  const tasks = [...new Set(request.tasks)].map(name => {
    const contract = graph.task(name)
    if (!contract)
      throw new RedeyeError('UNKNOWN_NAME', `the request names a task "${name}", which is not deployed`, {
        remedy: 'see `redeye graph` for the tasks there are',
      })
    return contract
  })
  tasks.sort((a, b) => graph.depth(b.task) - graph.depth(a.task) || (a.task < b.task ? -1 : 1))
  return tasks.flatMap(contract => {
    const partitioning = graph.dataset(contract.output)!.partitioning
    return ordinalsBetween(partitioning, request.from, request.to, request.upTo)
      .filter(ordinal => isNew(request, partitioning, ordinal))
      .map(ordinal => ({ task: contract.task, ordinal }))
  })
}

/** When the next partition begins that a request names and that has not begun by `upTo`; undefined when there is none. */
export function nextBegins(request: RequestDoc, graph: Graph): EpochMs | undefined {
  const begins = request.tasks.flatMap(task => {
    const contract = graph.task(task)
    const p = contract && graph.dataset(contract.output)!.partitioning
    if (!p || !isTimed(p) || !grainOfKey(request.to)) return []
    const next = startOf(p, step(p, ordinalAt(p, request.upTo), 1))
    return next < timeOfKey(request.to, p.timezone).end ? [next] : []
  })
  return begins.length > 0 ? Math.min(...begins) : undefined
}

/** The partitions between two keys of any grain that exist and have begun by `upTo`; throws BAD_PARTITION for keys that fit nothing. */
export function ordinalsBetween(p: Partitioning, from: string, to: string, upTo: EpochMs): number[] {
  if (p.grain === 'unpartitioned') return [0]
  if (!isTimed(p)) {
    const [a, b] = [ordinalOf(p, from), ordinalOf(p, to)]
    // A range of time says nothing of keys: a keyed task named in it runs all of them.
    if (a === undefined && b === undefined && grainOfKey(from) && grainOfKey(to)) return ordinalRange(p, 0, lastOrdinal(p))
    if (a === undefined || b === undefined)
      throw new RedeyeError('BAD_PARTITION', `"${a === undefined ? from : to}" is none of the keys ${p.keys.join(', ')}`, {
        remedy: 'name two of the keys, in their declared order',
      })
    return ordinalRange(p, a, b)
  }
  const start = timeOfKey(from, p.timezone).start
  const end = timeOfKey(to, p.timezone).end
  if (end <= start)
    throw new RedeyeError('BAD_PARTITION', `the range ${from}..${to} ends before it begins`, { remedy: 'name the earlier key first' })
  const first = Math.max(ordinalAt(p, start), firstOrdinal(p))
  const last = Math.min(ordinalAt(p, end - 1), ordinalAt(p, upTo))
  return ordinalRange(p, first, last)
}

/** The grain a key's form speaks of; undefined for other keys. */
export function grainOfKey(key: string): 'hourly' | 'daily' | 'weekly' | 'monthly' | undefined {
  return (['hourly', 'daily', 'weekly', 'monthly'] as const).find(grain => ordinalOf({ grain, timezone: 'UTC' }, key) !== undefined)
}

/** When a key of any grain begins and ends in a zone. */
export function timeOfKey(key: string, timezone: string): { start: EpochMs; end: EpochMs } {
  const grain = grainOfKey(key)
  if (!grain)
    throw new RedeyeError('BAD_PARTITION', `"${key}" names no time`, {
      remedy: 'write an hour, day, week or month like 2001-02-14T05Z, 2001-02-14, 2001-W07 or 2001-02',
    })
  const p = { grain, timezone }
  const ordinal = ordinalOf({ grain, timezone: 'UTC' }, key)!
  return { start: startOf(p, ordinal), end: endOf(p, ordinal) }
}
