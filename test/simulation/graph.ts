import type { Contract, DatasetContract, InputContract, TaskContract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { graphFindings } from '../../shared/core/graph-findings.ts'
import { type Mapping, mappingFault } from '../../shared/core/mapping.ts'
import type { Partitioning } from '../../shared/core/partition.ts'
import type { Random } from './random.ts'

/** The days of a simulation, by the middle zone's dates. */
export interface Weeks {
  /** The first day that is made. */
  first: string
  days: number
  timezone: string
}

// Around the jumps of clocks, the skipped date and the ends of months and years, for that is where calendars are hard.
const beginnings = [
  ['2024-03-25', 'Europe/Madrid'],
  ['2024-10-21', 'Europe/Madrid'],
  ['2024-03-04', 'America/New_York'],
  ['2024-10-28', 'America/New_York'],
  ['2024-04-01', 'Australia/Lord_Howe'],
  ['2024-09-30', 'Australia/Lord_Howe'],
  ['2018-10-29', 'America/Sao_Paulo'],
  ['2011-12-26', 'Pacific/Apia'],
  ['2024-12-23', 'UTC'],
  ['2024-02-20', 'UTC'],
  ['2024-06-03', 'Asia/Kolkata'],
  ['2024-04-22', 'Africa/Cairo'],
] as const
const otherZones = ['UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']

export function drawWeeks(random: Random): Weeks {
  const [first, timezone] = random.pick(beginnings)
  const shifted = new Date(Date.parse(first) + random.int(0, 5) * 86_400_000).toISOString().slice(0, 10)
  return {
    first: shifted,
    days: random.chance(0.7) ? random.int(5, 9) : random.int(10, 21),
    timezone: random.chance(0.85) ? timezone : 'UTC',
  }
}

export interface Drawn {
  contracts: Contract[]
  /** Tasks that are deployed only some days later. */
  later: Set<string>
}

/** A random sound graph. */
export function drawGraph(random: Random, weeks: Weeks, deployedAt: number): Drawn {
  const size = random.chance(0.7) ? random.int(1, 7) : random.chance(0.8) ? random.int(8, 16) : random.int(17, 40)
  const datasets: DatasetContract[] = []
  // Hours cost two dozen runs a night each, so they come in short weeks and small graphs.
  const hourly = size <= 5 && weeks.days <= 7 && random.chance(0.2)
  const tasks: TaskContract[] = []
  const later = new Set<string>()
  for (let i = 0, n = random.int(1, Math.min(4, 1 + Math.ceil(size / 3))); i < n; i++)
    datasets.push(dataset(random, `raw${i}`, drawPartitioning(random, weeks, hourly), true))
  for (let i = 0; i < size; i++) {
    const task = drawTask(random, weeks, i, datasets, deployedAt, hourly)
    tasks.push(task)
    if (i > 0 && random.chance(0.04)) later.add(task.task)
  }
  const contracts = [...datasets, ...tasks]
  const errors = graphFindings(buildGraph(contracts)).filter(f => f.severity === 'error')
  if (errors.length > 0) throw new Error(`the drawn graph is unsound: ${JSON.stringify(errors)}`)
  return { contracts, later }
}

function dataset(random: Random, name: string, partitioning: Partitioning, outside: boolean): DatasetContract {
  return { kind: 'dataset', dataset: name, partitioning, outside, keepMs: random.int(1, 5) * 86_400_000 }
}

function drawPartitioning(random: Random, weeks: Weeks, hourly: boolean): Partitioning {
  const at = random.next()
  if (at > 0.9) return { grain: 'unpartitioned' }
  if (at > 0.76) return { grain: 'keys', keys: ['emea', 'apac', 'amer', 'x'].slice(0, random.int(1, 4)) }
  const grain = at < 0.55 ? 'daily' : at < 0.62 && hourly ? 'hourly' : at < 0.72 ? 'weekly' : 'monthly'
  const timezone = random.chance(0.85) ? weeks.timezone : random.pick(otherZones)
  return { grain, timezone, ...drawFrom(random, weeks, grain) }
}

function drawFrom(random: Random, weeks: Weeks, grain: string): { from?: string } {
  if (random.chance(0.05) && grain !== 'hourly') return {}
  const days = random.chance(0.7) ? 0 : random.int(-3, 4)
  const date = new Date(Date.parse(weeks.first) + days * 86_400_000).toISOString().slice(0, 10)
  return { from: grain === 'hourly' && random.chance(0.3) ? `${date}T0${random.int(0, 9)}:00:00Z` : date }
}

function drawTask(random: Random, weeks: Weeks, i: number, datasets: DatasetContract[], deployedAt: number, hourly: boolean): TaskContract {
  const name = `t${String(i).padStart(2, '0')}`
  const sources = Array.from({ length: random.chance(0.1) ? 0 : random.int(1, 3) }, () => random.pick(datasets.slice(-8)))
  const output = outputFor(random, weeks, sources[0]?.partitioning, hourly)
  const inputs: InputContract[] = []
  for (const source of new Set(sources)) {
    const input = drawInput(random, source.dataset, source.partitioning, output, false)
    if (input) inputs.push(input)
    if (input && random.chance(0.05)) {
      const twice = drawInput(random, source.dataset, source.partitioning, output, false)
      if (twice) inputs.push(twice)
    }
  }
  const outputName = `d${String(i).padStart(2, '0')}`
  if (random.chance(0.12) && output.grain !== 'keys' && output.grain !== 'unpartitioned')
    inputs.push({
      dataset: outputName,
      mapping: { map: 'offset', k: -random.int(1, 2) },
      wait: 'all',
      onUpdate: random.chance(0.8) ? 'rerun' : 'ignore',
    })
  datasets.push(dataset(random, outputName, output, false))
  const nightly = (output.grain === 'daily' || output.grain === 'hourly') && inputs.every(x => x.mapping.map === 'latest')
  return {
    kind: 'task',
    task: name,
    output: outputName,
    inputs,
    onNight: nightly && random.chance(0.9),
    retry: {
      attempts: random.int(1, 4),
      timeouts: random.int(1, 3),
      losses: random.int(2, 4),
      backoffMs: random.int(1, 10) * 60_000,
      factor: random.int(1, 3),
      jitter: random.chance(0.5) ? 0.5 : 0,
    },
    ...(random.chance(0.15) && { timeoutMs: random.int(10, 120) * 60_000 }),
    ...(random.chance(0.15) && { limit: random.int(1, 3) }),
    hash: `h${name}`,
    inputsHash: hashOf(inputs),
    deployedAt,
  }
}

export const hashOf = (inputs: readonly InputContract[]): string => JSON.stringify(inputs)

function outputFor(random: Random, weeks: Weeks, first: Partitioning | undefined, hourly: boolean): Partitioning {
  if (!first || random.chance(0.3)) return drawPartitioning(random, weeks, hourly)
  if ('from' in first && random.chance(0.3))
    return { grain: first.grain, timezone: first.timezone, ...drawFrom(random, weeks, first.grain) }
  return first
}

function drawInput(random: Random, name: string, input: Partitioning, output: Partitioning, own: boolean): InputContract | undefined {
  const mappings: Mapping[] = [
    { map: 'same' },
    { map: 'same' },
    { map: 'overlapping' },
    { map: 'trailing', n: random.int(1, 5) },
    { map: 'offset', k: random.int(-2, 1) },
    { map: 'all' },
    { map: 'latest' },
  ]
  const sound = mappings.filter(
    m =>
      !mappingFault(m, input, output, own) && !(m.map === 'overlapping' && [input.grain, output.grain].sort().join() === 'hourly,monthly'),
  )
  if (sound.length === 0) return undefined
  const mapping = random.pick(sound)
  const dated = output.grain !== 'keys' && output.grain !== 'unpartitioned'
  const at = random.next()
  const wait: InputContract['wait'] =
    mapping.map === 'latest' || at < 0.75
      ? 'all'
      : at < 0.88 || !dated
        ? { atLeast: random.int(1, 3) }
        : { optional: random.pick(['00:30', '02:15', '02:30', '04:30', '23:00']) }
  const policy = random.next()
  return { dataset: name, mapping, wait, onUpdate: policy < 0.75 ? 'rerun' : policy < 0.87 ? 'hold' : 'ignore' }
}
