import { row, runTask } from 'redeye/testing'
import { airportDays } from '#datasets'
import task from './task.ts'

test('a state has its airports’ flights together; an airport counts once, however many its days', async () => {
  const days = [
    row(airportDays, { airport: 'SFO', state: 'CA', departures: 30, late: 10, delay_min: 100n, strikes: 1 }),
    row(airportDays, { airport: 'SFO', state: 'CA', departures: 30, late: 5, delay_min: 20n, strikes: 0 }),
    row(airportDays, { airport: 'LAX', state: 'CA', departures: 40, late: 10, delay_min: 180n, strikes: 2 }),
  ]
  const { rows } = await runTask(task, { partition: '2001-02', inputs: { days } })
  expect(rows).toEqual([{ state: 'CA', airports: 2, departures: 100, late_share: 0.25, mean_delay_min: 3, strikes: 3 }])
})
