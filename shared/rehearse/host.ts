import type { Envelope, EventType, NewEvent } from '../core/events.ts'
import { matchesPattern, patternsOf, platformPatterns, SOURCE } from '../core/events.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import { isTimed, ordinalAt, startOf } from '../core/partition.ts'
import { type RunDoc, runName } from '../core/run.ts'
import { type Ended, finish, renewLease } from '../engine/attempt.ts'
import { decide } from '../engine/decide.ts'
import { recordVersion } from '../engine/deliveries.ts'
import { datasetContractKey, runKey, taskContractKey } from '../engine/keys.ts'
import { recordNight } from '../engine/night.ts'
import { relay } from '../engine/relay.ts'
import { requests } from '../engine/requests.ts'
import { recover, SWEEP_MS, sweepPlatform, sweepTask } from '../engine/sweep.ts'
import type { World } from '../engine/world.ts'
import type { Key } from '../ports/ledger.ts'
import type { AttemptName } from '../ports/workers.ts'
import type { Outcome, PartitionName, StoryGraph } from './story.ts'
import { memoryStoryLedger, type OpenStoryLedger, type StoryLedger } from './story-ledger.ts'
import { Timeline } from './timeline.ts'

type Message = { to: string; envelope: Envelope } | { work: AttemptName }
interface Timer {
  at: number
  order: number
  event: NewEvent
}

// The finest fraction of a millisecond that an instant of this century still holds, with room.
const STAMP_MS = 1 / 1024

/** What a story has seen happen since it last asked. */
export interface Seen {
  started: string[]
  alerts: string[]
}

/**
 * The world of a story: the production engine on a ledger of its own, a clock that moves only when told, one
 * message at a time in the order they were sent, and attempts that end as the story says.
 */
export class StoryHost {
  readonly ledger: StoryLedger
  readonly graph: Graph
  readonly timeline = new Timeline()
  readonly seen: Seen = { started: [], alerts: [] }
  /** Attempts and publications ever, for `quiet`. */
  happened = 0
  now: number
  readonly world: World
  readonly #contracts: StoryGraph
  readonly #outcomes = new Map<string, Outcome[]>()
  readonly #holding = new Set<string>()
  readonly #live = new Map<string, AttemptName>()
  #queue: Message[] = []
  #sent: Message[] = []
  #timers = new Map<string, Timer>()
  #order = 0
  #stamped = 0
  #lose = 0
  #nextSweep: number
  #settledAt = -1
  #settledUntil = 0
  #files = new Map<string, string>()

  constructor(contracts: StoryGraph, now: number, open: OpenStoryLedger = memoryStoryLedger) {
    this.#contracts = contracts
    this.now = now
    this.#nextSweep = now + SWEEP_MS
    this.graph = buildGraph([...contracts.datasets, ...contracts.tasks])
    this.ledger = open(() => this.now)
    this.world = this.#makeWorld()
  }

  /** The contracts, as a deployment registers them. */
  async deploy(): Promise<void> {
    for (const c of this.#contracts.datasets) await this.ledger.put(datasetContractKey(c.dataset), c, 0)
    for (const c of this.#contracts.tasks) await this.ledger.put(taskContractKey(c.task), c, 0)
  }

  #makeWorld(): World {
    const ledger: World['ledger'] = {
      get: key => this.ledger.get(key),
      getMany: keys => this.ledger.getMany(keys),
      query: (pk, range) => this.ledger.query(pk, range),
      runsInState: (task, states) => this.ledger.runsInState(task, states),
      publishedSince: (dataset, since) => this.ledger.publishedSince(dataset, since),
      withEffects: pk => this.ledger.withEffects(pk),
      put: async (key, doc, rev) => this.#put(key, doc, rev),
    }
    return {
      ledger,
      bus: { publish: async events => this.publish(events) },
      timers: { set: async (at, event) => this.#setTimer(at, event) },
      clock: { now: () => this.now, stamp: () => (this.#stamped = Math.max(this.now, this.#stamped + STAMP_MS)) },
      chance: { next: () => (this.#order++ % 4096) / 4096 },
      workers: {
        once: true,
        start: async ({ run: _, ...attempt }) => this.#start(attempt),
        stop: async attempt => void this.#live.delete(runName(attempt.task, attempt.partition)),
      },
      notifier: {
        alert: async ({ task, partition, error, waiting }) => {
          this.happened++
          this.seen.alerts.push(runName(task, partition))
          this.timeline.add(
            this.now,
            runName(task, partition),
            `alert: ${error?.failure ?? 'failed'}${waiting.length > 0 ? `; waiting on it: ${waiting.join(', ')}` : ''}`,
          )
        },
        notice: async ({ task, partition }) => this.timeline.add(this.now, runName(task, partition), 'notice: held, waits for approval'),
        platform: async message => this.timeline.add(this.now, 'platform', message),
      },
      deadLetters: { put: async ({ function: to, reason }) => this.timeline.add(this.now, 'platform', `dead letter of ${to}: ${reason}`) },
      lake: {
        put: async (key, bytes) => void this.#files.set(key, String(bytes)),
        get: async key => (this.#files.has(key) ? new TextEncoder().encode(this.#files.get(key)) : undefined),
      },
      graph: async () => this.graph,
      laneLimits: {},
    }
  }

  async #put(key: Key, doc: object, rev: number): Promise<boolean> {
    const before = key.pk.startsWith('run/') ? (await this.ledger.get<RunDoc>(key))?.doc : undefined
    const written = await this.ledger.put(key, doc, rev)
    if (written && key.pk.startsWith('run/')) {
      const after = doc as RunDoc
      if ((after.version?.number ?? 0) > (before?.version?.number ?? 0) || (before?.state === 'running' && after.state !== 'running'))
        this.happened++
      this.timeline.change(this.now, before, after)
    }
    return written
  }

  #start(attempt: AttemptName): void {
    this.happened++
    const name = runName(attempt.task, attempt.partition)
    this.seen.started.push(name)
    // First of all that waits: an attempt succeeds as soon as it starts.
    this.#queue.unshift({ work: attempt })
  }

  #setTimer(at: number, event: NewEvent): void {
    const name = JSON.stringify([at, event])
    if (!this.#timers.has(name)) this.#timers.set(name, { at, order: this.#order++, event })
  }

  /** Publishes as an operator, a schedule or the engine does. */
  publish(events: readonly NewEvent[]): void {
    for (const { type, detail } of events) {
      const envelope: Envelope = {
        version: '0',
        id: `event-${this.#order++}`,
        'detail-type': type as EventType,
        source: SOURCE,
        account: '',
        time: new Date(this.now).toISOString(),
        region: '',
        resources: [],
        detail,
      }
      for (const to of this.#subscribers(envelope)) {
        if (this.#lose > 0 && type === 'DatasetReady') this.#lose--
        else this.#queue.push({ to, envelope })
      }
    }
  }

  #subscribers(envelope: Envelope): string[] {
    const tasks = this.graph.tasks.filter(t => patternsOf(t).some(p => matchesPattern(p, envelope))).map(t => t.task)
    const platform = Object.entries(platformPatterns).filter(([, patterns]) => patterns.some(p => matchesPattern(p, envelope)))
    return [...platform.map(([name]) => `platform/${name}`), ...tasks.sort()]
  }

  /** Lets everything happen that can without the clock. */
  async drain(): Promise<void> {
    for (;;) {
      while ((await relay(this.world, this.ledger)) > 0);
      const message = this.#queue.shift()
      if (!message) return
      if ('work' in message) await this.#work(message.work)
      else await this.#deliver(message)
    }
  }

  async #deliver(message: { to: string; envelope: Envelope }): Promise<void> {
    const { to, envelope } = message
    this.#sent.push(message)
    this.timeline.cause = `${envelope['detail-type']} ${Timeline.subject(envelope.detail)}`
    try {
      if (to === 'platform/requests') await requests(this.world, envelope)
      else if (to === 'platform/night') await recordNight(this.world, envelope.detail as { date: string })
      else await decide(this.world, to, envelope)
    } catch (error) {
      // What a function refuses ends in the dead letters, with an alert: a story sees it in its timeline.
      await this.world.deadLetters.put({ function: to, reason: (error as Error).message, event: envelope })
      await this.world.notifier.platform((error as Error).message)
      if (!(error as { code?: string }).code) throw error
    }
  }

  async #work(attempt: AttemptName): Promise<void> {
    const name = runName(attempt.task, attempt.partition)
    const outcome = this.#outcomes.get(name)?.shift() ?? (this.#holding.has(attempt.task) ? 'hold' : 'ok')
    this.timeline.cause = `attempt ${attempt.generation}.${attempt.attempt} of ${name}`
    if (outcome === 'lost') return
    this.#live.set(name, attempt)
    if (outcome !== 'hold') await this.end(attempt, outcome)
  }

  /** An attempt's result arrives; the engine refuses it when the attempt is no longer the run's own. */
  async end(attempt: AttemptName, outcome: Exclude<Outcome, 'lost'>): Promise<void> {
    const name = runName(attempt.task, attempt.partition)
    const live = this.#live.get(name)
    if (live?.generation === attempt.generation && live.attempt === attempt.attempt) this.#live.delete(name)
    const result: Ended =
      outcome === 'ok'
        ? { ok: true, rows: 1, bytes: 1, schemaHash: '' }
        : { ok: false, failure: outcome, message: `ended ${outcome}, as the story says` }
    this.timeline.cause = `attempt ${attempt.generation}.${attempt.attempt} of ${name} ends ${outcome}`
    const accepted = await finish(this.world, attempt, result)
    if (!accepted)
      this.timeline.add(
        this.now,
        name,
        `refused: the result of attempt ${attempt.generation}.${attempt.attempt}, which is not the run's own`,
      )
  }

  /** The worker of a run's attempt vanishes without a word. */
  vanish(name: string): void {
    this.#live.delete(name)
  }

  script(name: string, classes: readonly Outcome[]): void {
    this.#outcomes.set(name, [...classes])
  }

  /** Attempts of these tasks stay running too, from now on; of none, when nothing is named. */
  hold(tasks: readonly string[]): void {
    if (tasks.length === 0) this.#holding.clear()
    for (const task of tasks) this.#holding.add(task)
  }

  lose(deliveries: number): void {
    this.#lose += deliveries
  }

  /** Versions of outside datasets appear, together: all are in the ledger before any is announced. */
  async ready(partitions: readonly PartitionName[]): Promise<void> {
    this.timeline.cause = 'delivered from outside'
    for (const { dataset, partition } of partitions) {
      const doc = (await this.ledger.get<RunDoc>(runKey(dataset, partition)))?.doc
      const generation = (doc?.generation ?? 0) + 1
      await recordVersion(this.world, dataset, partition, `delivery-${this.#order++}`, generation, { rows: 1, bytes: 1, schemaHash: '' })
    }
  }

  redeliver(what: 'all' | 'last'): void {
    const sent = what === 'all' ? this.#sent : this.#sent.slice(-1)
    this.#sent = this.#sent.slice(0, this.#sent.length - sent.length)
    this.#queue.push(...sent)
  }

  /** The process dies where it stands and starts again on the same ledger. */
  async restart(): Promise<void> {
    this.#live.clear()
    this.#queue = []
    this.timeline.cause = 'restart'
    await recover(this.world)
  }

  /** Moves the clock, letting what falls due occur at its own time, the end included. */
  async advance(to: number): Promise<void> {
    for (;;) {
      const timer = this.#firstTimer()
      const deadline = await this.#firstDeadline()
      const at = Math.min(timer?.at ?? Number.POSITIVE_INFINITY, deadline?.at ?? Number.POSITIVE_INFINITY, this.#nextSweep)
      if (at > to) break
      this.now = Math.max(this.now, at)
      if (deadline?.at === at) await this.end(deadline.attempt, 'timeout')
      else if (timer?.at === at) {
        this.#timers.delete(JSON.stringify([timer.at, timer.event]))
        this.publish([timer.event])
      } else await this.#sweepIfDue()
      await this.drain()
    }
    this.now = to
  }

  #firstTimer(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers.values())
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    return first
  }

  async #firstDeadline(): Promise<{ at: number; attempt: AttemptName } | undefined> {
    let first: { at: number; attempt: AttemptName } | undefined
    for (const attempt of this.#live.values()) {
      const doc = (await this.ledger.get<RunDoc>(runKey(attempt.dataset, attempt.partition)))?.doc
      const own = doc?.state === 'running' && doc.generation === attempt.generation && doc.attempt === attempt.attempt
      if (own && doc.deadline !== undefined && (!first || doc.deadline < first.at)) first = { at: doc.deadline, attempt }
    }
    return first
  }

  // A sweep that changed nothing changes nothing again until something is written, a lease runs out or a partition begins: months pass in milliseconds.
  async #sweepIfDue(): Promise<void> {
    this.#nextSweep += SWEEP_MS
    if (this.#settledAt === this.ledger.requests.put && this.now < this.#settledUntil && !(await this.#somethingRunsOut())) return
    await this.sweep()
  }

  async #somethingRunsOut(): Promise<boolean> {
    for (const { task } of this.graph.tasks)
      for (const key of await this.ledger.runsInState(task, ['running'])) {
        const doc = (await this.ledger.get<RunDoc>(key))!.doc
        if (!this.#live.has(runName(task, key.sk)) && (doc.lease ?? 0) <= this.now) return true
      }
    return false
  }

  /** Every service's sweep, and the platform's. */
  async sweep(): Promise<void> {
    for (const attempt of [...this.#live.values()])
      if (!(await renewLease(this.world, attempt))) this.#live.delete(runName(attempt.task, attempt.partition))
    const before = this.ledger.requests.put
    this.timeline.cause = 'the sweep'
    await sweepPlatform(this.world)
    for (const { task } of this.graph.order()) await sweepTask(this.world, task)
    await this.drain()
    this.#settledAt = this.ledger.requests.put === before ? before : -1
    this.#settledUntil = this.#nextBegin()
  }

  #nextBegin(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { output } of this.graph.tasks) {
      const { partitioning } = this.graph.dataset(output)!
      if (isTimed(partitioning)) next = Math.min(next, startOf(partitioning, ordinalAt(partitioning, this.now) + 1))
    }
    return next
  }

  /** A world that stands as this one does, to see what would come. */
  async fork(): Promise<StoryHost> {
    const twin = new StoryHost(this.#contracts, this.now, await this.ledger.fork())
    twin.#timers = new Map(this.#timers)
    twin.#order = this.#order
    for (const [name, classes] of this.#outcomes) twin.#outcomes.set(name, [...classes])
    for (const task of this.#holding) twin.#holding.add(task)
    for (const [name, attempt] of this.#live) twin.#live.set(name, attempt)
    twin.#files = new Map(this.#files)
    twin.#nextSweep = this.#nextSweep
    return twin
  }

  /** When something may next occur by the clock alone; undefined when nothing will. */
  async nextMoment(): Promise<number | undefined> {
    const at = Math.min(this.#firstTimer()?.at ?? Number.POSITIVE_INFINITY, (await this.#firstDeadline())?.at ?? Number.POSITIVE_INFINITY)
    return at === Number.POSITIVE_INFINITY ? undefined : at
  }
}
