import { row, runTask } from 'redeye/testing'
import { airportDays } from '#datasets'
import task from './task.ts'

const day = (airport: string, departures: number, late: number, delay_min = 0n) =>
  row(airportDays, { airport, departures, late, delay_min, strikes: 1 })

test('days add up to a week, and airports are ranked by their share of late flights', async () => {
  const days = [day('SFO', 10, 1, 30n), day('SFO', 30, 9, 50n), day('JFK', 10, 5, 100n)]
  const { rows } = await runTask(task, { partition: '2001-W07', inputs: { days } })
  expect(rows).toEqualRows([
    { airport: 'JFK', days: 1, departures: 10, late_share: 0.5, mean_delay_min: 10, strikes: 1, lateness_rank: 1 },
    { airport: 'SFO', days: 2, departures: 40, late_share: 0.25, mean_delay_min: 2, strikes: 2, lateness_rank: 2 },
  ])
})

test('airports with the same share have the same rank, and the next rank is left out', async () => {
  const days = [day('A', 10, 5), day('B', 2, 1), day('C', 10, 1)]
  const { rows } = await runTask(task, { partition: '2001-W07', inputs: { days } })
  expect(rows.map(({ airport, lateness_rank }) => ({ airport, lateness_rank }))).toEqualRows([
    { airport: 'A', lateness_rank: 1 },
    { airport: 'B', lateness_rank: 1 },
    { airport: 'C', lateness_rank: 3 },
  ])
})
