import { findDataset, findRun } from '../../../cli/find-names.ts'
import type { Contract } from '../../../shared/core/contract.ts'
import { buildGraph } from '../../../shared/core/graph.ts'

const dataset = (name: string, outside = false): Contract => ({
  kind: 'dataset',
  dataset: name,
  partitioning: { grain: 'unpartitioned' },
  outside,
  keepMs: 0,
})
const graph = buildGraph([
  dataset('flights'),
  dataset('prices', true),
  {
    kind: 'task',
    task: 'flown-flights',
    output: 'flights',
    inputs: [],
    onNight: false,
    retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
    hash: '',
    inputsHash: '',
    deployedAt: 0,
  },
])

const mistake = (message: string, remedy: string) => expect.objectContaining({ code: 'UNKNOWN_NAME', message, remedy })

test('a dataset that is taken for a task names the task that makes it', () => {
  expect(() => findRun(graph, 'flights@all')).toThrow(
    mistake('there is no task "flights"', 'flights is a dataset; flown-flights makes it') as unknown as Error,
  )
  expect(() => findRun(graph, 'prices@all')).toThrow(
    mistake('there is no task "prices"', 'prices is a dataset; it comes from outside') as unknown as Error,
  )
})

test('a task that is taken for a dataset names the dataset that it makes', () => {
  expect(() => findDataset(graph, 'flown-flights')).toThrow(
    mistake('there is no dataset "flown-flights"', 'flown-flights is a task; it makes flights') as unknown as Error,
  )
})

test('any other name is compared with those there are', () => {
  expect(() => findDataset(graph, 'flight')).toThrow(mistake('there is no dataset "flight"', 'did you mean flights?') as unknown as Error)
})
