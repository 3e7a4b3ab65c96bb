import type { Contract, InputContract, TaskContract } from '../shared/core/contract.ts'
import type { Partitioning } from '../shared/core/partition.ts'
import { inputsHash } from '../shared/task/contract.ts'
import type { Task } from '../shared/task/task.ts'
import { seeded } from './statistics.ts'

/** A synthetic graph by its parameters: threads build the same from them. Outside data comes in `source`, the warm-up's in `warm`. */
export type Shape =
  /** `t-0 → t-1 → …` */
  | { shape: 'chain'; length: number }
  /** One task, `n` tasks that read it, one that reads those. */
  | { shape: 'fan'; n: number }
  /** One task, one task with `n` keyed partitions that each read it, one that reads all of them. */
  | { shape: 'keys'; n: number }
  /** Ten tasks in four layers over a daily source; or not one of them yet. */
  | { shape: 'days'; deployed: boolean }
  /** `tasks` tasks in layers, each reading one to three of the layer before. */
  | { shape: 'layered'; tasks: number; seed: number }

export interface Synthetic {
  /** Those that are measured, and `warm-…`. */
  tasks: Map<string, TaskContract>
  datasets: Map<string, Partitioning>
}

const whole: Partitioning = { grain: 'unpartitioned' }
const days: Partitioning = { grain: 'daily', timezone: 'UTC', from: '2001-01-01' }
const WARM_TASKS = 400
// A contract is one document of at most 400 KB, which is about 4,000 inputs; wider fans are gathered in groups.
export const INPUTS_A_TASK = 2000

export function buildShape(shape: Shape): Synthetic {
  const graph: Synthetic = { tasks: new Map(), datasets: new Map([['source', shape.shape === 'days' ? days : whole]]) }
  fill(graph, shape)
  graph.datasets.set('warm', whole)
  if (shape.shape !== 'days') for (let i = 0; i < WARM_TASKS; i++) add(graph, `warm-${i}`, ['warm'])
  return graph
}

function fill(graph: Synthetic, shape: Shape): void {
  switch (shape.shape) {
    case 'chain':
      chain(graph, shape.length)
      break
    case 'fan':
      fan(graph, shape.n)
      break
    case 'keys':
      keyed(graph, shape.n)
      break
    case 'days':
      if (shape.deployed) daily(graph)
      break
    case 'layered':
      layered(graph, shape)
      break
    default:
      shape satisfies never
  }
}

function chain(graph: Synthetic, length: number): void {
  for (let i = 0; i < length; i++) add(graph, `t-${i}`, [i === 0 ? 'source' : `t-${i - 1}`])
}

function keyed(graph: Synthetic, n: number): void {
  const keys: Partitioning = { grain: 'keys', keys: Array.from({ length: n }, (_, i) => `k${i}`) }
  add(graph, 'first', ['source'])
  add(graph, 'leaf', ['first'], keys, 'all')
  add(graph, 'last', ['leaf'], whole, 'all')
}

function fan(graph: Synthetic, n: number): void {
  add(graph, 'first', ['source'])
  const leaves = Array.from({ length: n }, (_, i) => `leaf-${i}`)
  for (const leaf of leaves) add(graph, leaf, ['first'])
  if (n <= INPUTS_A_TASK) {
    add(graph, 'last', leaves)
    return
  }
  const groups: string[] = []
  for (let from = 0; from < n; from += INPUTS_A_TASK / 2) {
    groups.push(`group-${groups.length}`)
    add(graph, groups.at(-1)!, leaves.slice(from, from + INPUTS_A_TASK / 2))
  }
  add(graph, 'last', groups)
}

function daily(graph: Synthetic): void {
  const inputs: Record<string, string[]> = {
    'd-0': ['source'],
    'd-1': ['source'],
    'd-2': ['source'],
    'd-3': ['d-0', 'd-1'],
    'd-4': ['d-1', 'd-2'],
    'd-5': ['d-3'],
    'd-6': ['d-3', 'd-4'],
    'd-7': ['d-4'],
    'd-8': ['d-5', 'd-6'],
    'd-9': ['d-6', 'd-7', 'd-8'],
  }
  for (const [task, reads] of Object.entries(inputs)) add(graph, task, reads, days)
}

// Wide enough that both cores have work, deep enough that dependencies matter.
const LAYER = 40

function layered(graph: Synthetic, { tasks, seed }: { tasks: number; seed: number }): void {
  const next = seeded(seed)
  for (let i = 0; i < tasks; i++) {
    const layer = Math.floor(i / LAYER)
    const reads = new Set<string>(layer === 0 ? ['source'] : [])
    for (let left = layer === 0 ? 0 : 1 + Math.floor(next() * 3); left > 0; left--)
      reads.add(`l-${(layer - 1) * LAYER + Math.floor(next() * LAYER)}`)
    add(graph, `l-${i}`, [...reads])
  }
}

/** How long each task of a layered graph computes, in milliseconds: 2 to 18, most of them short. */
export function durationsOf({ tasks, seed }: { tasks: number; seed: number }): number[] {
  const next = seeded(seed + 1)
  return Array.from({ length: tasks }, () => 2 + 16 * next() ** 2)
}

function add(graph: Synthetic, task: string, reads: readonly string[], output: Partitioning = whole, map: 'same' | 'all' = 'same'): void {
  graph.datasets.set(task, output)
  graph.tasks.set(task, {
    kind: 'task',
    task,
    output: task,
    inputs: reads.map((dataset): InputContract => ({ dataset, mapping: { map }, wait: 'all', onUpdate: 'rerun' })),
    onNight: false,
    retry: { attempts: 3, timeouts: 2, losses: 3, backoffMs: 60_000, factor: 2, jitter: 0.5 },
    timeoutMs: 3_600_000,
    hash: '0123456789abcdef'.repeat(4),
    inputsHash: 'fedcba9876543210'.repeat(4),
    deployedAt: 0,
  })
}

/** As much of a task as the engine asks for. */
export function taskOf({ tasks, datasets }: Synthetic, name: string): Task {
  const contract = tasks.get(name)!
  const inputs = Object.fromEntries(
    contract.inputs.map(({ dataset, mapping }) => [dataset, { dataset: { name: dataset, partition: datasets.get(dataset)! }, mapping }]),
  )
  return { name, inputs, output: { partition: datasets.get(contract.output)! } } as unknown as Task
}

/** What is deployed. */
export function contractsOf(graph: Synthetic, deployedAt: (task: string) => number): Contract[] {
  const { tasks, datasets } = graph
  const made = new Set([...tasks.values()].map(t => t.output))
  return [
    ...[...datasets].map(
      ([dataset, partitioning]): Contract => ({
        kind: 'dataset',
        dataset,
        partitioning,
        outside: !made.has(dataset),
        keepMs: 7 * 86_400_000,
      }),
    ),
    ...[...tasks.values()].map(task => ({ ...task, inputsHash: inputsHash(taskOf(graph, task.task)), deployedAt: deployedAt(task.task) })),
  ]
}
