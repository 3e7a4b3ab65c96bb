import type { DatasetContract, TaskContract } from '../shared/core/contract.ts'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import { parsePartition } from '../shared/core/partition.ts'

/** A task by its name; throws UNKNOWN_NAME with the one that was perhaps meant. */
export function findTask(graph: Graph, name: string): TaskContract {
  return (
    graph.task(name) ??
    unknown(
      'task',
      name,
      graph.tasks.map(t => t.task),
      makerText(graph, name),
    )
  )
}

/** A dataset by its name; throws UNKNOWN_NAME likewise. */
export function findDataset(graph: Graph, name: string): DatasetContract {
  return (
    graph.dataset(name) ??
    unknown(
      'dataset',
      name,
      graph.datasets.map(d => d.dataset),
      madeText(graph, name),
    )
  )
}

/** Of a dataset that was taken for a task: which task was perhaps meant. */
function makerText(graph: Graph, name: string): string | undefined {
  const dataset = graph.dataset(name)
  if (!dataset) return undefined
  const maker = graph.producerOf(name)?.task
  if (maker) return `${name} is a dataset; ${maker} makes it`
  return `${name} is a dataset; ${dataset.outside ? 'it comes from outside' : 'no task makes it'}`
}

/** Of a task that was taken for a dataset: which dataset was perhaps meant. */
export function madeText(graph: Graph, name: string): string | undefined {
  const output = graph.task(name)?.output
  return output && `${name} is a task; it makes ${output}`
}

/** The run `TASK@PARTITION`; throws for a task or partition that cannot be. */
export function findRun(graph: Graph, name: string): { contract: TaskContract; partition: string; ordinal: number } {
  const [task, partition] = halves(name, 'TASK@PARTITION', 'flown-flights@2001-02-14')
  return { contract: findTask(graph, task), partition, ordinal: ordinalFor(graph, findTask(graph, task).output, partition) }
}

/** The partition `DATASET@PARTITION`; throws for one that cannot be. */
export function findPartition(graph: Graph, name: string): { contract: DatasetContract; partition: string; ordinal: number } {
  const [dataset, partition] = halves(name, 'DATASET@PARTITION', 'flights@2001-02-14')
  return { contract: findDataset(graph, dataset), partition, ordinal: ordinalFor(graph, dataset, partition) }
}

/** The ordinal of a dataset's partition; throws BAD_PARTITION. */
export function ordinalFor(graph: Graph, dataset: string, partition: string): number {
  return parsePartition(findDataset(graph, dataset).partitioning, partition, dataset)
}

function halves(name: string, form: string, example: string): [string, string] {
  const at = name.indexOf('@')
  if (at > 0 && at < name.length - 1) return [name.slice(0, at), name.slice(at + 1)]
  throw new RedeyeError('BAD_ARGUMENT', `"${name}" is not ${form}`, { remedy: `write it like ${example}` })
}

function unknown(what: string, name: string, names: readonly string[], mistaken: string | undefined): never {
  const near = nearest(name, names)
  throw new RedeyeError('UNKNOWN_NAME', `there is no ${what} "${name}"`, {
    remedy:
      mistaken ?? (near ? `did you mean ${near}?` : names.length > 0 ? `there are ${names.join(', ')}` : `no ${what} is deployed yet`),
  })
}
