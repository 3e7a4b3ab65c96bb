import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import type { Contract } from '../core/contract.ts'
import type { NewEvent } from '../core/events.ts'
import { type Envelope, patternsOf, platformPatterns } from '../core/events.ts'
import type { Graph } from '../core/graph.ts'
import type { RunDoc } from '../core/run.ts'
import { finish, renewLease } from '../engine/attempt.ts'
import { deliveries, type Inspect } from '../engine/deliveries.ts'
import { deployContracts } from '../engine/deploy.ts'
import { readGraph } from '../engine/graph.ts'
import { provideHost } from '../engine/host.ts'
import { runKey } from '../engine/keys.ts'
import { recordNight } from '../engine/night.ts'
import { matters, relay } from '../engine/relay.ts'
import { requests } from '../engine/requests.ts'
import { recover, SWEEP_MS, sweepPlatform } from '../engine/sweep.ts'
import type { World } from '../engine/world.ts'
import type { Notifier } from '../ports/notifier.ts'
import { LocalBus } from './bus.ts'
import { systemClock } from './clock.ts'
import { folderLake } from './lake.ts'
import { SqliteLedger } from './ledger.ts'
import { Routes } from './routes.ts'
import { holdState, stateFolder } from './state.ts'
import type { ThreadData } from './thread.ts'
import { ThreadWorkers } from './workers.ts'

/** The decide function of a service, as Lambda would invoke it. */
export type Decide = (event: Envelope | { 'detail-type': 'Scheduled Event'; source: 'aws.events' }, context: object) => Promise<void>

export interface RuntimeOptions {
  /** The state folder; nothing is written elsewhere. */
  state: string
  /** What is deployed: contracts, each task's decide, and the module that threads load the works from. */
  contracts(deployedAt: (task: string) => number): Contract[]
  decides: ReadonlyMap<string, Decide>
  services: Pick<ThreadData, 'services' | 'servicesData'>
  inspect: Inspect
  notifier: Notifier
  /** A run's document was written. */
  onRun?: (before: RunDoc | undefined, after: RunDoc) => void
  threads?: number
  /** False leaves no log files of attempts. */
  logs?: boolean
}

/** The platform and the services of a project, hosted in one process on one machine. */
export interface Runtime {
  world: World
  ledger: SqliteLedger
  graph(): Promise<Graph>
  publish(events: readonly NewEvent[]): Promise<void>
  /** Resolves when nothing is queued, under way, or due: what still waits, waits for something from outside, a person, or the clock beyond the next retry. */
  idle(): Promise<void>
  /** `dying`: the process ends next, whatever its threads are at. */
  close(dying?: boolean): Promise<void>
}

/** Starts a runtime: takes the state folder, deploys, finishes what an earlier process left, and listens. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const state = stateFolder(options.state)
  const held = holdState(state.folder)
  const runtime = new LocalRuntime(options, state, held)
  await runtime.start()
  return runtime
}

/** Where this process keeps compiled modules, if it does: threads load much of what it has loaded. */
function compileCache(): string | undefined {
  // What Node tells is the folder of its own version, inside of what it was given.
  const versioned = getCompileCacheDir()
  return versioned && dirname(versioned)
}

class LocalRuntime implements Runtime {
  readonly ledger: SqliteLedger
  readonly world: World
  readonly #options: RuntimeOptions
  readonly #bus: LocalBus
  readonly #threads: ThreadWorkers
  readonly #held: { release(): void }
  #graph: Promise<Graph> | undefined
  #relaying: Promise<void> | undefined
  #again = false
  #sweeping: NodeJS.Timeout | undefined
  #waiters: (() => void)[] = []
  #deployed = false
  #closed = false

  constructor(options: RuntimeOptions, state: ReturnType<typeof stateFolder>, held: { release(): void }) {
    this.#options = options
    this.#held = held
    const { onRun } = options
    const ledger = new SqliteLedger({
      path: state.ledger,
      filter: matters,
      alone: true,
      onChange: () => this.#relay(),
      ...(onRun && {
        onWritten: ({ key, before, after }) => key.pk.startsWith('run/') && onRun(before as RunDoc | undefined, after as RunDoc),
      }),
    })
    this.ledger = ledger
    const routes = new Routes()
    this.#bus = new LocalBus(
      this.ledger,
      routes,
      (target, event) => this.#deliver(target, event),
      message => options.notifier.platform(message),
    )
    this.#bus.onIdle = () => this.#checkIdle()
    const threadData: Omit<ThreadData, 'slots'> = {
      lake: state.lake,
      settings: state.settings,
      logs: options.logs === false ? undefined : state.logs,
      ...options.services,
    }
    this.#threads = new ThreadWorkers({
      module: new URL('./thread.ts', import.meta.url),
      data: threadData,
      compiled: compileCache() ?? state.compiled,
      ledger,
      onLost: async (attempt, { failure, message }) =>
        void (await finish(this.world, attempt, { ok: false, failure, code: 'WORKER_LOST', message })),
      renew: attempt => renewLease(this.world, attempt),
      runOf: attempt => ledger.get<RunDoc>(runKey(attempt.dataset, attempt.partition)),
      onIdle: () => this.#checkIdle(),
      ...(options.threads !== undefined && { threads: options.threads }),
    })
    // What cannot be taken back waits until what it follows from is written.
    const committed = async <T>(what: T): Promise<T> => {
      await ledger.settled()
      return what
    }
    this.world = {
      ledger,
      bus: this.#bus,
      timers: this.#bus,
      deadLetters: this.#bus,
      clock: systemClock(),
      chance: { next: Math.random },
      workers: {
        once: true,
        // Its thread is given the run as it is when its turn comes.
        start: ({ run: _, ...attempt }) => this.#threads.start(attempt),
        stop: async attempt => this.#threads.stop(await committed(attempt)),
      },
      notifier: {
        alert: async alert => options.notifier.alert(await committed(alert)),
        notice: async notice => options.notifier.notice(await committed(notice)),
        platform: async message => options.notifier.platform(await committed(message)),
      },
      lake: folderLake(state.lake),
      graph: () => this.graph(),
      laneLimits: {},
    }
    this.#subscribe(routes)
  }

  #subscribe(routes: Routes): void {
    for (const [name, patterns] of Object.entries(platformPatterns)) routes.add(`platform/${name}`, patterns)
    for (const contract of this.#options.contracts(() => 0)) if (contract.kind === 'task') routes.add(contract.task, patternsOf(contract))
  }

  async start(): Promise<void> {
    await deployContracts(this.world, this.#options.contracts)
    this.#deployed = true
    provideHost({
      world: this.world,
      compute: () => {
        throw new Error('work is done by threads')
      },
      logger: () => () => {},
    })
    await recover(this.world)
    this.#bus.start()
    this.#relay()
    this.#sweeping = setInterval(() => void this.#sweep(), SWEEP_MS)
    await this.#sweep()
  }

  async #sweep(): Promise<void> {
    await sweepPlatform(this.world)
    for (const decide of this.#options.decides.values()) await decide({ 'detail-type': 'Scheduled Event', source: 'aws.events' }, {})
  }

  async #deliver(target: string, event: Envelope): Promise<void> {
    switch (target) {
      case 'platform/night':
        return recordNight(this.world, event.detail as { date: string })
      case 'platform/requests':
        return requests(this.world, event)
      case 'platform/deliveries':
        return deliveries(this.world, this.#options.inspect, event)
      default:
        // A message that an earlier process left to a task that is gone since: its runs are cancelled, and nothing is to be decided.
        return this.#options.decides.get(target)?.(event, { functionName: `${target}-decide` })
    }
  }

  // One relay at a time, and once more if something came meanwhile. What retiring a task changes waits: amid it the graph lacks a part.
  #relay(): void {
    if (!this.#deployed) return
    this.#again = true
    this.#relaying ??= this.#relayAll().finally(() => {
      this.#relaying = undefined
      if (this.#again && !this.#closed) this.#relay()
      else this.#checkIdle()
    })
  }

  async #relayAll(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      while ((await relay(this.world, this.ledger)) > 0);
    }
  }

  async graph(): Promise<Graph> {
    this.#graph ??= readGraph(this.ledger)
    return this.#graph
  }

  async publish(events: readonly NewEvent[]): Promise<void> {
    await this.#bus.publish(events)
    await this.ledger.settled()
  }

  idle(): Promise<void> {
    return new Promise(resolve => {
      this.#waiters.push(resolve)
      this.#checkIdle()
    })
  }

  #checkIdle(): void {
    if (this.#waiters.length === 0 || this.#relaying || !this.#bus.idle || !this.#threads.idle) return
    // What another turn has just handed on shows itself first.
    setImmediate(() => {
      if (this.#closed || this.#relaying || !this.#bus.idle || !this.#threads.idle || this.#retryIsDue()) return
      const waiters = this.#waiters
      this.#waiters = []
      for (const resolve of waiters) resolve()
    })
  }

  /** A retry with a due time is part of the night, however long it waits; but one that is paused waits for a person. */
  #retryIsDue(): boolean {
    const retries = this.ledger.sql(`
      SELECT 1 FROM docs WHERE state = 'queued' AND json_extract(doc, '$.due') IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM docs AS pause WHERE pause.pk = 'pause' AND pause.sk IN (docs.task, 'all') AND json_extract(pause.doc, '$.paused'))`)
    return retries.get() !== undefined
  }

  async close(dying = false): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeping)
    this.#bus.stop()
    await this.#threads.close(dying)
    await this.#relaying
    provideHost(undefined)
    this.ledger.close()
    this.#held.release()
  }
}
