import { parentPort, workerData } from 'node:worker_threads'
import { RedeyeError, type ErrorCode, type FailureClass } from '../core/errors.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import type { Contract } from '../core/contract.ts'
import { provideHost } from '../engine/host.ts'
import type { World } from '../engine/world.ts'
import type { Compute } from '../ports/compute.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { AttemptName } from '../ports/world.ts'
import type { Task } from '../task/task.ts'
import { attemptLogger } from './attempt-log.ts'
import { systemClock } from './clock.ts'
import { folderLake } from './lake.ts'
import { localWorld } from './settings.ts'
import type { FromThread, ToThread } from './threads.ts'

/** What a thread is given when it starts. */
export interface ThreadData {
  lake: string
  settings: string
  /** Undefined: attempts leave no logs. */
  logs: string | undefined
  /** A module whose `workOf(task)` gives the work functions of tasks. */
  services: string
  servicesData: unknown
}
/** What such a module exports: a task's `work`, as Lambda would invoke it. */
export interface ServicesModule {
  workOf(task: string, data: unknown): Promise<(attempt: AttemptName, context: object) => Promise<void>>
}

const port = parentPort!
const data = workerData as ThreadData
const asked = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
let asks = 0

const say = (message: FromThread) => port.postMessage(message)

function ask(method: keyof Ledger, args: unknown[]): Promise<never> {
  const id = asks++
  say({ ask: id, method, args })
  return new Promise((resolve, reject) => asked.set(id, { resolve, reject }))
}

const ledger: Ledger = {
  get: (...args) => ask('get', args),
  getMany: (...args) => ask('getMany', args),
  put: (...args) => ask('put', args),
  query: (...args) => ask('query', args),
  runsInState: (...args) => ask('runsInState', args),
  publishedSince: (...args) => ask('publishedSince', args),
  withEffects: (...args) => ask('withEffects', args),
}

let graph: Promise<Graph> | undefined
const readGraph = async () => buildGraph((await ledger.query<Contract>('contract')).map(s => s.doc))
const notHere = (what: string) => async () => {
  throw new RedeyeError('LEDGER_FAILED', `work does not ${what}: that follows from the ledger's feed`, { failure: 'user' })
}

const lake = folderLake(data.lake)
const source = localWorld(data.settings)
const world: World = {
  ledger,
  lake,
  graph: () => (graph ??= readGraph()),
  clock: systemClock(),
  chance: { next: Math.random },
  laneLimits: {},
  bus: { publish: notHere('publish') },
  timers: { set: notHere('set timers') },
  workers: { start: notHere('start attempts'), stop: notHere('stop attempts') },
  notifier: { alert: notHere('alert'), notice: notHere('notify'), platform: notHere('notify') },
  deadLetters: { put: notHere('write dead letters') },
}

const computes = new Map<Task, Compute>()
// DuckDB is loaded with the first attempt that needs it.
const computeModule = () => import('../compute/compute.ts')

function computeOf(task: Task): Compute {
  let compute: Compute | undefined
  return { run: async attempt => (compute ??= (await computeModule()).createCompute(task, { lake, source })).run(attempt) }
}

provideHost({
  world,
  compute: task => {
    const compute = computes.get(task) ?? computeOf(task)
    computes.set(task, compute)
    return compute
  },
  logger: attempt => attemptLogger(data.logs, attempt),
})

const services: Promise<ServicesModule> = import(data.services)

port.on('message', async (message: ToThread) => {
  if ('start' in message) {
    try {
      const work = await (await services).workOf(message.start.task, data.servicesData)
      await work(message.start, { functionName: `${message.start.task}-work` })
      say({ done: true })
    } catch (error) {
      say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
    return
  }
  const { resolve, reject } = asked.get(message.answer)!
  asked.delete(message.answer)
  if (message.error) reject(new RedeyeError((message.error.code ?? 'LEDGER_FAILED') as ErrorCode, message.error.message, { failure: message.error.failure as FailureClass }))
  else resolve(message.value as never)
})
