import type { Contract, DatasetContract, InputContract, TaskContract } from './contract.ts'

/** A task that takes a dataset, and by which of its inputs. */
export interface Reader {
  readonly task: TaskContract
  readonly input: InputContract
}

/**
 * Who makes and who takes what, read off the contracts. Nothing here throws on a faulty graph (graph-findings.ts names the faults):
 * what a cycle holds is ordered after everything else.
 */
export interface Graph {
  /** In the order they were declared. */
  readonly tasks: readonly TaskContract[]
  readonly datasets: readonly DatasetContract[]
  task(name: string): TaskContract | undefined
  dataset(name: string): DatasetContract | undefined
  /** The task that makes a dataset; undefined for what is made outside. Of several (a fault) the first declared. */
  producerOf(dataset: string): TaskContract | undefined
  /** Every input that takes a dataset, in the order the tasks were declared; a task that takes it twice is there twice. */
  readersOf(dataset: string): readonly Reader[]
  /** The most tasks on any path from a source to this task, itself left out; an input from the task's own output is no path. */
  depth(task: string): number
  /** Every task, by depth and then name: upstream first, the same for the same contracts in any order. */
  order(): readonly TaskContract[]
  /** The names of the tasks that follow from these, without them, in order; only through the inputs that `through` lets pass. */
  downstreamOf(tasks: Iterable<string>, through?: (input: InputContract) => boolean): string[]
  /** The names of the tasks that these are made from, without them, in order. */
  upstreamOf(tasks: Iterable<string>, through?: (input: InputContract) => boolean): string[]
  /** The tasks that are on a cycle or behind one, in the order they were declared; empty in a sound graph. */
  readonly unordered: readonly TaskContract[]
}

/** Whether a new version on this input is a reason to run. */
export const isTriggering = (input: InputContract): boolean => input.mapping.map !== 'latest'

/**
 * The graph of these contracts, in time that grows with tasks and inputs only.
 *
 * @example buildGraph(contracts).producerOf('flights')?.task // 'ingest-flights'
 */
export function buildGraph(contracts: Iterable<Contract>): Graph {
  const tasks = new Map<string, TaskContract>()
  const datasets = new Map<string, DatasetContract>()
  for (const c of contracts) {
    if (c.kind === 'task') tasks.set(c.task, c)
    else datasets.set(c.dataset, c)
  }
  const producers = new Map<string, TaskContract>()
  const readers = new Map<string, Reader[]>()
  for (const task of tasks.values()) {
    if (!producers.has(task.output)) producers.set(task.output, task)
    for (const input of task.inputs) {
      const list = readers.get(input.dataset)
      if (list) list.push({ task, input })
      else readers.set(input.dataset, [{ task, input }])
    }
  }
  const layers = layersOf(tasks, readers)
  const inOrder = (names: Set<string>) => layers.order.filter(t => names.has(t.task)).map(t => t.task)
  return {
    tasks: [...tasks.values()],
    datasets: [...datasets.values()],
    unordered: layers.unordered,
    task: name => tasks.get(name),
    dataset: name => datasets.get(name),
    producerOf: dataset => producers.get(dataset),
    readersOf: dataset => readers.get(dataset) ?? [],
    depth: task => layers.depths.get(task) ?? 0,
    order: () => layers.order,
    downstreamOf: (from, through = () => true) =>
      inOrder(
        reach(from, name => {
          const task = tasks.get(name)
          const takers = task ? (readers.get(task.output) ?? []) : []
          return takers.filter(r => through(r.input)).map(r => r.task.task)
        }),
      ),
    upstreamOf: (from, through = () => true) =>
      inOrder(
        reach(from, name => {
          const inputs = tasks.get(name)?.inputs.filter(through) ?? []
          return inputs.flatMap(input => producers.get(input.dataset)?.task ?? [])
        }),
      ),
  }
}

/** Everything that `next` leads to, however often, without the start. */
function reach(from: Iterable<string>, next: (name: string) => string[]): Set<string> {
  const start = new Set(from)
  const seen = new Set(start)
  for (const name of seen) for (const follower of next(name)) seen.add(follower)
  return seen.difference(start)
}

/** Kahn's algorithm: a task has its depth once all it is made from have theirs; what a cycle holds never gets one and goes last. */
function layersOf(tasks: Map<string, TaskContract>, readers: Map<string, Reader[]>) {
  const made = new Set<string>()
  for (const task of tasks.values()) made.add(task.output)
  const open = new Map<string, number>()
  for (const task of tasks.values()) open.set(task.task, task.inputs.filter(i => i.dataset !== task.output && made.has(i.dataset)).length)
  // A dataset with two producers (a fault) opens its readers when the first is placed.
  const placed = new Set<string>()
  const depths = new Map<string, number>()
  let layer = [...tasks.values()].filter(t => open.get(t.task) === 0)
  const order: TaskContract[] = []
  for (let depth = 0; layer.length > 0; depth++) {
    order.push(...layer.toSorted(byName))
    const next: TaskContract[] = []
    for (const task of layer) {
      depths.set(task.task, depth)
      if (placed.has(task.output)) continue
      placed.add(task.output)
      for (const reader of readers.get(task.output) ?? []) {
        if (reader.task.output === task.output) continue
        const left = open.get(reader.task.task)! - 1
        open.set(reader.task.task, left)
        if (left === 0) next.push(reader.task)
      }
    }
    layer = next
  }
  const unordered = [...tasks.values()].filter(t => !depths.has(t.task))
  for (const task of unordered) depths.set(task.task, order.length)
  order.push(...unordered.toSorted(byName))
  return { depths, order, unordered }
}

const byName = (a: TaskContract, b: TaskContract) => (a.task < b.task ? -1 : a.task > b.task ? 1 : 0)
