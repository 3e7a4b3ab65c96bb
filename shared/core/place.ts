import type { TaskContract } from './contract.ts'
import { keyOf, type Partitioning } from './partition.ts'
import { publishedLoudly, type RunDoc, type Version } from './run.ts'

/** The run in question: its task's contract, its output's partitioning, its place. */
export interface Place {
  contract: TaskContract
  output: Partitioning
  ordinal: number
  /** The partitioning of each input, in the contract's order. */
  inputs: readonly Partitioning[]
}

/** A document of a run that is not there yet. */
export function blankRun(place: Place): RunDoc {
  return { v: 1, dataset: place.contract.output, partition: keyOf(place.output, place.ordinal), generation: 0, attempt: 0 }
}

/**
 * Whether what a run has pinned is of the inputs that its task has. After a deployment that changed them it is not: pins stand in the
 * order of the inputs, so they would name versions of other datasets.
 */
export function pinsHold(doc: RunDoc, { inputsHash }: Pick<TaskContract, 'inputsHash'>): boolean {
  return doc.pins === undefined || doc.pins.inputsHash === inputsHash
}

const inputIndexes = new WeakMap<TaskContract, Map<string, number[]>>()

/** The places of a dataset among a task's inputs: a task may have thousands, and each of them arrives. */
export function inputsOf(contract: TaskContract, dataset: string): readonly number[] {
  let indexes = inputIndexes.get(contract)
  if (!indexes) {
    indexes = new Map()
    for (const [i, input] of contract.inputs.entries()) indexes.set(input.dataset, [...(indexes.get(input.dataset) ?? []), i])
    inputIndexes.set(contract, indexes)
  }
  return indexes.get(dataset) ?? []
}

/** Whether a task's runs may come to be for a version: readers follow it, and it was published since the task's life began. */
export const startsRuns = (version: Version, { deployedAt }: Pick<TaskContract, 'deployedAt'>): boolean =>
  version.loud > 0 && publishedLoudly(version) >= deployedAt
