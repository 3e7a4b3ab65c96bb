import type { Contract } from '../../shared/core/contract.ts'
import {
  type Envelope,
  type EventPattern,
  matchesPattern,
  type NewEvent,
  patternsOf,
  platformPatterns,
  SOURCE,
} from '../../shared/core/events.ts'
import { buildGraph, type Graph } from '../../shared/core/graph.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { collectDaily } from '../../shared/engine/collector.ts'
import { decide } from '../../shared/engine/decide.ts'
import { deliveries } from '../../shared/engine/deliveries.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { recordNight } from '../../shared/engine/night.ts'
import { matters, relay } from '../../shared/engine/relay.ts'
import { requests } from '../../shared/engine/requests.ts'
import { sweepPlatform, sweepTask } from '../../shared/engine/sweep.ts'
import type { World } from '../../shared/engine/world.ts'
import type { Key } from '../../shared/ports/ledger.ts'
import type { AttemptName } from '../../shared/ports/workers.ts'
import type { Faults } from './faults.ts'
import { type Due, Heap } from './heap.ts'
import { Jobs } from './jobs.ts'
import { MemoryLake } from './memory-lake.ts'
import { type Changes, MemoryLedger } from './memory-ledger.ts'
import type { Random } from './random.ts'
import { Seen, SettledSweeps } from './settled.ts'
import { Workers } from './workers.ts'

/** A write as a judge sees it: by whom, and in which turn whoever wrote had last read the document. */
export interface Write {
  key: Key
  before: object | undefined
  after: object
  now: number
  turn: number
  readAt: number
  by: Invocation
}

/** What happened, for the trace and for those who judge it. */
export interface Witness {
  wrote(write: Write): void
  published(event: NewEvent, now: number): void
  alert(task: string, partition: string, generation: number): void
  notice(task: string, partition: string): void
  /** An attempt is about to read what it has pinned. */
  works(attempt: AttemptName, doc: RunDoc): void
  /** What the judge found wrong, if anything. */
  readonly failure: Error | undefined
}

class Crash extends Error {}
class StorageError extends Error {}
// Thrown by the ten thousand, and nobody reads where.
const crash = new Crash()
const done = Promise.resolve()

/** One invocation of a function: it dies alone, and everything it waits for then fails. */
export interface Invocation {
  name: string
  dead: boolean
  skewMs: number
  nextCode: boolean
  /** The turn of the last read of each document. */
  reads: Map<string, number>
  graph: Graph
  /** What a sweep has read that has written nothing so far. */
  seen?: Seen
  /** The attempt that a worker works for. */
  attempt?: AttemptName
}

const repeatedBySenders = new Set([
  'NightStarted',
  'RunRequested',
  'VersionDelivered',
  'TaskPaused',
  'TaskResumed',
  'RunApproved',
  'RunCancelled',
  'PartitionSkipped',
])
// About what a call of a port takes.
const MOMENT_MS = 5
// Contracts are read and kept a while, so that for some minutes some know the graph as it was.
const GRAPH_KEPT_MS = 10 * 60_000

// The busiest of a hundred thousand worlds takes a tenth of it; some that go round in a circle take all there is.
const MOST_CALLS = 1_000_000

/**
 * A world that is nothing but chance: every call of a port is a point where others go on in between, where the caller may
 * die, and where a fault may happen. One thread, virtual time, one seed.
 */
export class SimulatedWorld {
  readonly ledger = new MemoryLedger(matters)
  readonly lake = new MemoryLake(() => this.now)
  readonly agenda = new Heap()
  now: number
  faults: Faults
  turn = 0
  calls = 0
  /** Ledger requests, and the items in them, that are not sweeps' or renewals'. */
  requests = 0
  units = 0
  letters: { to: string; event: Envelope }[] = []
  /** Everything that was delivered, in order. */
  delivered: { to: string; event: Envelope }[] | undefined
  laneLimits: World['laneLimits'] = {}
  /** How often everything sweeps. In production it is a quarter of an hour; less often gives faults more time to do harm, and the simulation less to do. */
  sweepMs = 900_000
  /** When all was last swept; never, in a world that goes without. */
  sweptAt: number | undefined
  collects = false
  /** How likely something occurs that is due within a moment, each time that somebody waits for a port: calls take time. */
  overlap = 0
  /** Set where a swept crash is to happen: at the call of this number. */
  crashAt = new Map<number, 'before' | 'after'>()
  /** Lines for people, where somebody wants to read. */
  lines: string[] | undefined
  failure: Error | undefined
  readonly #random: Random
  readonly #witness: Witness
  #graph: Graph
  #rules: Rule[]
  #earlier: { graph: Graph; until: number }
  #order = 0
  #ready: (() => void)[] = []
  #hash = 0
  #stamped = 0
  readonly #settled = new SettledSweeps(this.ledger)
  #collected = 0
  #nextSweep = 0
  readonly #timers = new Set<string>()
  readonly #workers: Workers
  readonly jobs: Jobs
  /** Whether an attempt of a task needs more memory or disk than there is. */
  outgrows: (task: string) => boolean = () => false
  tally: Map<string, number> | undefined

  constructor(random: Random, contracts: readonly Contract[], now: number, faults: Faults, witness: Witness) {
    this.#random = random
    this.now = now
    this.faults = faults
    this.#witness = witness
    this.#graph = buildGraph(contracts)
    this.#rules = rulesOf(this.#graph)
    this.#earlier = { graph: this.#graph, until: 0 }
    this.#workers = new Workers(this, random, witness)
    this.jobs = new Jobs(this, random)
  }

  get graph(): Graph {
    return this.#graph
  }

  /** The contracts as they stand from now on: services are deployed one by one, and known a little later. */
  deploy(contracts: readonly Contract[]): void {
    this.#earlier = { graph: this.#graph, until: this.now + GRAPH_KEPT_MS }
    this.#graph = buildGraph(contracts)
    this.#rules = rulesOf(this.#graph)
    this.#settled.forget()
  }

  /** A number that any difference between two traces changes. */
  get traceHash(): number {
    return this.#hash
  }

  note(text: string): void {
    let h = this.#hash
    for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
    this.#hash = (Math.imul(h, 31) + Math.floor(this.now)) | 0
    this.lines?.push(`${new Date(this.now).toISOString().slice(0, 23)} ${text}`)
  }

  /** Something that occurs at its time. */
  at(time: number, kind: string, run: () => void): void {
    this.agenda.push({ at: time, order: this.#order++, kind, run })
  }

  #invocation(name: string, more: Pick<Invocation, 'attempt' | 'seen'>): Invocation {
    const { faults } = this
    const { attempt } = more
    const late = this.now < this.#earlier.until && this.#random.chance(0.5)
    // A service's own functions are no older than its first deployment.
    const stale = late && (!attempt || this.#earlier.graph.task(attempt.task) !== undefined)
    return {
      name,
      dead: false,
      skewMs: faults.skewMs ? this.#random.int(-faults.skewMs, faults.skewMs) : 0,
      nextCode: this.#random.chance(faults.nextCode),
      reads: new Map(),
      graph: stale ? this.#earlier.graph : this.#graph,
      ...more,
    }
  }

  /** A call of a port: others may go on first, the caller may die before or after. */
  #call<T>(of: Invocation, act: () => T): Promise<T> {
    if (of.dead) return Promise.reject(crash)
    return new Promise((resolve, reject) =>
      this.#ready.push(() => {
        try {
          resolve(this.#turn(of, act))
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  #turn<T>(of: Invocation, act: () => T): T {
    this.turn++
    const call = this.calls++
    this.tally?.set(of.name, (this.tally.get(of.name) ?? 0) + 1)
    if (of.dead) throw crash
    const swept = this.crashAt.get(call)
    if (swept || this.#random.chance(this.faults.crash)) {
      of.dead = true
      // Half of those who die have been heard: their write stands.
      const heard = swept ? swept === 'after' : this.#random.chance(0.5)
      this.note(`${of.name} dies ${heard ? 'after' : 'before'} a call`)
      if (heard) act()
      throw crash
    }
    return act()
  }

  #put(of: Invocation, key: Key, doc: object, rev: number): boolean {
    if (this.#random.chance(this.faults.throttle)) throw new StorageError('throttled')
    const before = this.ledger.read<object>(key)?.doc
    const written = of.nextCode && !('fromNextVersion' in doc) ? { ...doc, fromNextVersion: this.turn } : doc
    const after = this.ledger.write(key, written, rev)
    if (!after) return false
    delete of.seen
    const { state, generation, attempt, version } = after as RunDoc
    this.note(
      key.pk.startsWith('run/')
        ? `${of.name}: ${key.pk.slice(4)}@${key.sk} ${state ?? ''} g${generation}-a${attempt} v${version?.number ?? 0}`
        : `${of.name}: ${key.pk}/${key.sk}${this.lines ? ` ${summaryOf(after)}` : ''}`,
    )
    this.#witness.wrote({ key, before, after, now: this.now, turn: this.turn, readAt: of.reads.get(`${key.pk}/${key.sk}`) ?? 0, by: of })
    if (this.#random.chance(this.faults.unsure)) throw new StorageError('timed out, and yet it is written')
    return true
  }

  #worldOf(of: Invocation): World {
    const { ledger } = this
    const call = <T>(act: () => T) => this.#call(of, act)
    const apart = of.name.startsWith('sweep') || of.name === 'renew' || of.name === 'collector'
    const asked = <T>(units: number, act: () => T) => {
      if (!apart) {
        this.requests++
        this.units += units
      }
      return call(act)
    }
    const read = (key: Key) => {
      const stored = ledger.read(key)
      const name = `${key.pk}/${key.sk}`
      of.seen?.document(name, key, stored?.rev ?? 0)
      of.reads.set(name, this.turn)
      return stored
    }
    const look = <T>(what: keyof Changes, pk: string, act: (stale: boolean) => T) =>
      asked(1, () => {
        of.seen?.look(pk, ledger.changesOf(pk), what)
        const stale = (what === 'states' || what === 'versions') && this.#random.chance(this.faults.staleIndex)
        if (stale) delete of.seen
        return act(stale)
      })
    return {
      ledger: {
        get: key => asked(1, () => read(key)) as never,
        getMany: keys => (keys.length === 0 ? Promise.resolve([]) : (asked(keys.length, () => keys.map(read)) as never)),
        put: (key, doc, rev) => asked(1, () => this.#put(of, key, doc, rev)),
        query: (pk, range) => look('all', pk, () => ledger.range(pk, range)) as never,
        runsInState: (task, states) =>
          look('states', runKey(of.graph.task(task)!.output, '').pk, stale => ledger.inState(task, states, stale)),
        publishedSince: (dataset, since) => look('versions', runKey(dataset, '').pk, stale => ledger.since(dataset, since, stale)),
        withEffects: pk => look('effects', pk, () => ledger.effects(pk)),
      },
      bus: { publish: events => (events.length === 0 ? Promise.resolve() : call(() => this.#publishSome(events))) },
      timers: { set: (at, event) => call(() => this.#setTimer(Math.max(at, this.now), event)) },
      clock: { now: () => this.now + of.skewMs, stamp: () => (this.#stamped = Math.max(this.now, this.#stamped + 1 / 1024)) },
      chance: { next: () => this.#random.next() },
      workers: { start: ({ run: _, ...attempt }) => call(() => this.#workers.start(attempt)), stop: () => call(() => {}) },
      spark: this.jobs.port(call),
      notifier: {
        alert: ({ task, partition, generation }) => call(() => this.#witness.alert(task, partition, generation)),
        notice: ({ task, partition }) => call(() => this.#witness.notice(task, partition)),
        platform: async () => {},
      },
      deadLetters: { put: async () => {} },
      lake: { put: (key, bytes) => call(() => this.lake.write(key, String(bytes))), get: key => call(() => this.lake.read(key)) },
      graph: async () => of.graph,
      laneLimits: this.laneLimits,
    }
  }

  // Setting the same timer again changes nothing.
  #setTimer(at: number, event: NewEvent): void {
    const name = `${at} ${event.type} ${JSON.stringify(event.detail)}`
    if (this.#timers.has(name)) return
    this.#timers.add(name)
    this.at(at, 'timer', () => {
      this.#timers.delete(name)
      this.publish([event])
    })
  }

  /** Runs a function as an invocation of its own; true when it ended well. */
  async invoke(name: string, act: (world: World) => Promise<unknown>, attempt?: AttemptName): Promise<boolean> {
    return this.#run(this.#invocation(name, attempt ? { attempt } : {}), act)
  }

  async #run(of: Invocation, act: (world: World) => Promise<unknown>): Promise<boolean> {
    try {
      await act(this.#worldOf(of))
      return true
    } catch (error) {
      const { code, failure } = error as { code?: string; failure?: string }
      if (error instanceof Crash || error instanceof StorageError || (code && failure !== 'user')) return false
      // Whoever is drawn here says nothing that is no event: a world in which they are not heard would prove nothing.
      if (code && code !== 'BAD_EVENT') {
        this.note(`${of.name} refuses: ${(error as Error).message}`)
        return true
      }
      throw error
    }
  }

  #deliver(to: string, event: Envelope): void {
    const { faults } = this
    if (this.#random.chance(faults.lose) && !repeatedBySenders.has(event['detail-type'])) return
    const delay = this.#random.chance(faults.delay)
      ? this.#random.int(1000, 3_600_000)
      : this.#random.chance(faults.reorder)
        ? this.#random.int(1, 2000)
        : 1
    const times = this.#random.chance(faults.duplicate) ? 2 : 1
    for (let i = 0; i < times; i++)
      this.at(this.now + delay + (i > 0 && this.#random.chance(0.5) ? this.#random.int(0, 5000) : 0), 'event', () => {
        this.delivered?.push({ to, event })
        if (this.#random.chance(faults.twice)) this.spawn(this.#handle(to, event, 3))
        this.spawn(this.#handle(to, event, 0))
      })
  }

  /** Delivers again what was delivered before. */
  redeliver(to: string, event: Envelope): void {
    this.spawn(this.#handle(to, event, 0))
  }

  async #handle(to: string, event: Envelope, tries: number): Promise<void> {
    const ok = await this.invoke(to, async world => {
      if (to === 'platform/requests') return requests(world, event)
      if (to === 'platform/night') return recordNight(world, event.detail as { date: string })
      if (to === 'platform/deliveries') return deliveries(world, async d => this.writeVersion(d.folder), event)
      return (await world.graph()).task(to) ? decide(world, to, event) : undefined
    })
    if (ok) return
    // Lambda tries an asynchronous invocation three times in all; then it is a dead letter.
    if (tries >= 2 && !repeatedBySenders.has(event['detail-type'])) {
      if (this.#random.chance(this.faults.redrive))
        this.at(this.now + this.#random.int(1, 24) * 3_600_000, 'event', () => this.spawn(this.#handle(to, event, 0)))
      else {
        this.letters.push({ to, event })
        // It was never handled, and telling it again is no repetition.
        this.delivered = this.delivered?.filter(d => d.to !== to || d.event !== event)
      }
      return
    }
    this.at(this.now + 60_000 * Math.min(tries + 1, 3), 'event', () => this.spawn(this.#handle(to, event, tries + 1)))
  }

  /** Writes a version's files; gives what an inspection of them finds. */
  writeVersion(folder: string) {
    const facts = { rows: 1, bytes: 4, schemaHash: '' }
    this.lake.write(`${folder}/part-0000.parquet`, 'rows')
    this.lake.write(
      `${folder}/manifest.json`,
      JSON.stringify({ files: [{ key: `${folder}/part-0000.parquet`, rows: 1, bytes: 4 }], ...facts }),
    )
    return facts as never
  }

  /** Lets something go on beside the rest. */
  spawn(act: Promise<void>): void {
    // Failures of the code under test must not pass silently.
    act.catch(error => {
      this.failure ??= error as Error
    })
  }

  #publishSome(events: readonly NewEvent[]): void {
    if (events.length > 1 && this.#random.chance(this.faults.partial)) {
      this.publish(events.slice(0, this.#random.int(0, events.length - 1)))
      throw new StorageError('some of the events were not taken')
    }
    this.publish(events)
  }

  /** Publishes as the engine, an operator or a schedule does. */
  publish(events: readonly NewEvent[]): void {
    for (const event of events) {
      this.#witness.published(event, this.now)
      const envelope: Envelope = {
        version: '0',
        id: `e${this.#order++}`,
        'detail-type': event.type,
        source: SOURCE,
        account: '',
        time: '',
        region: '',
        resources: [],
        detail: event.detail,
      }
      this.note(`event ${event.type} ${this.lines ? JSON.stringify(event.detail) : ''}`)
      for (const to of this.#subscribers(envelope)) this.#deliver(to, envelope)
    }
  }

  #subscribers(envelope: Envelope): string[] {
    return this.#rules.filter(r => r.patterns.some(p => matchesPattern(p, envelope))).map(r => r.to)
  }

  /** Starts relay and sweeps: the relay looks a moment after there is something to see. */
  start(): void {
    if (Number.isFinite(this.sweepMs)) this.at(this.now + this.sweepMs, 'sweep', () => this.#sweepAll())
    this.#relayLater()
  }

  #relayLater(): void {
    this.ledger.onChange = () => {
      this.ledger.onChange = () => {}
      const wait = this.#random.chance(this.faults.delay) ? this.#random.int(1000, 600_000) : 1
      this.at(this.now + wait, 'relay', () => this.spawn(this.#relay()))
    }
  }

  async #relay(): Promise<void> {
    this.#relayLater()
    if (this.#random.chance(this.faults.feedLoses)) this.ledger.loseFeed()
    const repeats = this.#random.chance(this.faults.feedRepeats)
    let left = 1
    await this.invoke('relay', async world => {
      const feed = {
        read: async (limit: number) => this.ledger.readFeed(limit),
        acknowledge: async (upTo: number) => {
          if (!repeats) this.ledger.forgetFeed(upTo)
        },
      }
      left = await relay(world, feed, 25)
    })
    if (this.ledger.feedLength > 0 && left > 0) this.at(this.now + 1000, 'relay', () => this.spawn(this.#relay()))
  }

  sweepNow(): void {
    this.#sweepAll()
  }

  #sweepAll(): void {
    if (this.now < this.#nextSweep) this.agenda.cancel('sweep')
    this.#nextSweep = this.now + this.sweepMs
    this.sweptAt = this.now
    if (Number.isFinite(this.sweepMs)) this.at(this.now + this.sweepMs, 'sweep', () => this.#sweepAll())
    if (this.ledger.feedLength > 0) this.spawn(this.#relay())
    this.#sweep(undefined, sweepPlatform)
    for (const { task } of this.#graph.tasks) this.#sweep(task, world => sweepTask(world, task))
    const day = Math.floor(this.now / 86_400_000)
    if (!this.collects || day === this.#collected) return
    this.#collected = day
    this.spawn(this.invoke('collector', world => collectDaily(world, this.lake)).then(() => {}))
  }

  /** Sweeps, unless the sweep before was to no effect and would be so again. */
  #sweep(task: string | undefined, act: (world: World) => Promise<void>): void {
    const name = `sweep ${task ?? 'platform'}`
    if (this.#settled.has(name, this.now)) return
    const of = this.#invocation(name, { seen: new Seen() })
    const { now } = this
    // By a clock that is behind, what has begun has not.
    const looked = Math.min(now, now + of.skewMs)
    this.spawn(
      this.#run(of, act).then(ok => {
        if (ok && of.seen && of.graph === this.#graph && now >= this.#earlier.until)
          this.#settled.add(name, of.seen, now, this.nextBegin(looked, task))
      }),
    )
  }

  /** When the next partition of a task, or of any, begins: then a sweep may make a run though nobody has written. */
  nextBegin: (now: number, task: string | undefined) => number = () => 0

  #occur(due: Due): void {
    this.now = Math.max(this.now, due.at)
    due.run()
  }

  /** Lets the world go on until a time: what is ready first, in an order that chance decides. */
  run(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        const failure = this.failure ?? this.#witness.failure
        if (failure) return reject(failure)
        if (this.calls > MOST_CALLS) return reject(new Error(`invariant 14: ${this.calls} calls, and no end in sight`))
        const ready = this.#ready
        const soon = ready.length > 0 && this.overlap > 0 && this.#random.chance(this.overlap) && this.agenda.take(this.now + MOMENT_MS)
        if (soon) this.#occur(soon)
        else if (ready.length > 0) {
          const i = ready.length === 1 ? 0 : this.#random.int(0, ready.length - 1)
          const go = ready[i]!
          ready[i] = ready[ready.length - 1]!
          ready.pop()
          go()
        } else {
          const next = this.agenda.take(until)
          if (!next) {
            this.now = Math.max(this.now, until)
            return resolve()
          }
          this.#occur(next)
        }
        done.then(drained)
      }
      // A tick that is asked for by a continuation comes when no continuation is left; one asked for by a tick would come before them.
      const drained = () => process.nextTick(step)
      step()
    })
  }
}

/** Which events go to a function. */
interface Rule {
  to: string
  patterns: EventPattern[]
}

const rulesOf = (graph: Graph): Rule[] => [
  ...Object.entries(platformPatterns).map(([name, patterns]) => ({ to: `platform/${name}`, patterns })),
  ...graph.tasks.map(t => ({ to: t.task, patterns: patternsOf(t) })),
]

function summaryOf(doc: object): string {
  const { holders, waiting, phase } = doc as {
    holders?: { partition: string; dataset: string; generation?: number; attempt?: number }[]
    waiting?: { partition: string; dataset: string }[]
    phase?: string
  }
  if (phase) return phase
  const held = holders?.map(h => `${h.dataset}@${h.partition}${h.generation === undefined ? '' : ` g${h.generation}-a${h.attempt}`}`)
  return holders ? `held by [${held!.join(', ')}], awaited by [${waiting!.map(h => `${h.dataset}@${h.partition}`).join(', ')}]` : ''
}
