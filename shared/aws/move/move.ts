import { createHash } from 'node:crypto'
import { RedeyeError } from '../../core/errors.ts'
import type { NewEvent } from '../../core/events.ts'
import type { Graph } from '../../core/graph.ts'
import { type Incomplete, type MoveStep, type Rerun, rerunsOf, standing } from '../../core/move.ts'
import type { RequestDoc } from '../../core/request.ts'
import { readGraph } from '../../engine/graph.ts'
import { type Moving, type PauseDoc, pauseKey, requestKey, writerOf } from '../../engine/keys.ts'
import { swap } from '../../engine/swap.ts'
import type { Stored } from '../../ports/ledger.ts'
import { inspectAgain, inspectLake, notReplicated } from './arrival.ts'
import type { Region } from './region.ts'

/** A stage with two regions, seen by whoever moves it from one to the other. */
export interface MoveWorld {
  /** The region that is to stand by; undefined where it is lost. */
  from: Region | undefined
  /** How it is called, lost or not. */
  fromName: string
  to: Region
  /** The region that writes as long as the stage was never moved. */
  home: string
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Progress for people: the step, and what it has come to. */
  tell(step: MoveStep, text: string): void
}

export interface MoveOptions {
  /** Look only. */
  check?: boolean
  /** How long what runs may take to end, and requests to be selected. */
  drainMs: number
  /** How long functions that had begun may go on once nothing is heard any more. */
  settleMs: number
  /** How long replication may take to arrive, each of the ledger’s and of the lake’s. */
  arriveMs: number
}

/** What a move has come to. */
export interface Moved {
  from: string
  to: string
  /** Whether the region writes now; false where it was only looked at. */
  moved: boolean
  /** How many runs are at work; asked before the move only. */
  running: number
  /** Current versions and their files, as the new region’s lake was inspected. */
  versions: number
  files: number
  incomplete: Incomplete[]
  /** What was requested anew; versions that nobody here can make are to be delivered again. */
  reruns: Rerun[]
  outside: Incomplete[]
  /** False where everything had been paused before the move, and still is. */
  resumed: boolean
}

const LOOK_MS = 5000
const EVERYTHING = pauseKey('all')

/**
 * Makes another region the one that writes. Each step is done again without harm, so that a move which ended within one goes on when it is run
 * again; and run towards the old region before the switch, it is given up. Rejects with MOVE_STOPPED that says in what state things are.
 */
export async function move(world: MoveWorld, options: MoveOptions): Promise<Moved> {
  let step: MoveStep = 'look'
  const stepping: MoveWorld = {
    ...world,
    tell(next, text) {
      step = next
      world.tell(next, text)
    },
  }
  try {
    return await perform(stepping, options)
  } catch (cause) {
    if (step === 'look') throw cause
    const { message, remedy } = cause as RedeyeError
    const again = `run it again and it goes on; redeye move ${world.fromName} gives it up, or moves back`
    throw new RedeyeError('MOVE_STOPPED', `${message}; ${standing(step, world.fromName, world.to.name)}`, {
      remedy: remedy ? `${remedy}; then ${again}` : again,
      cause,
    })
  }
}

async function perform(world: MoveWorld, options: MoveOptions): Promise<Moved> {
  const { from, to, fromName } = world
  const known = await everythingSwitch(world)
  const writer = writerOf(known?.doc) ?? world.home
  const graph = await readGraph((writer === to.name || !from ? to : from).ledger)
  const tasks = graph.tasks.map(t => t.task)
  world.tell('look', `${writer} writes${known?.doc.paused ? ', and everything is paused' : ''}`)
  const moving = known?.doc.moving
  const gaps = await to.switches.missing(tasks)
  if (gaps.length > 0)
    throw new RedeyeError('NOT_DEPLOYED', `${to.name} lacks ${listed(gaps)}`, {
      remedy: `deploy what is missing there first: redeye deploy --region ${to.name}`,
    })
  const nothing = { from: fromName, to: to.name, moved: false, running: 0, versions: 0, files: 0, incomplete: [], reruns: [], outside: [] }
  if (options.check) return { ...nothing, ...(await look(world, graph, tasks)), resumed: false }
  if (writer !== to.name) await leave(world, graph, tasks, options)
  else if (from) {
    world.tell('silence', `${fromName} hears nothing`)
    await from.switches.set(false, tasks)
  }
  // A move that is over, or given up before the switch, leaves nothing to look for.
  const arriving = writer !== to.name || moving?.to === to.name
  const found = arriving ? await verify(world, graph, options) : { ...nothing, incomplete: [] }
  const { reruns, outside } = rerunsOf(found.incomplete, graph)
  const resume = known?.doc.moving?.resume ?? (writer !== to.name && !known?.doc.paused)
  const at = await take(world)
  world.tell('enable', `${to.name} hears, begins, relays and sweeps`)
  await to.switches.set(true, tasks)
  await repeat(world, reruns, at, options)
  await release(world, resume)
  return { ...nothing, ...found, moved: true, reruns, outside, resumed: resume }
}

/** The switch of everything as the region knows it that wrote it last: one region writes at a time, so revisions tell. */
async function everythingSwitch({ from, to }: MoveWorld): Promise<Stored<PauseDoc> | undefined> {
  const [here, there] = await Promise.all([from?.ledger.get<PauseDoc>(EVERYTHING), to.ledger.get<PauseDoc>(EVERYTHING)])
  return (here?.rev ?? 0) > (there?.rev ?? 0) ? here : there
}

/** What a move would find, without a change: what runs, and what has not arrived. */
async function look(world: MoveWorld, graph: Graph, tasks: readonly string[]): Promise<Partial<Moved>> {
  const { from, to } = world
  const running = from ? await atWork(from, tasks) : []
  if (running.length > 0) world.tell('look', `at work: ${listed(running)}`)
  const late = from ? await notReplicated(from, to, graph) : []
  world.tell('look', late.length === 0 ? 'the ledger has arrived' : `of the ledger has not arrived: ${listed(late)}`)
  const found = await inspectLake(to, graph)
  return { ...found, ...rerunsOf(found.incomplete, graph), running: running.length }
}

/** Everything that is to be over in the old region before the new one may write. Of a lost region only the pause is noted. */
async function leave(world: MoveWorld, graph: Graph, tasks: readonly string[], options: MoveOptions): Promise<void> {
  const { from, to, fromName } = world
  world.tell('pause', `everything is paused in ${(from ?? to).name}`)
  await swap<PauseDoc>(from ?? to, EVERYTHING, doc => pausedFor(doc, { from: fromName, to: to.name, at: world.now() }))
  if (!from) return
  await drain(world, from, tasks, options)
  world.tell('silence', `${fromName} begins, hears and relays nothing any more`)
  await from.switches.set(false, tasks)
  // A decision that began before the pause may have claimed, and one that began before the silence may still write.
  await world.sleep(options.settleMs)
  await drain(world, from, tasks, options)
  const { doc } = await swap<PauseDoc>(from, EVERYTHING, d => (d?.moving?.quiet ? d : { ...d!, moving: { ...d!.moving!, quiet: true } }))
  // Whoever resumed meanwhile is heard no more, but what they started may be under way.
  if (!doc!.paused) throw new RedeyeError('MOVE_STOPPED', `everything was resumed in ${fromName} meanwhile`, { remedy: 'ask who did' })
  await replicated(world, from, graph, options)
}

/** Paused for a move; who had paused everything before, and not for a move, finds it paused after it. */
export function pausedFor(doc: PauseDoc | undefined, { from, to, at }: Omit<Moving, 'resume'>): PauseDoc {
  if (doc?.paused && doc.moving?.to === to) return doc
  const resume = doc?.moving?.resume ?? !doc?.paused
  return { v: 1, task: 'all', ...doc, paused: true, at, moving: { from, to, at, resume } }
}

/** Waits until nothing runs and no request is being expanded. */
async function drain(world: MoveWorld, from: Region, tasks: readonly string[], { drainMs }: MoveOptions): Promise<void> {
  const busy = await eventually(
    world,
    drainMs,
    () => atWork(from, tasks),
    left => world.tell('drain', `still at work: ${listed(left)}`),
  )
  if (busy.length > 0)
    throw new RedeyeError('MOVE_STOPPED', `in ${from.name} still at work: ${listed(busy)}`, {
      remedy: 'wait longer (--drain MINUTES), or cancel them: events/run-cancelled.example.json',
    })
  world.tell('drain', `nothing runs in ${from.name}`)
}

async function atWork({ ledger }: Region, tasks: readonly string[]): Promise<string[]> {
  const running = await Promise.all(tasks.map(async task => (await ledger.runsInState(task, ['running'])).map(key => `${task}@${key.sk}`)))
  const requests = (await ledger.query<RequestDoc>('request')).filter(r => r.doc.phase === 'marking').map(r => `the request ${r.doc.id}`)
  return [...running.flat(), ...requests]
}

async function replicated(world: MoveWorld, from: Region, graph: Graph, { arriveMs }: MoveOptions): Promise<void> {
  const late = await eventually(
    world,
    arriveMs,
    () => notReplicated(from, world.to, graph),
    left => world.tell('replicate', `of the ledger has not arrived: ${listed(left)}`),
  )
  if (late.length > 0)
    throw new RedeyeError('MOVE_STOPPED', `of the ledger has not arrived in ${world.to.name}: ${listed(late)}`, {
      remedy: 'see the table’s ReplicationLatency in CloudWatch, and whether the table has a replica there',
    })
  world.tell('replicate', 'the ledger has arrived, to the revision')
}

/** The new region's lake; where the old one lives, what is still on its way is waited for. */
async function verify(
  world: MoveWorld,
  graph: Graph,
  { arriveMs }: MoveOptions,
): Promise<Pick<Moved, 'versions' | 'files' | 'incomplete'>> {
  const found = await inspectLake(world.to, graph)
  let { incomplete } = found
  if (incomplete.length > 0 && world.from)
    incomplete = await eventually(
      world,
      arriveMs,
      () => inspectAgain(world.to, incomplete),
      left => world.tell('verify', `not whole in ${world.to.name}: ${listed(left.map(nameOf))}`),
    )
  const not = incomplete.length === 0 ? 'all whole' : `not whole: ${listed(incomplete.map(nameOf))}`
  world.tell('verify', `${found.versions} versions, ${found.files} files in ${world.to.name}: ${not}`)
  return { ...found, incomplete }
}

/** From here on the new region writes, paused still; the old one claims nothing more, as soon as it hears of this. */
async function take(world: MoveWorld): Promise<number> {
  const { to } = world
  world.tell('switch', `${to.name} writes`)
  const { doc } = await swap<PauseDoc>(to, EVERYTHING, d =>
    d?.writer === to.name ? d : { v: 1, task: 'all', paused: false, at: world.now(), ...d, writer: to.name },
  )
  return doc!.moving?.at ?? doc!.at
}

/** Asks for what did not arrive, and waits until it is selected: nothing may start before that reads what is to be made anew. */
async function repeat(world: MoveWorld, reruns: readonly Rerun[], at: number, { drainMs }: MoveOptions): Promise<void> {
  if (reruns.length === 0) return
  const requests = reruns.map(rerun => requestOfRerun(rerun, at))
  world.tell('repeat', `made anew: ${listed(reruns.map(r => (r.from === r.to ? `${r.task}@${r.from}` : `${r.task} ${r.from}..${r.to}`)))}`)
  const unselected = async () => {
    const docs = await world.to.ledger.getMany<RequestDoc>(requests.map(r => requestKey(r.detail.id!)))
    const left = requests.filter((_, i) => !docs[i] || docs[i].doc.phase === 'marking')
    // What is told twice is one request.
    await world.to.bus.publish(left)
    return left.map(r => r.detail.id!)
  }
  const left = await eventually(world, drainMs, unselected, ids => world.tell('repeat', `being selected: ${listed(ids)}`))
  if (left.length > 0)
    throw new RedeyeError('MOVE_STOPPED', `${world.to.name} does not take up the requests ${listed(left)}`, {
      remedy: 'see the log of the platform’s requests function there, and the dead letters: redeye dlq list --stage STAGE',
    })
}

/** The same move asks for the same runs by the same request, however often it is run. */
function requestOfRerun({ task, from, to }: Rerun, at: number): NewEvent & { type: 'RunRequested' } {
  const hash = createHash('sha256').update(`${at} ${task} ${from} ${to}`).digest('hex').slice(0, 12)
  return { type: 'RunRequested', detail: { id: `move-${hash}`, tasks: [task], from, to, run: 'all', lane: 'manual' } }
}

/** Ends the move, and the pause unless it is people's own. */
async function release(world: MoveWorld, resume: boolean): Promise<void> {
  const { doc } = await swap<PauseDoc>(world.to, EVERYTHING, d => {
    const { moving, ...rest } = d!
    return moving ? { ...rest, paused: !resume && rest.paused, at: world.now() } : d
  })
  world.tell('resume', doc!.paused ? `${world.to.name} stays paused, as it was before` : `${world.to.name} goes on`)
}

/** Asks until nothing is left or the time is over; resolves with what is left. The last look always comes after the last wait. */
async function eventually<T>(
  world: MoveWorld,
  forMs: number,
  ask: () => Promise<readonly T[]>,
  meanwhile: (left: readonly T[]) => void,
): Promise<T[]> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const left = await ask()
    if (left.length === 0 || waited >= forMs) return [...left]
    meanwhile(left)
    await world.sleep(LOOK_MS)
  }
}

const nameOf = ({ dataset, partition }: Incomplete) => `${dataset}@${partition}`

// Of more than these a person wants the number; --json has them all.
const SHOWN = 5
const listed = (all: readonly string[]): string =>
  all.length <= SHOWN ? all.join(', ') : `${all.slice(0, SHOWN).join(', ')} and ${all.length - SHOWN} more`
