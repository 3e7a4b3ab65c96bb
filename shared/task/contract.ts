import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatasetContract, TaskContract } from '../core/contract.ts'
import { schemaText } from '../core/schema.ts'
import type { Dataset } from './dataset.ts'
import { durationMs } from './duration.ts'
import { mayUseEither, type Task } from './task.ts'

// Half of a wait, either way: enough to pull apart a hundred attempts that one busy API turned away in the same second.
const JITTER = 0.5

/** The file of a transform's statement; undefined for other tasks. */
export function sqlFile(task: Task): string | undefined {
  return task.work.work === 'transform' ? join(dirname(task.declared.file), task.work.sqlFile) : undefined
}

/**
 * What the engine needs to know of a task. Its hash covers the text of task.ts and of its SQL, and what both say of datasets,
 * so it changes with whatever could change rows; where those files are not at hand (a bundle) only what is declared.
 */
export function taskContract(task: Task, deployedAt: number): TaskContract {
  const inputs = Object.values(task.inputs).map(({ dataset, mapping, wait, onUpdate }) => ({
    dataset: dataset.name,
    mapping,
    wait,
    onUpdate,
  }))
  const joins = Object.entries(task.inputs).map(([alias, i]) => [alias, ...joinOf(i), schemaText(i.dataset.columns)])
  const output = [task.output.name, task.output.partition, schemaText(task.output.columns), task.checks]
  return {
    kind: 'task',
    task: task.name,
    output: task.output.name,
    inputs,
    onNight: task.onNight,
    retry: { ...task.retry, ...(mayUseEither(task) && { resources: 2 }), jitter: JITTER },
    timeoutMs: task.timeoutMs,
    ...(task.limit === undefined ? {} : { limit: task.limit }),
    hash: sha256(task.kind, joins, output, textOf(task.declared.file), textOf(sqlFile(task))),
    inputsHash: inputsHash(task),
    deployedAt,
  }
}

/** What pins mean is settled by: changes with the inputs' datasets, their order, their mappings, and the partitionings. */
export function inputsHash(task: Task): string {
  return sha256(task.output.partition, Object.values(task.inputs).map(joinOf))
}

const joinOf = ({ dataset, mapping }: Task['inputs'][string]) => [dataset.name, dataset.partition, mapping]

/** What the engine needs to know of a dataset; throws BAD_ARGUMENT when `keep` is no duration. */
export function datasetContract(dataset: Dataset): DatasetContract {
  const { name, partition, outside, keep } = dataset
  return { kind: 'dataset', dataset: name, partitioning: partition, outside, keepMs: durationMs(keep) }
}

// Half of its digits tell any two apart, and every document of a run holds some.
const HASH_DIGITS = 32

function sha256(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HASH_DIGITS)
}

function textOf(file: string | undefined): string {
  if (!file) return ''
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
