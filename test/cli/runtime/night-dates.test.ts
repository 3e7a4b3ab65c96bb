import { refuseImpossibleNight } from '../../../cli/night-dates.ts'
import type { Contract } from '../../../shared/core/contract.ts'
import { buildGraph } from '../../../shared/core/graph.ts'
import type { Partitioning } from '../../../shared/core/partition.ts'

/** Tasks that a night starts, one for each of these. */
function graphOf(...partitionings: Partitioning[]) {
  return buildGraph(
    partitionings.flatMap((partitioning, i): Contract[] => [
      { kind: 'dataset', dataset: `data-${i}`, partitioning, outside: false, keepMs: 0 },
      {
        kind: 'task',
        task: `task-${i}`,
        output: `data-${i}`,
        inputs: [],
        onNight: true,
        retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
        hash: '',
        inputsHash: '',
        deployedAt: 0,
      },
    ]),
  )
}
const daily = (from?: string, timezone = 'UTC'): Partitioning => ({ grain: 'daily', timezone, ...(from && { from }) })
const hourly = (from: string): Partitioning => ({ grain: 'hourly', timezone: 'UTC', from })
const now = Date.parse('2001-03-01T12:00:00Z')
const refused = (message: string, remedy: string) => expect.objectContaining({ code: 'BAD_DATE', message, remedy }) as unknown as Error

test('a night before anything that nights make is refused, with the first one there is', () => {
  const graph = graphOf(daily('2001-02-10'), hourly('2001-02-01'))
  expect(() => refuseImpossibleNight(graph, '1999-01-01', now)).toThrow(
    refused('no task makes anything in the night of 1999-01-01', 'the first night is that of 2001-02-01'),
  )
  refuseImpossibleNight(graph, '2001-02-01', now)
})

test('any past night goes where something has no first date, or no dates', () => {
  refuseImpossibleNight(graphOf(daily('2001-02-10'), daily()), '1999-01-01', now)
  refuseImpossibleNight(graphOf(daily('2001-02-10'), { grain: 'unpartitioned' }), '1999-01-01', now)
  refuseImpossibleNight(graphOf(), '1999-01-01', now)
})

test('a night to come is refused; today’s is not, by the clock of whom it is today first', () => {
  const ahead = (today: string) => refused('the night of 2001-03-02 lies ahead', `name ${today}, which is today, or a date before`)
  expect(() => refuseImpossibleNight(graphOf(daily('2001-02-10')), '2001-03-02', now)).toThrow(ahead('2001-03-01'))
  refuseImpossibleNight(graphOf(daily('2001-02-10')), '2001-03-01', now)
  refuseImpossibleNight(graphOf(daily('2001-02-10', 'Pacific/Kiritimati')), '2001-03-02', now)
})

test('what is no date is refused', () => {
  expect(() => refuseImpossibleNight(graphOf(), 'tonight', now)).toThrow(
    refused('"tonight" is no date', 'write a night’s date like 2001-02-14'),
  )
})
