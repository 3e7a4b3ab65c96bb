import { waitsOf, waitsText } from '../../../cli/waits.ts'
import { bitsOf } from '../../../shared/core/bits.ts'
import type { Contract, InputContract } from '../../../shared/core/contract.ts'
import { buildGraph } from '../../../shared/core/graph.ts'
import type { RunDoc } from '../../../shared/core/run.ts'

const days = { grain: 'daily', from: '2001-02-01', timezone: 'UTC' } as const
const weeks = { grain: 'weekly', from: '2001-02-01', timezone: 'UTC' } as const
const retry = { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 }
const input = (dataset: string, map: 'same' | 'overlapping' | 'latest', wait: InputContract['wait'] = 'all'): InputContract => ({
  dataset,
  mapping: { map },
  wait,
  onUpdate: 'rerun',
})
const dataset = (name: string, partitioning: typeof days | typeof weeks): Contract => ({
  kind: 'dataset',
  dataset: name,
  partitioning,
  outside: true,
  keepMs: 0,
})
const task = (name: string, output: string, inputs: InputContract[]): Contract => ({
  kind: 'task',
  task: name,
  output,
  inputs,
  onNight: false,
  retry,
  hash: 'h',
  inputsHash: 'i',
  deployedAt: 0,
})
const graph = buildGraph([
  dataset('flights', days),
  dataset('airports', days),
  dataset('report', weeks),
  dataset('joined', days),
  task('weekly', 'report', [input('flights', 'overlapping')]),
  task('join', 'joined', [input('flights', 'same'), input('airports', 'latest')]),
])
const waiting = (more: Partial<RunDoc>): RunDoc => ({
  v: 1,
  dataset: 'joined',
  partition: '2001-02-14',
  task: 'join',
  state: 'waiting',
  generation: 0,
  attempt: 0,
  ...more,
})
const pending = (...bits: string[]) => ({ pending: { inputsHash: 'i', bits } })
const text = (doc: RunDoc) => waitsText(waitsOf(graph, doc, 0), doc.partition)

test('what has not arrived is named by its dataset, and by its partition where that is another', () => {
  expect(
    text(
      waiting(
        pending(
          bitsOf(1, () => true),
          '',
        ),
      ),
    ),
  ).toBe('flights')
  const week = waiting({ dataset: 'report', task: 'weekly', partition: '2001-W07', ...pending(bitsOf(7, i => i === 6)) })
  expect(text(week)).toBe('flights@2001-02-18')
})

test('of several partitions it says how many', () => {
  const week = waiting({ dataset: 'report', task: 'weekly', partition: '2001-W07', ...pending(bitsOf(7, i => i > 2)) })
  expect(text(week)).toBe('4 of 7 flights')
  expect(waitsOf(graph, week, 0).missing).toEqual([
    { dataset: 'flights', partitions: ['2001-02-15', '2001-02-16', '2001-02-17', '2001-02-18'], of: 7 },
  ])
})

test('what is behind, what is the latest of nothing, and what only waits for its time', () => {
  expect(text(waiting({ stale: ['flights@2001-02-14'], ...pending('', '') }))).toBe('a newer flights@2001-02-14')
  expect(
    text(
      waiting(
        pending(
          bitsOf(1, () => false),
          '',
        ),
      ),
    ),
  ).toBe('the latest airports')
  expect(
    text(
      waiting({
        due: 0,
        ...pending(
          bitsOf(1, () => false),
          '',
        ),
      }),
    ),
  ).toMatch(/^until \d{4}-/)
})

test('bits that were kept under other inputs say nothing', () => {
  expect(text(waiting({ pending: { inputsHash: 'another', bits: ['B'] } }))).toBe('its turn')
})
