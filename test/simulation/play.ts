import type { Contract } from '../../shared/core/contract.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import { sameJson } from '../../shared/core/same-json.ts'
import { checkCost } from './cost.ts'
import { type Faults, families, noFaults } from './faults.ts'
import { drawGraph, drawWeeks, type Weeks } from './graph.ts'
import { Broken, Oracle } from './oracle.ts'
import { Random } from './random.ts'
import { checkCone, checkRequests, checkRest, checkUnharmed } from './rest.ts'
import { drawMeetings, drawScript, type Step } from './script.ts'
import { SimulatedWorld } from './world.ts'

/** Everything that a seed decides before time begins; the rest of chance is drawn on the way. */
export interface Scenario {
  seed: number
  weeks: Weeks
  start: number
  end: number
  contracts: Contract[]
  script: Step[]
  families: string[]
  laneLimits: SimulatedWorld['laneLimits']
  /** The tasks that run on Spark. */
  onSpark: string[]
  sweepMs: number
  collects: boolean
  /** How likely something else occurs, each time that somebody waits for a port. */
  overlap: number
  /** Calls of ports at which the caller dies, before or after it is heard. */
  crashes?: readonly (readonly [call: number, when: 'before' | 'after'])[]
}

export interface Played {
  seed: number
  nights: number
  hash: number
  calls: number
  attempts: number
  requests: number
  units: number
  pinnable: number
  letters: number
  failure?: Error
}

// Longer than everything takes that was ever delivered, a millisecond apart.
const QUIET_MS = 600_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The scenario of a seed. A quarter of all seeds has no faults at all. */
export function drawScenario(seed: number): Scenario {
  const random = new Random(seed)
  const weeks = drawWeeks(random)
  const start = Date.parse(weeks.first)
  const end = start + (weeks.days + 1) * DAY_MS
  const drawn = drawGraph(random, weeks, start)
  const script = drawScript(random, weeks, drawn, start, end)
  const meetings = new Random(seed ^ 0x3ee7)
  if (meetings.chance(0.4)) script.push(...drawMeetings(meetings, weeks, drawn, start, end))
  script.sort((a, b) => a.at - b.at)
  const chosen = random.chance(0.25) ? [] : Object.keys(families).filter(f => f !== 'jobs' && random.chance(0.35))
  // By dice of their own: what a seed meant before there were jobs it means still, where it has none.
  const jobs = new Random(seed ^ 0x10b5)
  const onSpark = jobs.chance(0.2) ? drawn.contracts.flatMap(c => (c.kind === 'task' && jobs.chance(0.4) ? [c.task] : [])) : []
  if (onSpark.length > 0 && chosen.length > 0 && jobs.chance(0.6)) chosen.push('jobs')
  if (chosen.includes('outcomes')) drawOutgrown(new Random(seed ^ 0x0661), drawn.contracts, onSpark)
  const laneLimits = random.chance(0.2)
    ? { nightly: random.int(1, 6), backfill: random.int(1, 2), ...(random.chance(0.5) && { manual: 1 }) }
    : {}
  const contracts = drawn.contracts.filter(c => c.kind === 'dataset' || !drawn.later.has(c.task))
  // Where nothing is lost a sweep has nothing to do, so there is none, and whatever only a sweep would repair is found.
  const sweepMs = needsNoSweep(chosen, contracts, script) ? Number.POSITIVE_INFINITY : random.pick([0.25, 1, 3, 3, 6, 6, 12, 12]) * HOUR_MS
  const collects = random.chance(0.2)
  const overlap = random.pick([0, 0.02, 0.2, 0.5])
  return { sweepMs, collects, overlap, seed, weeks, start, end, contracts, script, families: chosen, laneLimits, onSpark }
}

/** Of tasks whose SQL may run on either engine some attempts outgrow their function; by dice of their own too. */
function drawOutgrown(random: Random, contracts: readonly Contract[], onSpark: readonly string[]): void {
  if (!random.chance(0.3)) return
  for (const c of contracts) if (c.kind === 'task' && !onSpark.includes(c.task) && random.chance(0.4)) c.retry.resources = 2
}

// Contracts that change wake nobody, and neither does a skip of what concerns every run of a dated task: both are left to the sweep.
function needsNoSweep(chosen: readonly string[], contracts: readonly Contract[], script: readonly Step[]): boolean {
  if (chosen.some(f => !['doubles', 'outcomes', 'versions'].includes(f)) || script.some(s => s.step === 'deploy')) return false
  return !(script.some(s => s.step === 'skip') && contracts.some(c => c.kind === 'task' && c.inputs.some(i => i.mapping.map === 'all')))
}

export function faultsOf(names: readonly string[]): Faults {
  const faults = { ...noFaults }
  for (const name of names)
    for (const [fault, p] of Object.entries(families[name]!)) faults[fault as keyof Faults] = Math.max(faults[fault as keyof Faults], p)
  return faults
}

/** Plays a scenario to its rest and judges it. */
export async function play(scenario: Scenario, lines?: string[]): Promise<Played> {
  const { weeks, contracts, start, end, seed } = scenario
  const random = new Random(seed ^ 0x5bd1e995)
  const faults = faultsOf(scenario.families)
  let world: SimulatedWorld
  const oracle = new Oracle(contracts, weeks.first, () => world.lake)
  oracle.laneLimits = scenario.laneLimits
  oracle.jobRuns = id => world.jobs.runs(id)
  oracle.skewMs = faults.skewMs
  world = new SimulatedWorld(random, contracts, start, faults, oracle)
  world.laneLimits = scenario.laneLimits
  world.sweepMs = scenario.sweepMs
  world.collects = scenario.collects
  world.jobs.tasks = new Set(scenario.onSpark)
  const outgrown = new Random(seed ^ 0x0662)
  world.outgrows = task =>
    world.faults.resources > 0 && world.graph.task(task)?.retry.resources === 2 && outgrown.chance(world.faults.resources)
  world.overlap = scenario.overlap
  for (const [call, when] of scenario.crashes ?? []) world.crashAt.set(call, when)
  world.nextBegin = (now, task) => nextBegin(oracle, now, task)
  // Half of the seeds end with everything told again.
  if (seed % 2 === 0) world.delivered = []
  if (lines) world.lines = lines
  const played = new Play(scenario, world, oracle, random)
  const result = () => ({
    seed,
    nights: weeks.days,
    hash: world.traceHash,
    calls: world.calls,
    attempts: oracle.attempts,
    requests: world.requests,
    units: world.units,
    pinnable: oracle.pinnable,
    letters: world.letters.length,
  })
  try {
    await played.all(end)
    return result()
  } catch (error) {
    return { ...result(), failure: error as Error }
  }
}

function nextBegin(oracle: Oracle, now: number, task: string | undefined): number {
  let next = Number.POSITIVE_INFINITY
  for (const { task: name, output } of oracle.tasks.values()) {
    if ((task !== undefined && task !== name) || !oracle.views.timed(output)) continue
    const { slices } = oracle.views.calendar(output)
    let [low, high] = [0, slices.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (slices[middle]!.start > now) high = middle
      else low = middle + 1
    }
    if (low < slices.length) next = Math.min(next, slices[low]!.start)
  }
  return next
}

class Play {
  readonly #scenario: Scenario
  readonly #world: SimulatedWorld
  readonly #oracle: Oracle
  readonly #random: Random

  constructor(scenario: Scenario, world: SimulatedWorld, oracle: Oracle, random: Random) {
    this.#scenario = scenario
    this.#world = world
    this.#oracle = oracle
    this.#random = random
  }

  async all(end: number): Promise<void> {
    const world = this.#world
    for (const step of this.#scenario.script) world.at(step.at, 'step', () => this.#step(step))
    world.start()
    await world.run(end)
    await this.#rest()
    this.#check()
    if (this.#scenario.families.length === 0 && !this.#scenario.crashes) this.#checkCost()
    await this.#replayOne()
    await this.#redeliverAll()
  }

  #publish(...events: NewEvent[]): void {
    this.#world.publish(events)
  }

  #step(step: Step): void {
    const world = this.#world
    world.note(
      `— ${step.step} ${'task' in step ? step.task : 'date' in step ? step.date : 'dataset' in step ? `${step.dataset}@${step.partition}` : ''}`,
    )
    switch (step.step) {
      case 'deliver':
        this.#publish({
          type: 'VersionDelivered',
          detail: { id: step.id, dataset: step.dataset, partition: step.partition, files: ['a.csv'] },
        })
        return
      case 'night':
        this.#publish({ type: 'NightStarted', detail: { date: step.date } })
        return
      case 'pause':
        this.#publish({ type: 'TaskPaused', detail: { task: step.task } })
        return
      case 'resume':
        this.#publish({ type: 'TaskResumed', detail: { task: step.task } })
        return
      case 'cancel':
      case 'approve':
      case 'skip':
        this.#operate(step.step, step.chosen)
        return
      case 'request':
        this.#publish({ type: 'RunRequested', detail: step.detail })
        return
      case 'deploy':
        this.#oracle.deploy(step.contracts)
        world.deploy(step.contracts)
        return
      default:
        step satisfies never
        return
    }
  }

  #operate(what: 'cancel' | 'approve' | 'skip', chosen: number): void {
    const docs = [...this.#world.ledger.runs()].map(r => r.doc)
    const pick = <T>(from: T[]) => (from.length > 0 ? from[chosen % from.length] : undefined)
    if (what === 'skip') {
      const missing = docs.filter(d => d.state === 'waiting' || d.state === 'failed' || !d.task)
      const doc = pick(missing)
      if (doc) this.#publish({ type: 'PartitionSkipped', detail: { dataset: doc.dataset, partition: doc.partition } })
      return
    }
    const open = docs.filter(
      d => d.task && (what === 'approve' ? d.state === 'held' : d.state && !['succeeded', 'failed', 'cancelled'].includes(d.state)),
    )
    // What is at work is worth the most trouble, and seldom found by chance.
    const doc = pick(open.filter(d => d.state === 'running')) ?? pick(open)
    if (!doc) return
    const detail = { task: doc.task!, partition: doc.partition }
    this.#publish(what === 'approve' ? { type: 'RunApproved', detail } : { type: 'RunCancelled', detail })
  }

  /** Faults stop, operators resume and approve everything, and the world goes on until nothing happens any more. */
  async #rest(): Promise<void> {
    const world = this.#world
    world.faults = { ...noFaults }
    // A chain of hours on jobs that take longer than an hour would never rest.
    world.jobs.longest = 20
    const swept = Number.isFinite(world.sweepMs)
    if (swept) this.#sweepOften()
    this.#publish({ type: 'TaskResumed', detail: { task: 'all' } })
    for (const task of this.#oracle.tasks.keys()) this.#publish({ type: 'TaskResumed', detail: { task } })
    await this.#settle()
    await this.#approveAll()
    if (swept) return
    this.#check()
    this.#sweepOften()
    await this.#settle()
    await this.#approveAll()
  }

  #sweepOften(): void {
    this.#world.sweepMs = 3 * HOUR_MS
    this.#world.sweepNow()
  }

  async #approveAll(): Promise<void> {
    const world = this.#world
    for (let round = 0; round < 12; round++) {
      const held = [...world.ledger.runs()].filter(r => r.doc.state === 'held' && this.#oracle.tasks.has(r.doc.task!))
      if (held.length === 0) return
      for (const { doc, key } of held) {
        if (this.#oracle.at(doc.dataset, key.sk).notices === 0)
          this.#oracle.broken(13, `${doc.task}@${key.sk} is held, and nobody was told`)
        this.#publish({ type: 'RunApproved', detail: { task: doc.task!, partition: key.sk } })
      }
      await this.#settle()
    }
  }

  async #settle(): Promise<void> {
    const world = this.#world
    // Six hours cover every lease, every place that is kept, and sweeps enough to tell of what they found; more than two weeks would be no rest.
    for (let hours = 3; hours <= 24 * 14; hours += 3) {
      // Not on the hour, when partitions begin.
      await world.run((Math.floor(world.now / HOUR_MS) + 3) * HOUR_MS + 1_867_000)
      if (hours >= 6 && this.#isAtRest()) return
    }
    throw new Broken(3, 'the world does not come to rest')
  }

  /** Nothing is under way, and nothing falls due but partitions that are to begin. */
  #isAtRest(): boolean {
    const world = this.#world
    if (world.agenda.items.some(d => d.kind !== 'sweep' && d.kind !== 'timer')) return false
    for (const { doc } of world.ledger.runs()) {
      if (!this.#oracle.tasks.has(doc.task!)) continue
      if (doc.state === 'running' || (doc.state === 'queued' && doc.due !== undefined)) return false
      // Its timer may have been lost with the feed; then it is the next sweep's to find.
      const { due } = doc
      if (doc.state === 'waiting' && due !== undefined && due <= world.now && due + world.sweepMs > world.now && world.sweepMs < DAY_MS)
        return false
    }
    return true
  }

  #check(): void {
    const lost = this.#scenario.families.includes('feed')
    checkRest(this.#oracle, this.#world.now, this.#scenario.start, this.#world.sweptAt, lost)
    if (this.#scenario.families.length === 0 && !this.#scenario.crashes) checkUnharmed(this.#oracle)
    checkRequests(this.#oracle)
    if (this.#oracle.failure) throw this.#oracle.failure
  }

  #checkCost(): void {
    checkCost(this.#oracle, this.#world, this.#scenario.script.length)
    if (this.#oracle.failure) throw this.#oracle.failure
  }

  /** Where nothing fails: a run is repeated, and nothing but what follows from it runs anew. */
  async #replayOne(): Promise<void> {
    if (this.#scenario.families.length > 0 || this.#scenario.crashes) return
    const world = this.#world
    const before = new Map([...world.ledger.runs()].map(r => [`${r.doc.dataset}@${r.key.sk}`, r.doc]))
    const over = [...before.values()].filter(d => d.task && d.state === 'succeeded' && this.#oracle.tasks.has(d.task))
    if (over.length === 0) return
    const { task, dataset, partition } = this.#random.pick(over)
    this.#publish({
      type: 'RunRequested',
      detail: { id: 'replayed', tasks: [task!], from: partition, to: partition, run: 'all', lane: 'manual' },
    })
    await this.#settle()
    checkCone(this.#oracle, before, `${dataset}@${partition}`)
    await this.#approveAll()
    this.#check()
  }

  /** Everything that was delivered is delivered again, and no document changes. */
  async #redeliverAll(): Promise<void> {
    const world = this.#world
    const { delivered } = world
    if (!delivered) return
    world.delivered = undefined
    if (!(await this.#quietMoment())) return
    const before = this.#revisions()
    const runs = () => new Map([...world.ledger.runs()].map(({ key, doc }) => [`${key.pk}/${key.sk}`, doc]))
    const docs = runs()
    delivered.forEach(({ to, event }, i) => {
      world.at(world.now + i, 'event', () => world.redeliver(to, event))
    })
    await world.run(world.now + QUIET_MS)
    // What a fault lost for ever may now be made, where nothing demanded it, take its place, and be told to whoever reads it; a run without
    // cause is found as it is written.
    const after = this.#revisions()
    const made = [...after.keys()].filter(name => name.startsWith('run/') && !before.has(name)).map(name => name.split('/')[1]!)
    const makers = made.flatMap(dataset => world.graph.producerOf(dataset)?.task ?? [])
    const concerned = new Set([...makers, ...world.graph.downstreamOf(makers)].map(task => world.graph.task(task)!.output))
    const mayChange = (name: string) => (name.startsWith('limit/') ? made.length > 0 : concerned.has(name.split('/')[1]!))
    // By a clock that was behind, an arrival was left to the beginning of its partition, which brings no cause.
    const told = runs()
    const hasOnlyMoreCause = (name: string) =>
      this.#oracle.skewMs > 0 && sameJson({ ...docs.get(name), cause: 0 }, { ...told.get(name), cause: 0 })
    for (const [name, rev] of after)
      if (before.has(name) && rev !== before.get(name) && !mayChange(name) && !hasOnlyMoreCause(name))
        throw new Broken(11, `${name} changed when everything was delivered again`)
  }

  /** Goes on until nothing is to happen by itself for a while; false when no such while comes soon. */
  async #quietMoment(): Promise<boolean> {
    const world = this.#world
    for (let tries = 0; tries < 10; tries++) {
      const until = world.now + QUIET_MS
      const due = [...world.ledger.runs()].some(({ doc }) => doc.due !== undefined && doc.due > world.now - HOUR_MS && doc.due <= until)
      if (!due && !world.agenda.items.some(d => d.kind !== 'sweep' && d.at <= until)) return true
      await world.run(until + 1)
    }
    return false
  }

  #revisions(): Map<string, number> {
    const { ledger } = this.#world
    const others = ['request', 'night', 'pause', 'limit'].flatMap(pk => ledger.range(pk))
    return new Map([...ledger.runs(), ...others].map(({ key, rev }) => [`${key.pk}/${key.sk}`, rev]))
  }
}
