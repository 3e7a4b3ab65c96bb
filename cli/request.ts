import { randomUUID } from 'node:crypto'
import { RedeyeError } from '../shared/core/errors.ts'
import type { EventDetails } from '../shared/core/events.ts'
import type { Graph } from '../shared/core/graph.ts'
import { firstOrdinal, isTimed, keyOf, startOf } from '../shared/core/partition.ts'
import { nextBegins, type RequestDoc, requestOf, runsOf, sameRequest, timeOfKey } from '../shared/core/request.ts'
import type { Lane, RunDoc } from '../shared/core/run.ts'
import { requestKey } from '../shared/engine/keys.ts'
import { exits } from './exits.ts'
import { findTask } from './find-names.ts'
import { soundProject } from './host.ts'
import { interruptible } from './interrupt.ts'
import { isOver } from './night.ts'
import { refuse } from './operate.ts'
import { bytes, count, paint, say, table, toJson } from './output.ts'
import { Progress } from './progress.ts'
import { namedRuns, type Plan, planOf, type Standing, standingOf } from './request-plan.ts'
import { closeOpened, findLedger, memoryLedger, openSession, type Session } from './session.ts'
import { stateOf } from './state-of.ts'
import { sayWaiting } from './status.ts'

export interface RequestOptions {
  from: string
  to?: string
  run?: 'missing' | 'failed' | 'all'
  downstream?: boolean
  lane?: Lane
  maxActive?: number
  id?: string
  plan?: boolean
  state?: string
  json?: boolean
}

type Wish = EventDetails['RunRequested'] & { id: string }

/** Requests runs over a range, or with `plan` says what that would be and writes nothing. */
export async function request(root: string, tasks: readonly string[], options: RequestOptions): Promise<number> {
  const { graph } = await soundProject(root)
  for (const task of tasks) findTask(graph, task)
  const wish = wishOf(tasks, options)
  // Throws for a range that fits nothing, before anything is written.
  const named = runsOf({ ...wish, upTo: Date.now() }, graph).length
  if (named === 0) refuseBefore(wish, graph)
  const { plan, runs } = await planned(graph, wish, stateOf(root, options.state))
  const nothing = () => nothingToDo(graph, wish, named, runs, options)
  if (options.plan) return plan.tasks.length > 0 || options.json ? showPlan(plan, wish, runs, options) : nothing()
  // Runs that an ended runtime left go on; and a range may reach into the future, whose partitions the request then takes as they begin.
  const isIdle = plan.selected + plan.open === 0 && nextBegins(requestOf(wish, '', Date.now()), graph) === undefined
  return isIdle ? nothing() : carryOut(root, graph, wish, options)
}

function wishOf(tasks: readonly string[], { from, to = from, run, downstream, lane, maxActive, id }: RequestOptions): Wish {
  return {
    id: id ?? `request-${randomUUID().slice(0, 8)}`,
    tasks: [...tasks],
    from,
    to,
    ...(run && { run }),
    ...(downstream === false && { downstream }),
    ...(lane && { lane }),
    ...(maxActive !== undefined && { maxActive }),
  }
}

/** A range that ends before anything exists names nothing, today or ever. */
function refuseBefore({ tasks, from, to }: Wish, graph: Graph): void {
  const begins = tasks.flatMap(task => {
    const p = graph.dataset(graph.task(task)!.output)!.partitioning
    const first = firstOrdinal(p)
    const isBefore = isTimed(p) && Number.isFinite(first) && timeOfKey(to, p.timezone).end <= startOf(p, first)
    return isBefore ? [`${task} begins with ${keyOf(p, first)}`] : []
  })
  if (begins.length === tasks.length)
    throw new RedeyeError('BAD_PARTITION', `${from === to ? from : `${from}..${to}`} lies before the first partition`, {
      remedy: begins.join(', '),
    })
}

/** What the request would come to, and the named runs as they are. */
async function planned(graph: Graph, wish: Wish, folder: string): Promise<{ plan: Plan; runs: RunDoc[] }> {
  const ledger = findLedger(folder) ?? memoryLedger()
  try {
    const before = (await ledger.get<RequestDoc>(requestKey(wish.id)))?.doc
    if (before && !sameRequest(before, requestOf(wish, '', 0)))
      throw new RedeyeError('REQUEST_CHANGED', `a request "${wish.id}" was made before, with other content`, {
        remedy: 'give the new request an id of its own',
      })
    const now = Date.now()
    return { plan: planOf(ledger, graph, wish, now), runs: namedRuns(ledger, graph, wish, now) }
  } finally {
    ledger.close()
  }
}

function nothingToDo(graph: Graph, wish: Wish, named: number, runs: readonly RunDoc[], { json }: RequestOptions): number {
  if (json) say(toJson({ request: wish.id, selected: 0, succeeded: 0, failed: 0, seconds: 0, standing: standingOf(runs) }))
  else if (named === 0) say(`No partition between ${wish.from} and ${wish.to} has begun.`)
  else if (wish.run === 'failed') say('Nothing to do: none of these runs has failed.')
  else if (standingOf(runs).there === runs.length) say('Nothing to do: all of these partitions are there.')
  else sayStanding(graph, runs)
  return exits.ok
}

/** Why nothing is selected: not all that is not selected is there. */
function sayStanding(graph: Graph, runs: readonly RunDoc[]): void {
  const standing = Object.entries(standingOf(runs)).map(([how, n]) => `${n} ${how}`)
  say(`Nothing to select of ${count(runs.length, 'partition')}: ${standing.join(', ')}.`)
  sayWaiting(
    graph,
    runs.filter(r => r.state === 'waiting'),
  )
}

async function carryOut(root: string, graph: Graph, wish: Wish, options: RequestOptions): Promise<number> {
  const began = Date.now()
  const progress = new Progress(`Request ${wish.id}`, options)
  let opening: Promise<Session> | undefined
  const close = async (dying: boolean) => {
    progress.end()
    await closeOpened(opening, dying)
  }
  let requested: Session | undefined
  const work = async () => {
    opening = openSession(root, { ...options, watched: 'nothing', onRun: (before, after) => progress.note(before, after) })
    const session = await opening
    await session.publish([{ type: 'RunRequested', detail: wish }])
    requested = session
    await session.settled(() => true)
    progress.done(session.refusals().length > 0 ? 'refused' : session.hosting ? 'done' : 'handed on')
    refuse(session.refusals())
    const selected = (await session.ledger.get<RequestDoc>(requestKey(wish.id)))?.doc.selected ?? 0
    const runs = namedRuns(session.ledger, graph, wish, Date.now())
    const open = runs.filter(run => !isOver(run))
    const left = open.filter(run => run.requests?.includes(wish.id)).length
    if (options.json) say(toJson(told(wish, selected, session.hosting ? progress : undefined, Date.now() - began, standingOf(runs))))
    else if (selected === 0 && open.length > 0) sayStanding(graph, runs)
    else if (!session.hosting) say(`${count(selected, 'run')} selected; the runtime that runs does them: redeye status shows how they end.`)
    else if (left > 0) say(`${count(left, 'run')} of it still to come: redeye status says what they wait for.`)
    return progress.failed > 0 ? exits.no : exits.ok
  }
  return interruptible(close, work, () => {
    if (requested) process.stderr.write(`${whatBecomesOf(wish, requested)}\n`)
  })
}

function whatBecomesOf({ id }: Wish, { hosting }: Session): string {
  return hosting
    ? `The runs of ${id} are kept: the next runtime (redeye dev, or any command that works) goes on with them.`
    : `The runtime that runs goes on with ${id}: redeye status shows how far it is.`
}

function told(wish: Wish, selected: number, progress: Progress | undefined, ms: number, standing: Standing) {
  const ended = progress && { succeeded: progress.succeeded, failed: progress.failed, seconds: ms / 1000 }
  return { request: wish.id, selected, ...ended, standing }
}

function showPlan(plan: Plan, wish: Wish, runs: readonly RunDoc[], { json }: RequestOptions): number {
  if (json) {
    say(toJson({ request: wish, ...plan, standing: standingOf(runs) }, 2))
    return exits.ok
  }
  const columns = [{ title: 'task' }, { title: '' }, right('runs'), { title: 'partitions' }, right('waiting'), right('held')]
  const rows = plan.tasks.map(t => [
    t.task,
    paint('dim', t.named ? 'requested' : 'follows'),
    t.runs.length.toLocaleString('en-US'),
    rangeText(t.runs),
    t.waiting.length > 0 ? paint('dim', `${t.waiting.length}`) : '',
    t.held.length > 0 ? paint('yellow', `${t.held.length}`) : '',
  ])
  for (const line of table(columns, rows)) say(line)
  say()
  const about = plan.bytes === undefined ? '' : `, about ${count(plan.rows!, 'row')} and ${bytes(plan.bytes)} by what such runs made before`
  say(`${count(plan.runs, 'run')}${about}. ${paint('dim', 'Nothing was written.')}`)
  return exits.ok
}

const right = (title: string) => ({ title, align: 'right' as const })
const rangeText = (keys: readonly string[]) => (keys.length < 2 ? (keys[0] ?? '') : `${keys[0]}..${keys.at(-1)}`)
