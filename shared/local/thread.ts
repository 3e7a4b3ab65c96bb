import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, type FailureClass, RedeyeError } from '../core/errors.ts'
import type { Graph } from '../core/graph.ts'
import type { RunDoc } from '../core/run.ts'
import { readGraph } from '../engine/graph.ts'
import { provideHost } from '../engine/host.ts'
import { runKey } from '../engine/keys.ts'
import type { World } from '../engine/world.ts'
import type { Compute, LocalCompute } from '../ports/compute.ts'
import type { Key, Ledger, Stored } from '../ports/ledger.ts'
import type { AttemptName } from '../ports/workers.ts'
import type { Task } from '../task/task.ts'
import { attemptLogger } from './attempt-log.ts'
import { systemClock } from './clock.ts'
import { folderLake } from './lake.ts'
import { localWorld } from './settings.ts'
import { type FromThread, type Slots, slotStates, type ToThread } from './thread-messages.ts'

/** What a thread is given when it starts. */
export interface ThreadData {
  lake: string
  settings: string
  /** Undefined: attempts leave no logs. */
  logs: string | undefined
  /** A module whose `workOf(task)` gives the work functions of tasks. */
  services: string
  servicesData: unknown
  slots: Slots
}
/** What such a module exports: a task's `work`, as Lambda would invoke it. */
export interface ServicesModule {
  workOf(task: string, data: unknown): Promise<(attempt: AttemptName, context: object) => Promise<void>>
}

const port = parentPort!
const data = workerData as ThreadData
const asked = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
let asks = 0

let outbox: FromThread[] = []
/** Having said that it has left, a thread says nothing more: what its work makes of being interrupted is no end of the run's. */
let hasLeft = false

/** All that is said before the event loop goes on is one message. */
function say(message: FromThread): void {
  if (hasLeft) return
  outbox.push(message)
  if (outbox.length > 1) return
  process.nextTick(() => {
    port.postMessage(JSON.stringify(outbox))
    outbox = []
  })
}

function ask(method: keyof Ledger, args: unknown[], ends?: AttemptAtWork): Promise<never> {
  const id = asks++
  say({ ask: id, method, args, ...(ends && { ends: { attempt: ends.attempt, tookMs: Date.now() - ends.since } }) })
  return new Promise((resolve, reject) => asked.set(id, { resolve, reject }))
}

/**
 * The runs at work here as they came with their start, or as they were last written here: reading one needs no asking. What
 * others wrote meanwhile refuses a write, and is then asked for.
 */
const runs = new Map<string, Stored>()
const nameOf = ({ pk, sk }: Key) => `${pk}\n${sk}`

const ledger: Ledger = {
  get: async key => (runs.get(nameOf(key)) as never) ?? ask('get', [key]),
  getMany: async keys => ((await ask('getMany', [keys])) as (Stored | null)[]).map(stored => stored ?? undefined) as never,
  put: async (key, doc, rev) => {
    const name = nameOf(key)
    const ends = atWork?.name === name && (doc as RunDoc).state !== 'running' ? atWork : undefined
    const asked = ask('put', [key, doc, rev], ends)
    if (ends) goOn()
    const written: boolean = await asked
    if (written && runs.has(name)) runs.set(name, { key, rev: rev + 1, doc })
    else runs.delete(name)
    return written
  },
  query: (...args) => ask('query', args),
  runsInState: (...args) => ask('runsInState', args),
  publishedSince: (...args) => ask('publishedSince', args),
  withEffects: (...args) => ask('withEffects', args),
}

let graph: Promise<Graph> | undefined
const notHere = (what: string) => async () => {
  throw new RedeyeError('LEDGER_FAILED', `work does not ${what}: that follows from the ledger's feed`, { failure: 'user' })
}

const lake = folderLake(data.lake)
const source = localWorld(data.settings)
const world: World = {
  ledger,
  lake,
  graph: () => (graph ??= readGraph(ledger)),
  clock: systemClock(),
  chance: { next: Math.random },
  laneLimits: {},
  bus: { publish: notHere('publish') },
  timers: { set: notHere('set timers') },
  workers: { start: notHere('start attempts'), stop: notHere('stop attempts'), once: true },
  notifier: { alert: notHere('alert'), notice: notHere('notify'), platform: notHere('notify') },
  deadLetters: { put: notHere('write dead letters') },
}

const computes = new Map<Task, Compute>()
const SPARK_PYTHON = process.env.REDEYE_SPARK_PYTHON ?? 'python3'
// DuckDB is loaded with the first attempt that needs it.
const computeModule = () => import('../compute/compute.ts')

/** Heard by all work when the thread is to end: DuckDB is interrupted, for a thread that ends amid a native call takes the process with it. */
const leaving = new AbortController()
let whatEnds: 'thread' | 'process' = 'thread'
let computing = 0

function leave(): void {
  if (!leaving.signal.aborted || computing > 0) return
  // Of a worker's thread this ends the thread alone. Just after it has loaded DuckDB that may take the process with it.
  if (whatEnds === 'thread') process.exit()
  say({ left: true })
  hasLeft = true
}

/** Work that lets go when the thread is to end; the run is then as it was, for the next runtime to go on with, and not failed. */
const leavable = (compute: Compute): Compute => ({
  run: async attempt => {
    computing++
    try {
      // It would load much only to end.
      leaving.signal.throwIfAborted()
      return await compute.run({ ...attempt, signal: AbortSignal.any([attempt.signal, leaving.signal]) })
    } finally {
      computing--
      leave()
    }
  },
})

function computeOf(task: Task): Compute {
  let compute: Compute | undefined
  const spark: LocalCompute = {
    run: async attempt => (await import('./spark.ts')).localSpark(task, { lake, folder: data.lake, python: SPARK_PYTHON }).run(attempt),
  }
  return { run: async attempt => (compute ??= (await computeModule()).createCompute(task, { lake, source, spark })).run(attempt) }
}

provideHost({
  world,
  compute: task => {
    const compute = computes.get(task) ?? leavable(computeOf(task))
    computes.set(task, compute)
    return compute
  },
  logger: attempt => attemptLogger(data.logs, attempt),
})

const services: Promise<ServicesModule> = import(data.services)

interface AttemptAtWork {
  attempt: AttemptName
  name: string
  since: number
}
/** The attempt that is at work: the next is begun when this one has asked to write its end. */
let atWork: AttemptAtWork | undefined
const waiting: Extract<ToThread, { start: AttemptName }>[] = []

/** The next attempt begins in a turn of its own, so that a heavy one holds back nothing of what the one before it has said. */
function goOn(): void {
  atWork = undefined
  if (waiting.length > 0) setImmediate(begin)
}

function begin(): void {
  while (!atWork && !leaving.signal.aborted && waiting.length > 0) {
    const { start, run, slot } = waiting.shift()!
    const { sent, begun } = slotStates
    if (Atomics.compareExchange(data.slots.states, slot, sent, begun) === sent) {
      data.slots.begunAt[slot] = Date.now()
      void perform(start, run)
    } else say({ passed: slot })
  }
}

async function perform(attempt: AttemptName, run: Stored | undefined): Promise<void> {
  const own = { attempt, name: nameOf(runKey(attempt.dataset, attempt.partition)), since: Date.now() }
  atWork = own
  if (run) runs.set(own.name, run)
  try {
    const work = await (await services).workOf(attempt.task, data.servicesData)
    await work(attempt, { functionName: `${attempt.task}-work` })
    say({ done: attempt })
  } catch (error) {
    say({ failed: attempt, how: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  } finally {
    if (atWork === own) goOn()
    if (atWork?.name !== own.name) runs.delete(own.name)
  }
}

function hear({ answer, value, error }: Extract<ToThread, { answer: number }>): void {
  const { resolve, reject } = asked.get(answer)!
  asked.delete(answer)
  if (error)
    reject(
      new RedeyeError((error.code ?? 'LEDGER_FAILED') as ErrorCode, error.message, {
        failure: error.failure as FailureClass,
      }),
    )
  else resolve(value as never)
}

port.on('message', (messages: string) => {
  for (const message of JSON.parse(messages) as ToThread[]) {
    if ('start' in message) waiting.push(message)
    else if ('leave' in message) {
      whatEnds = message.leave
      leaving.abort(new DOMException('the runtime ends', 'AbortError'))
      leave()
    } else hear(message)
  }
  begin()
})
