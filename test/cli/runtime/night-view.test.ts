import { NightView } from '../../../cli/night-view.ts'
import type { Contract } from '../../../shared/core/contract.ts'
import { buildGraph } from '../../../shared/core/graph.ts'
import type { RunDoc, Version } from '../../../shared/core/run.ts'

const retry = { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 }
const daily = (dataset: string): Contract => ({
  kind: 'dataset',
  dataset,
  partitioning: { grain: 'daily', from: '2001-02-01', timezone: 'UTC' },
  outside: false,
  keepMs: 0,
})
const hourly = (dataset: string): Contract =>
  ({ ...daily(dataset), partitioning: { grain: 'hourly', from: '2001-02-01', timezone: 'UTC' } }) as Contract
const task = (name: string, output: string, input?: string): Contract => ({
  kind: 'task',
  task: name,
  output,
  inputs: input ? [{ dataset: input, mapping: { map: 'same' }, wait: 'all', onUpdate: 'rerun' }] : [],
  onNight: !input,
  retry,
  hash: 'h',
  inputsHash: 'i',
  deployedAt: 0,
})
const graph = buildGraph([
  daily('flights'),
  daily('report'),
  hourly('hours'),
  task('read', 'flights'),
  task('write', 'report', 'flights'),
  task('tick', 'hours'),
])
const cause = { lane: 'nightly', night: '2001-02-14' } as const
const run = (name: string, dataset: string, partition: string, more: Partial<RunDoc>): RunDoc => ({
  v: 1,
  dataset,
  partition,
  task: name,
  generation: 1,
  attempt: 1,
  cause,
  startedAt: 1000,
  ...more,
})
const version = { rows: 1234, bytes: 5600 } as Version
const ended = { state: 'succeeded', endedAt: 2500, version } as const

test('a line a task: what succeeded with its measures, what waits or failed with a note', () => {
  const view = new NightView(graph, '2001-02-14')
  view.note(run('read', 'flights', '2001-02-14', ended))
  view.note(
    run('write', 'report', '2001-02-14', {
      state: 'failed',
      error: { failure: 'user', message: 'write@2001-02-14: it is full\n  at line 3' },
    }),
  )
  const [head, ...rows] = view.lines(5000)
  expect(head).toBe('   task   partition   state       rows    size   time')
  expect(rows).toEqual([
    '✓  read   2001-02-14  succeeded  1,234  5.6 kB  1.5 s',
    '·  tick               not yet',
    '✗  write  2001-02-14  failed: it is full',
  ])
  expect(view.tally()).toEqual({ succeeded: 1, failed: 1, waiting: 0, open: 0 })
})

test('several runs of a task are one line', () => {
  const view = new NightView(graph, '2001-02-14')
  view.note(run('tick', 'hours', '2001-02-14T00Z', ended))
  view.note(run('tick', 'hours', '2001-02-14T01Z', { state: 'running' }))
  expect(view.lines(5000).find(l => l.includes('tick'))).toBe('●  tick   2001-02-14T00Z …  1 of 2 runs, 1 running  1,234  5.6 kB  1.5 s')
})

test('runs of other dates are left out, and those that wait for other days; what was made of the date since is not', () => {
  const view = new NightView(graph, '2001-02-14')
  view.note(run('read', 'flights', '2001-02-13', { ...ended, cause: { lane: 'nightly', night: '2001-02-13' } }))
  view.note(run('write', 'report', '2001-02-15', { state: 'waiting' }))
  expect(view.runs()).toEqual([])
  view.note(run('write', 'report', '2001-02-14', { ...ended, cause: { lane: 'manual' } }))
  expect(view.runs()).toHaveLength(1)
})
