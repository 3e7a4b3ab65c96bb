import { createHash } from 'node:crypto'
import { type DatasetContract, type InputContract, type RetryContract, type TaskContract, takenName } from '../core/contract.ts'
import { type Partitioning, partitioningFault } from '../core/partition.ts'
import { DAY_MS, dayOfDate, type EpochMs, isTimezone } from '../core/zone.ts'
import type { Cell } from './cell.ts'
import { type Edge, refuseCycle } from './cycle.ts'
import { readInput } from './inputs.ts'
import { durationIn, instantOf } from './names.ts'
import type { StoryGraph } from './story.ts'

// Longer than any story's clock moves: what a story replaces must still be there when an expectation asks.
const KEEP_MS = 36_500 * DAY_MS
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/
const timeGrains = ['hourly', 'daily', 'weekly', 'monthly'] as const
const grains = [...timeGrains, 'unpartitioned'] as const
const GRAINS = `${grains.join(', ')} or { keys: […] }`

type Datasets = ReadonlyMap<string, Partitioning>

/** The graph a story declares itself: `datasets` and `tasks`, joined and without cycles. */
export function readGraph(datasetsCell: Cell, tasksCell: Cell, now: EpochMs): StoryGraph {
  const datasets = new Map<string, Partitioning>()
  for (const { name, key, value } of datasetsCell.entries('a map of datasets')) {
    checkName(name, key)
    datasets.set(name, readPartitioning(value))
  }
  const producers = new Map<string, string>()
  const edges: Edge[] = []
  const tasks = tasksCell.entries('a map of tasks').map(({ name, key, value }) => {
    checkName(name, key)
    const taken = takenName(name)
    if (taken !== undefined) key.fail(`"${name}" is the name of ${taken}`, 'name the task otherwise')
    return readTask(name, value, { datasets, producers, edges, now })
  })
  refuseCycle(edges, producers)
  return {
    datasets: [...datasets].map(([dataset, partitioning]) => contractOf(dataset, partitioning, !producers.has(dataset))),
    tasks,
  }
}

function contractOf(dataset: string, partitioning: Partitioning, outside: boolean): DatasetContract {
  return { kind: 'dataset', dataset, partitioning, outside, keepMs: KEEP_MS }
}

function checkName(name: string, key: Cell): void {
  if (!NAME.test(name)) key.fail(`"${name}" is no name`, 'a name has letters a to z, digits, ".", "_" and "-"')
}

function readPartitioning(cell: Cell): Partitioning {
  const { partition, from, timezone } = cell.record('a map with partition', ['partition', 'from', 'timezone'], 'a key of a dataset')
  const p = cell.need(partition, 'partition', GRAINS)
  if (p.isMap) {
    const { keys } = p.record('{ keys: […] }', ['keys'], 'a kind of partitions')
    const partitioning: Partitioning = {
      grain: 'keys',
      keys: p
        .need(keys, 'keys', 'a list of keys')
        .list('a list of keys')
        .map(k => k.text('a key')),
    }
    refuseCalendar(from ?? timezone, from ? 'from' : 'timezone', 'keyed')
    const fault = partitioningFault(partitioning)
    return fault === undefined ? partitioning : p.fail(fault, 'declare each key once')
  }
  const grain = p.text(GRAINS)
  if (grain === 'unpartitioned') {
    refuseCalendar(from ?? timezone, from ? 'from' : 'timezone', 'unpartitioned')
    return { grain }
  }
  const timed = timeGrains.find(g => g === grain) ?? p.failWord(grain, 'a grain', [...grains, '{ keys: […] }'])
  return { grain: timed, timezone: timezone ? readZone(timezone) : 'UTC', ...(from && { from: readFrom(from) }) }
}

function refuseCalendar(cell: Cell | undefined, key: string, kind: string): void {
  cell?.fail(`${kind} datasets have no ${key}`, `remove ${key}: it belongs to hourly, daily, weekly and monthly datasets`)
}

function readZone(cell: Cell): string {
  const zone = cell.text('a time zone like Europe/Madrid')
  return isTimezone(zone) ? zone : cell.fail(`"${zone}" is no time zone`, 'write it like Europe/Madrid')
}

function readFrom(cell: Cell): string {
  const text = cell.text('a date like 2026-03-01, or an instant')
  if (dayOfDate(text) !== undefined) return text
  const at = instantOf(text)
  return at === undefined
    ? cell.fail(`"${text}" is neither a date nor an instant`, 'write it like 2026-03-01, or 2026-03-01T05:00:00Z')
    : new Date(at).toISOString()
}

interface Known {
  datasets: Datasets
  producers: Map<string, string>
  edges: Edge[]
  now: EpochMs
}

const taskKeys = ['inputs', 'output', 'retry', 'limit', 'timeout', 'on'] as const

function readTask(task: string, cell: Cell, known: Known): TaskContract {
  const record = cell.record('a map with output', taskKeys, 'a key of a task')
  const outputCell = cell.need(record.output, 'output', 'the dataset it makes')
  const output = datasetIn(outputCell, known.datasets)
  const other = known.producers.get(output)
  if (other !== undefined) outputCell.fail(`${other} makes ${output} already`, 'a dataset has one producer')
  known.producers.set(output, task)
  const inputs = record.inputs
    ? record.inputs.entries('a map of dataset: mapping').map(({ name, key, value }) => {
        const dataset = known.datasets.has(name) ? name : key.failWord(name, 'a dataset', [...known.datasets.keys()])
        known.edges.push({ dataset, reader: task, cell: key })
        return readInput(dataset, value, { output, datasets: known.datasets })
      })
    : []
  const inputsHash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16)
  return {
    kind: 'task',
    task,
    output,
    inputs,
    onNight: record.on ? readOn(record.on, inputs, output, known.datasets) : false,
    retry: readRetry(record.retry),
    ...(record.timeout && { timeoutMs: positive(record.timeout) }),
    ...(record.limit && { limit: record.limit.count(1) }),
    hash: inputsHash,
    inputsHash,
    deployedAt: known.now,
  }
}

function datasetIn(cell: Cell, datasets: Datasets): string {
  const name = cell.text('a dataset')
  return datasets.has(name) ? name : cell.failWord(name, 'a dataset', [...datasets.keys()])
}

function positive(cell: Cell): number {
  const ms = durationIn(cell)
  return ms > 0 ? ms : cell.fail('no attempt ends in no time', 'write a duration above 0s')
}

function readOn(cell: Cell, inputs: InputContract[], output: string, datasets: Datasets): true {
  cell.oneOf(['night'], 'what a task may be on')
  if (inputs.length > 0) cell.fail('a task on: night has no inputs', 'remove inputs, or on')
  const { grain } = datasets.get(output)!
  if (grain !== 'daily' && grain !== 'hourly')
    cell.fail(
      `a night makes daily or hourly partitions, and ${output} is ${grain === 'keys' ? 'keyed' : grain}`,
      'remove on, or make the output daily or hourly',
    )
  return true
}

function readRetry(cell: Cell | undefined): RetryContract {
  const keys = ['attempts', 'backoff', 'factor', 'timeouts', 'losses'] as const
  const r = cell?.record('a map of retry rules', keys, 'a key of retry') ?? {}
  return {
    attempts: r.attempts?.count(1) ?? 1,
    timeouts: r.timeouts?.count(1) ?? 2,
    losses: r.losses?.count(1) ?? 3,
    backoffMs: r.backoff ? durationIn(r.backoff) : 0,
    factor: r.factor?.number('a number above 0', n => Number.isFinite(n) && n > 0) ?? 2,
    jitter: 0,
  }
}
