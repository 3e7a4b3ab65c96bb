import type { InputContract, TaskContract } from '../shared/core/contract.ts'
import type { EventDetails } from '../shared/core/events.ts'
import type { Graph } from '../shared/core/graph.ts'
import { affectedBy } from '../shared/core/mapping.ts'
import { select } from '../shared/core/operate.ts'
import { isTimed, keyOf, ordinalAt, ordinalOf, ordinalRange, type Partitioning } from '../shared/core/partition.ts'
import { isSatisfied, neededOrdinals, optionalTime } from '../shared/core/readiness.ts'
import { runsOf } from '../shared/core/request.ts'
import { overStates, type RunDoc, type RunState, runStates } from '../shared/core/run.ts'
import { placeOf } from '../shared/engine/load.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'

/** What a request would come to, as far as the ledger tells. */
export interface Plan {
  /** Upstream first. */
  tasks: PlannedTask[]
  /** How many of the named runs the request selects. */
  selected: number
  /** How many of the named runs are not over. */
  open: number
  /** Runs in all, those that follow included. */
  runs: number
  /** What these runs' versions may hold, by those that were made before; absent where none was. */
  rows?: number
  bytes?: number
}

/** How many partitions are there, and of how many a run is under way, or has ended without a version. */
export type Standing = Partial<Record<'there' | RunState, number>>

export interface PlannedTask {
  task: string
  /** The request names it; else it follows. */
  named: boolean
  /** Partitions that would run. */
  runs: string[]
  /** Partitions that would wait for inputs which neither are there nor would be made. */
  waiting: string[]
  /** Partitions that would wait for a person. */
  held: string[]
}

type Wish = EventDetails['RunRequested'] & { id: string }

/** Follows a request through the graph without writing anything. */
export function planOf(ledger: SqliteLedger, graph: Graph, wish: Wish, now: number): Plan {
  const planner = new Planner(ledger, graph, now)
  const named = new Map<string, number[]>()
  for (const { task, ordinal } of runsOf({ ...wish, upTo: now }, graph)) named.set(task, [...(named.get(task) ?? []), ordinal])
  let [selected, open] = [0, 0]
  for (const contract of graph.order()) {
    const chosen = (named.get(contract.task) ?? []).filter(o => planner.selects(contract, o, wish)).sort((a, b) => a - b)
    selected += chosen.length
    open += (named.get(contract.task) ?? []).filter(o => planner.isOpen(contract, o)).length
    planner.plan(contract, chosen, (wish.downstream ?? true) ? undefined : new Set(named.get(contract.task)))
  }
  const tasks = planner.tasks.filter(t => t.runs.length + t.waiting.length + t.held.length > 0)
  for (const t of tasks) t.named = wish.tasks.includes(t.task)
  const runs = tasks.reduce((sum, t) => sum + t.runs.length, 0)
  return { tasks, selected, open, runs, ...planner.estimate(tasks) }
}

/** The runs that a request names, as far as they are there. */
export function namedRuns(ledger: SqliteLedger, graph: Graph, wish: Wish, now: number): RunDoc[] {
  const one = ledger.sql('SELECT doc FROM docs WHERE pk = ? AND sk = ?')
  return runsOf({ ...wish, upTo: now }, graph).flatMap(({ task, ordinal }) => {
    const { output } = graph.task(task)!
    const found = one.get(`run/${output}`, keyOf(graph.dataset(output)!.partitioning, ordinal)) as { doc: string } | undefined
    return found ? [JSON.parse(found.doc) as RunDoc] : []
  })
}

/** A version stays there while a newer one is made, but what people wait for is that one. */
export function standingOf(docs: readonly RunDoc[]): Standing {
  const found = docs.map(({ state, version }) =>
    state === 'waiting' || state === 'queued' || state === 'running' || !version ? state : 'there',
  )
  const counts = (['there', ...runStates] as const).map(how => [how, found.filter(f => f === how).length] as const)
  return Object.fromEntries(counts.filter(([, n]) => n > 0))
}

class Planner {
  readonly tasks: PlannedTask[] = []
  readonly #ledger: SqliteLedger
  readonly #graph: Graph
  readonly #now: number
  /** The partitions of each dataset that would get a new version. */
  readonly #made = new Map<string, Set<number>>()
  readonly #docs = new Map<string, Map<number, RunDoc>>()

  constructor(ledger: SqliteLedger, graph: Graph, now: number) {
    this.#ledger = ledger
    this.#graph = graph
    this.#now = now
  }

  selects(contract: TaskContract, ordinal: number, wish: Wish): boolean {
    const place = placeOf(this.#graph, contract.task, ordinal)
    const doc = this.#docsOf(contract.output).get(ordinal)
    return select(doc, place, { id: wish.id, run: wish.run ?? 'missing', cause: { lane: wish.lane ?? 'backfill' } }) !== undefined
  }

  isOpen(contract: TaskContract, ordinal: number): boolean {
    const state = this.#docsOf(contract.output).get(ordinal)?.state
    return state !== undefined && !overStates.includes(state)
  }

  /** Adds a task's runs: those chosen, and those that its inputs' new versions concern; without downstream, of what is `named` and there. */
  plan(contract: TaskContract, chosen: readonly number[], named: ReadonlySet<number> | undefined): void {
    const output = this.#partitioning(contract.output)
    const follows = (o: number) => !named || (named.has(o) && this.#docsOf(contract.output).get(o)?.state !== undefined)
    const planned: PlannedTask = { task: contract.task, named: false, runs: [], waiting: [], held: [] }
    const made = new Set<number>()
    this.#made.set(contract.output, made)
    const waiting = new Set<number>()
    const held = new Set<number>()
    const todo = new Set(chosen)
    for (const input of contract.inputs) for (const o of this.#concerned(input, contract, output)) if (follows(o)) todo.add(o)
    // Oldest first: what a run of an incremental task makes may complete the next one.
    for (const queue = [...todo].sort((a, b) => a - b); queue.length > 0; ) {
      const ordinal = queue.shift()!
      const fate = chosen.includes(ordinal) ? 'rerun' : this.#policy(contract, output, ordinal)
      if (fate === 'ignore') continue
      if (fate === 'hold') held.add(ordinal)
      else if (!this.#complete(contract, output, ordinal)) waiting.add(ordinal)
      else {
        made.add(ordinal)
        const own = contract.inputs.filter(i => i.dataset === contract.output)
        for (const next of own.flatMap(i => this.#affected(i, contract, output, ordinal)).filter(follows))
          if (!made.has(next) && !queue.includes(next)) queue.push(next)
      }
    }
    const keys = (ordinals: Iterable<number>) => [...ordinals].sort((a, b) => a - b).map(o => keyOf(output, o))
    Object.assign(planned, { runs: keys(made), waiting: keys(waiting), held: keys(held) })
    this.tasks.push(planned)
  }

  /** What one of the task's versions holds, of those made before, times how many there would be. */
  estimate(tasks: readonly PlannedTask[]): { rows?: number; bytes?: number } {
    let [rows, weight, known] = [0, 0, false]
    for (const { task, runs } of tasks) {
      const versions = [...this.#docsOf(this.#graph.task(task)!.output).values()].flatMap(d => d.version ?? [])
      if (versions.length === 0) continue
      known = true
      rows += (versions.reduce((sum, v) => sum + v.rows, 0) / versions.length) * runs.length
      weight += (versions.reduce((sum, v) => sum + v.bytes, 0) / versions.length) * runs.length
    }
    return known ? { rows: Math.round(rows), bytes: Math.round(weight) } : {}
  }

  #partitioning(dataset: string): Partitioning {
    return this.#graph.dataset(dataset)!.partitioning
  }

  #docsOf(dataset: string): Map<number, RunDoc> {
    const known = this.#docs.get(dataset)
    if (known) return known
    const partitioning = this.#partitioning(dataset)
    const rows = this.#ledger.sql('SELECT sk, doc FROM docs WHERE pk = ?').all(`run/${dataset}`) as unknown as { sk: string; doc: string }[]
    const docs = new Map<number, RunDoc>()
    for (const { sk, doc } of rows) {
      const ordinal = ordinalOf(partitioning, sk)
      if (ordinal !== undefined) docs.set(ordinal, JSON.parse(doc) as RunDoc)
    }
    this.#docs.set(dataset, docs)
    return docs
  }

  /** The runs of a task that new versions of an input concern. */
  #concerned(input: InputContract, contract: TaskContract, output: Partitioning): number[] {
    if (input.dataset === contract.output) return []
    return [...(this.#made.get(input.dataset) ?? [])].flatMap(o => this.#affected(input, contract, output, o))
  }

  #affected(input: InputContract, contract: TaskContract, output: Partitioning, ordinal: number): number[] {
    const { from, to } = affectedBy(input.mapping, this.#partitioning(input.dataset), output, ordinal)
    // What concerns every partition there will ever be concerns those that are there.
    if (to === Number.POSITIVE_INFINITY)
      return [...this.#docsOf(contract.output)].flatMap(([o, doc]) => (doc.state && o >= from ? [o] : []))
    return ordinalRange(output, from, isTimed(output) ? Math.min(to, ordinalAt(output, this.#now)) : to)
  }

  /** What a run does about its inputs' new versions: one that is not there yet, or waits, takes them in any case. */
  #policy(contract: TaskContract, output: Partitioning, ordinal: number): InputContract['onUpdate'] {
    const state = this.#docsOf(contract.output).get(ordinal)?.state
    if (state === 'cancelled') return 'ignore'
    if (state !== 'succeeded' && state !== 'failed') return 'rerun'
    const policies = contract.inputs.filter(i => this.#isConcerned(i, output, ordinal)).map(i => i.onUpdate)
    return policies.includes('rerun') ? 'rerun' : policies.includes('hold') ? 'hold' : 'ignore'
  }

  #isConcerned(input: InputContract, output: Partitioning, ordinal: number): boolean {
    if (input.mapping.map === 'latest') return false
    const made = this.#made.get(input.dataset)
    return neededOrdinals(input, this.#partitioning(input.dataset), output, ordinal).some(o => made?.has(o))
  }

  /** Whether every input would be there. */
  #complete(contract: TaskContract, output: Partitioning, ordinal: number): boolean {
    return contract.inputs.every(input => {
      const partitioning = this.#partitioning(input.dataset)
      const [made, docs] = [this.#made.get(input.dataset), this.#docsOf(input.dataset)]
      const isThere = (o: number) => made?.has(o) || docs.get(o)?.version !== undefined
      if (input.mapping.map === 'latest') return (made?.size ?? 0) > 0 || [...docs.values()].some(d => d.version)
      const needed = neededOrdinals(input, partitioning, output, ordinal).filter(o => !docs.get(o)?.skipped || made?.has(o))
      const absent = needed.filter(o => !isThere(o)).length
      return isSatisfied(input, needed.length, absent, optionalTime(input, output, ordinal), this.#now)
    })
  }
}
