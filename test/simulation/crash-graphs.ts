import type { Contract, DatasetContract, InputContract, TaskContract } from '../../shared/core/contract.ts'
import type { Mapping } from '../../shared/core/mapping.ts'
import type { Scenario } from './play.ts'
import type { Step } from './script.ts'

const first = '2024-06-03'
const start = Date.parse(first)
const HOUR_MS = 3_600_000

const daily = (dataset: string, outside = false): DatasetContract => ({
  kind: 'dataset',
  dataset,
  outside,
  keepMs: 86_400_000,
  partitioning: { grain: 'daily', timezone: 'UTC', from: first },
})

function task(
  name: string,
  output: string,
  inputs: [string, Mapping, InputContract['onUpdate']?][],
  more: Partial<TaskContract> = {},
): Contract[] {
  const contract: TaskContract = {
    kind: 'task',
    task: name,
    output,
    inputs: inputs.map(([dataset, mapping, onUpdate = 'rerun']) => ({ dataset, mapping, wait: 'all', onUpdate })),
    onNight: false,
    retry: { attempts: 2, timeouts: 2, losses: 5, backoffMs: 60_000, factor: 2, jitter: 0 },
    hash: name,
    inputsHash: JSON.stringify(inputs),
    deployedAt: start,
    ...more,
  }
  return [daily(output), contract]
}

const same: Mapping = { map: 'same' }
const days = ['2024-06-03', '2024-06-04']
const deliver = (at: number, partition: string, id = `${partition}-${at}`): Step => ({
  at: start + at * HOUR_MS,
  step: 'deliver',
  dataset: 'raw',
  partition,
  id,
})

function scenario(seed: number, contracts: Contract[], script: Step[]): Scenario {
  return {
    seed,
    weeks: { first, days: 2, timezone: 'UTC' },
    start,
    end: start + 44 * HOUR_MS,
    contracts,
    script,
    families: [],
    laneLimits: {},
    onSpark: [],
    // Beyond what was lost for ever, and seldom enough that most crashes are not a sweep's.
    sweepMs: 12 * HOUR_MS,
    collects: false,
    overlap: 0,
  }
}

/** Six small graphs, of which every port call, and every pair of them, is a place to die. */
export const crashGraphs: Record<string, Scenario> = {
  chain: scenario(
    2,
    [daily('raw', true), ...task('a', 'da', [['raw', same]]), ...task('b', 'db', [['da', { map: 'trailing', n: 2 }]])],
    [deliver(25, days[0]!), deliver(30, days[1]!)],
  ),
  diamond: scenario(
    4,
    [
      daily('raw', true),
      ...task('a', 'da', [['raw', same]]),
      ...task('b', 'db', [['raw', same]]),
      ...task('c', 'dc', [
        ['da', same],
        ['db', same],
      ]),
    ],
    [deliver(25, days[0]!), deliver(28, days[0]!)],
  ),
  'night and limit': scenario(
    6,
    [...task('n', 'dn', [], { onNight: true }), ...task('m', 'dm', [['dn', same]], { limit: 1 })],
    [
      { at: start + 26 * HOUR_MS, step: 'night', date: days[0]! },
      { at: start + 42 * HOUR_MS, step: 'night', date: days[0]! },
    ],
  ),
  request: scenario(
    8,
    [daily('raw', true), ...task('a', 'da', [['raw', same]]), ...task('b', 'db', [['da', same]])],
    [
      deliver(25, days[0]!),
      {
        at: start + 30 * HOUR_MS,
        step: 'request',
        detail: { id: 'q', tasks: ['a', 'b'], from: days[0]!, to: days[1]!, run: 'all', lane: 'backfill', maxActive: 1 },
      },
      deliver(34, days[1]!),
    ],
  ),
  job: {
    ...scenario(
      12,
      [daily('raw', true), ...task('a', 'da', [['raw', same]]), ...task('b', 'db', [['da', same]])],
      [deliver(25, days[0]!), { at: start + 28 * HOUR_MS, step: 'cancel', chosen: 0 }, deliver(30, days[1]!)],
    ),
    onSpark: ['a'],
  },
  'hold and pause': scenario(
    10,
    [daily('raw', true), ...task('a', 'da', [['raw', same, 'hold']])],
    [
      deliver(25, days[0]!),
      { at: start + 26 * HOUR_MS, step: 'pause', task: 'a' },
      deliver(27, days[0]!),
      { at: start + 28 * HOUR_MS, step: 'approve', chosen: 0 },
      { at: start + 29 * HOUR_MS, step: 'resume', task: 'a' },
      deliver(30, days[1]!),
      { at: start + 30 * HOUR_MS, step: 'cancel', chosen: 0 },
    ],
  ),
}
