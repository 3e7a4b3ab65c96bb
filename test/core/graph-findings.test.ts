import type { Contract, DatasetContract, InputContract, TaskContract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { graphFindings } from '../../shared/core/graph-findings.ts'
import type { Partitioning } from '../../shared/core/partition.ts'

const days: Partitioning = { grain: 'daily', timezone: 'UTC' }
const dataset = (name: string, more: Partial<DatasetContract> = {}): DatasetContract => ({
  kind: 'dataset',
  dataset: name,
  partitioning: days,
  outside: false,
  keepMs: 0,
  ...more,
})
const input = (name: string, more: Partial<InputContract> = {}): InputContract => ({
  dataset: name,
  mapping: { map: 'same' },
  wait: 'all',
  onUpdate: 'rerun',
  ...more,
})
const task = (name: string, output: string, inputs: InputContract[] = [], more: Partial<TaskContract> = {}): TaskContract => ({
  kind: 'task',
  task: name,
  output,
  inputs,
  onNight: inputs.length === 0,
  retry: { attempts: 1, timeouts: 2, losses: 3, backoffMs: 0, factor: 2, jitter: 0 },
  hash: '',
  inputsHash: '',
  deployedAt: 0,
  ...more,
})
const outside = dataset('IN', { outside: true })
const findings = (...contracts: Contract[]) =>
  graphFindings(buildGraph(contracts)).map(f => `${f.severity} ${f.code} ${f.task ?? f.dataset}: ${f.message}`)

test('a sound graph has none', () => {
  expect(
    findings(
      outside,
      dataset('A'),
      dataset('B'),
      task('a', 'A', [input('IN')]),
      task('b', 'B', [input('A'), input('B', { mapping: { map: 'offset', k: -1 } })]),
    ),
  ).toEqual([])
})

test('a cycle is named as a path, at its later task', () => {
  const ring = [dataset('X'), dataset('Y'), task('x', 'X', [input('Y')]), task('y', 'Y', [input('X')])]
  expect(findings(...ring)).toEqual(['error BAD_GRAPH y: these tasks wait for one another: x → y → x'])
})

test('cycles that touch are each named, what is behind them is not', () => {
  const found = findings(
    dataset('X'),
    dataset('Y'),
    dataset('Z'),
    dataset('END'),
    task('end', 'END', [input('Z')]),
    task('x', 'X', [input('Y'), input('Z')]),
    task('y', 'Y', [input('X')]),
    task('z', 'Z', [input('X')]),
  )
  expect(found).toEqual([
    'error BAD_GRAPH y: these tasks wait for one another: x → y → x',
    'error BAD_GRAPH z: these tasks wait for one another: z → x → z',
  ])
})

test('latest makes a cycle too: neither would ever have a first partition', () => {
  const ring = [dataset('X'), dataset('Y'), task('x', 'X', [input('Y', { mapping: { map: 'latest' } })]), task('y', 'Y', [input('X')])]
  expect(findings(...ring)).toEqual([expect.stringContaining('x → y → x')])
})

test('two producers: the later is named', () => {
  expect(findings(outside, dataset('A'), task('one', 'A', [input('IN')]), task('two', 'A', [input('IN')]))).toEqual([
    'error BAD_GRAPH two: one and two both make A',
  ])
})

test('an input that nobody makes, or that nobody declares', () => {
  expect(findings(outside, dataset('A'), dataset('B'), task('b', 'B', [input('A'), input('IM'), input('IN')]))).toEqual([
    'error BAD_GRAPH b: b takes A, which no task makes',
    'error UNKNOWN_NAME b: b takes IM, which is not declared',
  ])
  expect(graphFindings(buildGraph([outside, task('b', 'IS', [input('IN')])]))[0]?.remedy).toBe('did you mean IN?')
})

test('a task must not make what comes from outside', () => {
  expect(findings(outside, task('a', 'IN', []))).toEqual(['error BAD_GRAPH a: a makes IN, which is declared as made outside'])
})

test('a mapping that cannot join', () => {
  const weeks = dataset('W', { partitioning: { grain: 'weekly', timezone: 'UTC' } })
  expect(findings(outside, weeks, task('w', 'W', [input('IN')]))).toEqual([
    'error BAD_MAPPING w: w ← IN: same cannot join a daily input to a weekly output: the grains differ',
  ])
})

test('a partitioning that cannot be is one finding, not one more at every reader', () => {
  const bad = dataset('IN', { outside: true, partitioning: { grain: 'daily', timezone: 'Europe/Atlantis' } })
  expect(findings(bad, dataset('A'), task('a', 'A', [input('IN')]))).toEqual([
    'error BAD_DATASET IN: IN cannot be partitioned so: "Europe/Atlantis" is no time zone',
  ])
})

test.each<[InputContract['wait'], Partitioning, string]>([
  [{ atLeast: 0 }, days, 'atLeast is 0'],
  [{ atLeast: 1.5 }, days, 'atLeast is 1.5'],
  [{ optional: '4:30' }, days, '"4:30" is no time of day'],
  [{ optional: '24:00' }, days, '"24:00" is no time of day'],
  [{ optional: '04:30' }, { grain: 'unpartitioned' }, 'optional waits until a time on the day after the partition, and A is unpartitioned'],
])('the wait %j into %j cannot be', (wait, partitioning, message) => {
  const mapping = partitioning.grain === 'daily' ? ({ map: 'same' } as const) : ({ map: 'all' } as const)
  expect(findings({ ...outside, partitioning }, dataset('A', { partitioning }), task('a', 'A', [input('IN', { wait, mapping })]))).toEqual([
    `error BAD_TASK a: a ← IN: ${message}`,
  ])
})

test('limits and retries that are no counts', () => {
  const retry = { attempts: 0, timeouts: 2, losses: 3, backoffMs: 0, factor: 0.5, jitter: 0 }
  expect(findings(dataset('A'), task('a', 'A', [], { limit: -1, retry, timeoutMs: 0 }))).toEqual([
    'error BAD_TASK a: a: limit is -1',
    'error BAD_TASK a: a: retry allows 0 attempts',
    'error BAD_TASK a: a: the wait between attempts grows by 0.5',
    'error BAD_TASK a: a: the timeout is no time at all',
  ])
})

test('what nothing starts is a warning, and so is what only it would reach', () => {
  expect(
    findings(
      outside,
      dataset('A'),
      dataset('B'),
      dataset('C'),
      dataset('D'),
      task('a', 'A', [], { onNight: false }),
      task('b', 'B', [input('A')]),
      task('c', 'C', [input('IN', { mapping: { map: 'latest' } })]),
      task('d', 'D', [input('B'), input('IN')]),
    ),
  ).toEqual([
    'warning BAD_TASK a: nothing starts a: it has no inputs and does not run on the night',
    'warning BAD_TASK b: nothing reaches b: what it takes is made by request only',
    'warning BAD_TASK c: nothing starts c: it has no input that triggers and does not run on the night',
  ])
})

test('a night makes days and hours only, and what is undated once', () => {
  const whole = dataset('W', { partitioning: { grain: 'unpartitioned' } })
  expect(findings(whole, task('w', 'W'))).toEqual([expect.stringContaining('so the first one makes it')])
  const months = dataset('M', { partitioning: { grain: 'monthly', timezone: 'UTC' } })
  expect(findings(months, task('m', 'M'))).toEqual([
    'warning BAD_TASK m: m runs on the night, but M is monthly: a night makes the days or hours of its date, so no night makes it',
  ])
})

test('hours and days are made by nights, and an optional time is for what is dated', () => {
  for (const grain of ['hourly', 'daily'] as const) {
    const contracts = [outside, dataset('A', { partitioning: { grain, timezone: 'UTC' } }), task('a', 'A', [], { onNight: true })]
    expect(findings(...contracts)).toEqual([])
  }
  for (const optional of ['00:00', '09:59', '19:30', '23:59'])
    expect(findings(outside, dataset('A'), task('a', 'A', [input('IN', { wait: { optional } })]))).toEqual([])
  for (const optional of ['24:00', '9:59', '12:60', 'x04:30', '04:30x'])
    expect(findings(outside, dataset('A'), task('a', 'A', [input('IN', { wait: { optional } })]))).toHaveLength(1)
})

test('every finding says what to do', () => {
  const found = graphFindings(
    buildGraph([
      outside,
      dataset('A', { partitioning: { grain: 'monthly', timezone: 'UTC' } }),
      task('a', 'A', [input('IN')], {
        onNight: true,
        limit: 0,
        timeoutMs: 0,
        retry: { attempts: 0, timeouts: 0, losses: 0, backoffMs: 0, factor: 0, jitter: 0 },
      }),
      task('b', 'GONE', [input('NOWHERE')]),
    ]),
  )
  expect(found.length).toBeGreaterThan(7)
  for (const { remedy } of found) expect(remedy?.length).toBeGreaterThan(10)
})
