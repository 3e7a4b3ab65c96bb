import type { Contract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import { downstreamRuns } from '../../shared/engine/requested.ts'

const days: Partitioning = { grain: 'daily', timezone: 'Europe/Madrid', from: '2024-06-01' }
const dataset = (name: string): Contract => ({ kind: 'dataset', dataset: name, partitioning: days, outside: false, keepMs: 0 })
const task = (name: string, output: string, inputs: [string, number][]): Contract => ({
  kind: 'task',
  task: name,
  output,
  inputs: inputs.map(([from, k]) => ({ dataset: from, mapping: { map: 'offset', k }, wait: 'all', onUpdate: 'rerun' })),
  onNight: false,
  retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
  hash: '',
  inputsHash: '',
  deployedAt: 0,
})

const graph = buildGraph([
  ...['balance', 'report'].map(dataset),
  task('balances', 'balance', [['balance', -1]]),
  task('reports', 'report', [['balance', 0]]),
])
const from = (partition: string, now: string) =>
  downstreamRuns(graph, { dataset: 'balance', partition }, ordinalOf(days, partition)!, Date.parse(now))
    .map(run => `${run.task}@${run.partition}`)
    .sort()

test('what is downstream of a partition is looked for among the runs that have begun', () => {
  expect(from('2024-06-03', '2024-06-05T12:00:00Z')).toEqual([
    'balances@2024-06-04',
    'balances@2024-06-05',
    'reports@2024-06-03',
    'reports@2024-06-04',
    'reports@2024-06-05',
  ])
})

test('a day has begun by the clock of its zone', () => {
  expect(from('2024-06-04', '2024-06-04T21:59:59Z')).toEqual(['reports@2024-06-04'])
  expect(from('2024-06-04', '2024-06-04T22:00:00Z')).toContain('balances@2024-06-05')
})
