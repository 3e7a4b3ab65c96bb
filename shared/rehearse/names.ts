import type { DatasetContract, TaskContract } from '../core/contract.ts'
import { RedeyeError } from '../core/errors.ts'
import { isSkipped, keyOf, ordinalOf, type Partitioning, parsePartition } from '../core/partition.ts'
import { dayOfDate, type EpochMs } from '../core/zone.ts'
import { durationMs } from '../task/duration.ts'
import type { Cell } from './cell.ts'
import type { PartitionName, RunName, StoryGraph } from './story.ts'

/** The names a story may use, by name. */
export interface Names {
  readonly datasets: ReadonlyMap<string, DatasetContract>
  readonly tasks: ReadonlyMap<string, TaskContract>
  /** The task that makes a dataset. */
  readonly producers: ReadonlyMap<string, TaskContract>
}

export function namesOf(graph: StoryGraph): Names {
  return {
    datasets: new Map(graph.datasets.map(d => [d.dataset, d])),
    tasks: new Map(graph.tasks.map(t => [t.task, t])),
    producers: new Map(graph.tasks.map(t => [t.output, t])),
  }
}

/** `NAME@KEY`, `NAME@A..B` or either with ` x2`, taken apart. */
interface Reference {
  name: string
  keys: string
  times: number
}

function reference(cell: Cell, form: string, maySayTimes: boolean): Reference {
  const text = cell.text(form)
  const m = /^([^@\s]+)@(\S+?)(?:\s+x([1-9]\d{0,3}))?$/.exec(text)
  if (!m) cell.fail(`"${text}" is not ${form}`, maySayTimes ? `write ${form}, or that and " x2" for twice` : `write ${form}`)
  if (m[3] !== undefined && !maySayTimes) cell.fail(`"${text}" says how often, and that means nothing here`, `write ${m[1]}@${m[2]}`)
  return { name: m[1]!, keys: m[2]!, times: Number(m[3] ?? 1) }
}

// Twenty years of hours; a slip of a digit in a year should not fill the memory.
const LONGEST_RANGE = 200_000

/** The keys that `KEY` or `A..B` names, in their order. */
function keysOf(cell: Cell, dataset: string, partitioning: Partitioning, keys: string): string[] {
  const dots = keys.indexOf('..')
  if (dots < 0 || ordinalOf(partitioning, keys) !== undefined) return [keyOf(partitioning, ordinal(cell, dataset, partitioning, keys))]
  const [first, last] = [keys.slice(0, dots), keys.slice(dots + 2)]
  if (last.startsWith('.') && ordinalOf(partitioning, last) === undefined)
    cell.fail(`"${keys}" has more than two dots between its ends`, `write ${first}..${last.replace(/^\.+/, '')}`)
  const from = ordinal(cell, dataset, partitioning, first)
  const to = ordinal(cell, dataset, partitioning, last)
  if (from > to) cell.fail(`the range ${keys} of ${dataset} is reversed`, `write ${last}..${first}`)
  if (to - from >= LONGEST_RANGE)
    cell.fail(`the range ${keys} of ${dataset} is too long`, `name at most ${LONGEST_RANGE} partitions at once`)
  const named: string[] = []
  for (let o = from; o <= to; o++) if (!isSkipped(partitioning, o)) named.push(keyOf(partitioning, o))
  return named
}

function ordinal(cell: Cell, dataset: string, partitioning: Partitioning, key: string): number {
  try {
    return parsePartition(partitioning, key, dataset)
  } catch (error) {
    if (!(error instanceof RedeyeError)) throw error
    return cell.fail(error.message, error.remedy ?? 'name a partition that exists')
  }
}

/** The partitions that one name stands for, `times` over. */
export function partitionsIn(names: Names, cell: Cell, maySayTimes = false): PartitionName[] {
  const { name, keys, times } = reference(cell, 'DATASET@PARTITION or DATASET@A..B', maySayTimes)
  const dataset = names.datasets.get(name)
  if (!dataset) {
    const task = names.tasks.get(name)
    if (task) cell.fail(`"${name}" is a task, and here stands a dataset`, `its output is ${task.output}`)
    return cell.failWord(name, 'a dataset', [...names.datasets.keys()])
  }
  const partitions = keysOf(cell, name, dataset.partitioning, keys).map(partition => ({ dataset: name, partition }))
  return Array.from({ length: times }, () => partitions).flat()
}

/** The runs that one name stands for, and how often. */
export function runsIn(names: Names, cell: Cell, maySayTimes = false): { run: RunName; times: number }[] {
  const { name, keys, times } = reference(cell, 'TASK@PARTITION or TASK@A..B', maySayTimes)
  const task = names.tasks.get(name)
  if (!task) {
    const producer = names.producers.get(name)
    if (producer) cell.fail(`"${name}" is a dataset, and here stands a task`, `the task that makes it is ${producer.task}`)
    return cell.failWord(name, 'a task', [...names.tasks.keys()])
  }
  const partitioning = names.datasets.get(task.output)!.partitioning
  return keysOf(cell, task.output, partitioning, keys).map(partition => ({ run: { task: name, dataset: task.output, partition }, times }))
}

export function runNamesIn(names: Names, cell: Cell): RunName[] {
  return runsIn(names, cell).map(({ run }) => run)
}

export function taskIn(names: Names, cell: Cell): string {
  const name = cell.text('a task’s name')
  return names.tasks.has(name) ? name : cell.failWord(name, 'a task', [...names.tasks.keys()])
}

export function durationIn(cell: Cell): number {
  const text = cell.text('a duration like 90s, 5m, 2h or 3d')
  try {
    return durationMs(text)
  } catch {
    return cell.fail(`"${text}" is no duration`, 'write it like 90s, 5m, 2h or 3d')
  }
}

export function dateIn(cell: Cell): string {
  const text = cell.text('a date like 2026-03-02')
  return dayOfDate(text) === undefined ? cell.fail(`"${text}" is no date`, 'write it like 2026-03-02') : text
}

const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** An instant's epoch milliseconds; undefined when the text is none. A date that no calendar has is refused, not moved. */
export function instantOf(text: string): EpochMs | undefined {
  const m = INSTANT.exec(text)
  if (!m || dayOfDate(m[1]!) === undefined) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

export function instantIn(cell: Cell): EpochMs {
  const text = cell.text('an instant like 2026-03-09T06:00:00Z')
  return instantOf(text) ?? cell.fail(`"${text}" is no instant`, 'write it like 2026-03-09T06:00:00Z')
}
