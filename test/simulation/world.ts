import type { Contract, TaskContract } from '../../shared/core/contract.ts'
import { type Envelope, matchesPattern, type NewEvent, patternsOf, platformPatterns, SOURCE } from '../../shared/core/events.ts'
import { RENEW_MS } from '../../shared/core/follow.ts'
import { buildGraph, type Graph } from '../../shared/core/graph.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { finish, renewLease } from '../../shared/engine/attempt.ts'
import { decide } from '../../shared/engine/decide.ts'
import { recordVersion } from '../../shared/engine/deliveries.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { recordNight } from '../../shared/engine/night.ts'
import { matters, relay } from '../../shared/engine/relay.ts'
import { requests } from '../../shared/engine/requests.ts'
import { SWEEP_MS, sweepPlatform, sweepTask } from '../../shared/engine/sweep.ts'
import type { World } from '../../shared/engine/world.ts'
import type { AttemptName } from '../../shared/ports/world.ts'
import { MemoryLedger } from './memory-ledger.ts'
import type { Random } from './random.ts'

/** How likely each fault is, each time it could happen; 0 is never. */
export interface Faults {
  duplicate: number
  reorder: number
  delay: number
  lose: number
  crash: number
  /** A write that succeeds and reports failure. */
  unsure: number
  throttle: number
  staleIndex: number
  feedRepeats: number
  feedLoses: number
  /** An invocation that is tried again while the first still runs. */
  twice: number
  /** An attempt's start that never arrives. */
  startLost: number
  /** A worker that says nothing past its lease and then goes on. */
  freeze: number
  /** A worker that dies. */
  die: number
  /** How far a worker's clock may be off, in milliseconds. */
  skewMs: number
  /** How attempts end that end badly. */
  transient: number
  user: number
  timeout: number
}
export const noFaults: Faults = {
  duplicate: 0,
  reorder: 0,
  delay: 0,
  lose: 0,
  crash: 0,
  unsure: 0,
  throttle: 0,
  staleIndex: 0,
  feedRepeats: 0,
  feedLoses: 0,
  twice: 0,
  startLost: 0,
  freeze: 0,
  die: 0,
  skewMs: 0,
  transient: 0,
  user: 0,
  timeout: 0,
}

/** What happened, for the trace and for those who judge it. */
export interface Witness {
  /** A document of a run was written; `began` is the turn in which the invocation that wrote it began. */
  wrote(before: RunDoc | undefined, after: RunDoc, now: number, began: number): void
  other(pk: string, sk: string, after: unknown, turn: number): void
  published(event: NewEvent, now: number): void
  alert(task: string, partition: string, generation: number): void
  /** Files were written, by an attempt that read what it had pinned. */
  files(attempt: AttemptName, doc: RunDoc): void
}

class Crash extends Error {}
class StorageError extends Error {}

/** One invocation of a function: it dies alone, and everything it waits for then fails. */
interface Invocation {
  name: string
  dead: boolean
  skewMs: number
  began: number
}

interface Task {
  at: number
  order: number
  run: () => Promise<void>
}

/**
 * A world that is nothing but chance: every call of a port is a point where others go on in between, where the caller may
 * die, and where a fault may happen. One thread, virtual time, one seed.
 */
export class SimulatedWorld {
  readonly ledger = new MemoryLedger(matters)
  now: number
  faults: Faults
  turn = 0
  readonly #random: Random
  readonly #witness: Witness
  #graph: Graph
  #agenda: Task[] = []
  #order = 0
  #ready: (() => void)[] = []
  #running = 0
  #trace = 0
  /** Set where a swept crash is to happen: at the call of this number. */
  crashAt = new Set<number>()
  calls = 0
  #stamped = 0
  readonly #files = new Map<string, string>()
  letters = 0

  constructor(random: Random, contracts: readonly Contract[], now: number, faults: Faults, witness: Witness) {
    this.#random = random
    this.now = now
    this.faults = faults
    this.#witness = witness
    this.#graph = buildGraph(contracts)
  }

  get graph(): Graph {
    return this.#graph
  }

  /** The contracts as they stand from now on: services are deployed one by one. */
  deploy(contracts: readonly Contract[]): void {
    this.#graph = buildGraph(contracts)
  }

  /** A number that any difference between two traces changes. */
  get traceHash(): number {
    return this.#trace
  }

  #note(text: string): void {
    let h = this.#trace
    for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
    this.#trace = (Math.imul(h, 31) + Math.floor(this.now)) | 0
  }

  /** Something that occurs at its time. */
  at(time: number, run: () => Promise<void>): void {
    this.#agenda.push({ at: time, order: this.#order++, run })
  }

  #invocation(name: string): Invocation {
    return { name, dead: false, skewMs: this.faults.skewMs ? this.#random.int(-this.faults.skewMs, this.faults.skewMs) : 0, began: this.turn }
  }

  /** A call of a port: others may go on first, the caller may die before or after. */
  async #call<T>(of: Invocation, act: () => T): Promise<T> {
    if (of.dead) throw new Crash()
    await new Promise<void>(go => this.#ready.push(go))
    this.turn++
    const call = this.calls++
    if (of.dead) throw new Crash()
    if (this.crashAt.has(call) || this.#random.chance(this.faults.crash)) {
      of.dead = true
      // Half of those who die have been heard: their write stands.
      if (this.crashAt.has(call) ? call % 2 === 0 : this.#random.chance(0.5)) act()
      throw new Crash()
    }
    return act()
  }

  #worldOf(of: Invocation): World {
    const { ledger } = this
    const call = <T>(act: () => T) => this.#call(of, act)
    const stale = () => this.#random.chance(this.faults.staleIndex)
    return {
      ledger: {
        get: key => call(() => ledger.read(key)),
        getMany: keys => call(() => keys.map(key => ledger.read(key))) as never,
        put: (key, doc, rev) =>
          call(() => {
            if (this.#random.chance(this.faults.throttle)) throw new StorageError('throttled')
            const before = ledger.read<RunDoc>(key)?.doc
            const written = ledger.write(key, doc, rev)
            if (written) {
              this.#note(`${key.pk}/${key.sk}`)
              const after = structuredClone(doc)
              if (key.pk.startsWith('run/')) this.#witness.wrote(before, after as RunDoc, this.now, of.began)
              else this.#witness.other(key.pk, key.sk, after, this.turn)
            }
            if (written && this.#random.chance(this.faults.unsure)) throw new StorageError('timed out, and yet it is written')
            return written
          }),
        query: (pk, range) => call(() => ledger.range(pk, range)) as never,
        runsInState: (task, states) => call(() => ledger.inState(task, states, stale())),
        publishedSince: (dataset, since) => call(() => ledger.since(dataset, since, stale())),
        withEffects: pk => call(() => ledger.effects(pk)),
      },
      bus: { publish: events => call(() => this.publish(events)) },
      timers: { set: (at, event) => call(() => this.at(Math.max(at, this.now), async () => this.publish([event]))) },
      clock: { now: () => this.now + of.skewMs, stamp: () => (this.#stamped = Math.max(this.now, this.#stamped + 1 / 1024)) },
      chance: { next: () => this.#random.next() },
      workers: { start: attempt => call(() => this.#startWork(attempt)), stop: async () => {} },
      notifier: {
        alert: ({ task, partition, generation }) => call(() => this.#witness.alert(task, partition, generation)),
        notice: async () => {},
        platform: async () => {},
      },
      deadLetters: { put: async () => void this.letters++ },
      lake: {
        put: (key, bytes) => call(() => void this.#files.set(key, String(bytes))),
        get: key => call(() => (this.#files.has(key) ? new TextEncoder().encode(this.#files.get(key)) : undefined)),
      },
      graph: async () => this.#graph,
      laneLimits: {},
    }
  }

  /** Runs a function as an invocation of its own; true when it ended well. */
  async #invoke(name: string, act: (world: World) => Promise<unknown>): Promise<boolean> {
    const of = this.#invocation(name)
    this.#running++
    try {
      await act(this.#worldOf(of))
      return true
    } catch (error) {
      const { code, failure } = error as { code?: string; failure?: string }
      if (error instanceof Crash || error instanceof StorageError || (code && failure !== 'user')) return false
      if (code) {
        this.letters++
        return true
      }
      throw error
    } finally {
      this.#running--
    }
  }

  // Lambda tries an asynchronous invocation three times in all.
  #deliver(to: string, event: Envelope, tries = 0): void {
    const { faults } = this
    if (this.#random.chance(faults.lose) && event['detail-type'] !== 'NightStarted' && event['detail-type'] !== 'RunRequested') return
    const delay = this.#random.chance(faults.delay) ? this.#random.int(1000, 3_600_000) : this.#random.chance(faults.reorder) ? this.#random.int(1, 2000) : 1
    const times = this.#random.chance(faults.duplicate) ? 2 : 1
    for (let i = 0; i < times; i++)
      this.at(this.now + delay + i * this.#random.int(0, 5000), async () => {
        if (this.#random.chance(faults.twice)) this.#spawn(() => this.#handle(to, event, 3))
        this.#spawn(() => this.#handle(to, event, tries))
      })
  }

  async #handle(to: string, event: Envelope, tries: number): Promise<void> {
    const ok = await this.#invoke(to, async world => {
      if (to === 'platform/requests') return requests(world, event)
      if (to === 'platform/night') return recordNight(world, event.detail as { date: string })
      if (to.startsWith('platform/')) return
      return this.#graph.task(to) ? decide(world, to, event) : undefined
    })
    if (ok || (tries >= 2 && event['detail-type'] !== 'RunRequested' && event['detail-type'] !== 'NightStarted')) return
    this.at(this.now + 60_000 * (tries + 1), async () => this.#spawn(() => this.#handle(to, event, tries + 1)))
  }

  #spawn(act: () => Promise<void>): void {
    // Failures of the code under test must not pass silently.
    act().catch(error => {
      this.failure ??= error as Error
    })
  }
  failure: Error | undefined

  /** Publishes as the engine, an operator or a schedule does. */
  publish(events: readonly NewEvent[]): void {
    for (const event of events) {
      this.#witness.published(event, this.now)
      const envelope: Envelope = {
        version: '0',
        id: `e${this.#order}`,
        'detail-type': event.type,
        source: SOURCE,
        account: '',
        time: '',
        region: '',
        resources: [],
        detail: structuredClone(event.detail),
      }
      this.#note(event.type)
      for (const to of this.#subscribers(envelope)) this.#deliver(to, envelope)
    }
  }

  #subscribers(envelope: Envelope): string[] {
    const platform = Object.entries(platformPatterns).filter(([, patterns]) => patterns.some(p => matchesPattern(p, envelope)))
    return [...platform.map(([name]) => `platform/${name}`), ...this.#graph.tasks.filter(t => patternsOf(t).some(p => matchesPattern(p, envelope))).map(t => t.task)]
  }

  /** A version from outside. */
  ready(dataset: string, partition: string): void {
    const id = `d${this.#order++}`
    const once = async (): Promise<void> => {
      const ok = await this.#invoke('deliveries', async world => {
        const generation = (this.ledger.read<RunDoc>(runKey(dataset, partition))?.doc.generation ?? 0) + 1
        await recordVersion(world, dataset, partition, id, generation, { rows: 1, bytes: 1, schemaHash: '' })
      })
      if (!ok) this.at(this.now + 60_000, once)
    }
    this.#spawn(once)
  }

  #startWork(attempt: AttemptName): void {
    if (this.#random.chance(this.faults.startLost)) return
    const times = this.#random.chance(this.faults.twice) ? 2 : 1
    for (let i = 0; i < times; i++) this.at(this.now + 1 + i, async () => this.#spawn(() => this.#work(attempt)))
  }

  async #work(attempt: AttemptName): Promise<void> {
    const { faults } = this
    const doc = this.ledger.read<RunDoc>(runKey(attempt.dataset, attempt.partition))?.doc
    if (doc?.state !== 'running' || doc.generation !== attempt.generation || doc.attempt !== attempt.attempt) return
    if (this.#random.chance(faults.die)) return
    this.#witness.files(attempt, doc)
    const freezes = this.#random.chance(faults.freeze)
    const minutes = freezes ? this.#random.int(60, 200) : this.#random.chance(0.1) ? this.#random.int(5, 90) : 0
    let own = true
    for (let passed = RENEW_MS; !freezes && own && passed < minutes * 60_000; passed += RENEW_MS) {
      await this.#sleep(RENEW_MS)
      await this.#invoke('renew', async world => {
        own = await renewLease(world, attempt)
      })
    }
    await this.#sleep(freezes || minutes === 0 ? minutes * 60_000 : (minutes * 60_000) % RENEW_MS)
    const failure = this.#random.chance(faults.transient) ? 'transient' : this.#random.chance(faults.user) ? 'user' : this.#random.chance(faults.timeout) ? 'timeout' : undefined
    const ended = failure ? ({ ok: false, failure, message: '' } as const) : ({ ok: true, rows: 1, bytes: 1, schemaHash: '' } as const)
    // A worker that cannot say how it ended tries again some times, then it is gone.
    for (let tries = 0; tries < 3; tries++) if (await this.#invoke('work', world => finish(world, attempt, ended))) return
  }

  #sleep(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise(resolve => this.at(this.now + ms, async () => resolve()))
  }

  /** Starts relay and sweeps: the relay looks every few seconds while there is something to see. */
  start(): void {
    this.at(this.now + SWEEP_MS, () => this.#sweepAll())
    this.#relayLater()
  }

  #relayLater(): void {
    this.ledger.onChange = () => {
      this.ledger.onChange = () => {}
      const wait = this.#random.chance(this.faults.delay) ? this.#random.int(1000, 600_000) : 1
      this.at(this.now + wait, async () => this.#spawn(() => this.#relay()))
    }
  }

  async #relay(): Promise<void> {
    this.#relayLater()
    if (this.#random.chance(this.faults.feedLoses)) this.ledger.loseFeed()
    const repeats = this.#random.chance(this.faults.feedRepeats)
    let left = 1
    await this.#invoke('relay', async world => {
      const feed = {
        read: async (limit: number) => this.ledger.readFeed(limit),
        acknowledge: async (upTo: number) => {
          if (!repeats) this.ledger.forgetFeed(upTo)
        },
      }
      left = await relay(world, feed, 25)
    })
    if (this.ledger.feedLength > 0 && left > 0) this.at(this.now + 1000, async () => this.#spawn(() => this.#relay()))
  }

  async #sweepAll(): Promise<void> {
    this.at(this.now + SWEEP_MS, () => this.#sweepAll())
    if (this.ledger.feedLength > 0) this.#spawn(() => this.#relay())
    if (this.ledger.settled(this.now)) return
    const before = this.ledger.writes
    this.#spawn(async () => void (await this.#invoke('platform sweep', sweepPlatform)))
    for (const { task } of this.#graph.tasks as TaskContract[])
      this.#spawn(async () => {
        await this.#invoke(`sweep ${task}`, world => sweepTask(world, task))
        this.ledger.sweptAt(before, this.now)
      })
  }

  /** Lets the world go on until a time: what is ready first, in an order that chance decides. */
  async run(until: number): Promise<void> {
    for (;;) {
      if (this.failure) throw this.failure
      if (this.#ready.length > 0) {
        const i = this.#ready.length === 1 ? 0 : this.#random.int(0, this.#ready.length - 1)
        const [go] = this.#ready.splice(i, 1)
        go!()
        await settle()
        continue
      }
      const next = this.#takeNext(until)
      if (!next) break
      this.now = Math.max(this.now, next.at)
      await next.run()
      await settle()
    }
    this.now = Math.max(this.now, until)
  }

  #takeNext(until: number): Task | undefined {
    let best = -1
    for (let i = 0; i < this.#agenda.length; i++) {
      const t = this.#agenda[i]!
      if (t.at > until) continue
      if (best < 0 || t.at < this.#agenda[best]!.at || (t.at === this.#agenda[best]!.at && t.order < this.#agenda[best]!.order)) best = i
    }
    return best < 0 ? undefined : this.#agenda.splice(best, 1)[0]
  }
}

// All continuations of what was let go run before the next thing is chosen.
const settle = () => new Promise<void>(resolve => setImmediate(resolve))
