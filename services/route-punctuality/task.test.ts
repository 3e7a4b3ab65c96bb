import { row, runTask } from 'redeye/testing'
import { airports, flights } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'
const flight = (origin: string, destination: string, delay_min: number) => row(flights, { origin, destination, delay_min })

test('a flight over a quarter of an hour late is not on time', async () => {
  const { rows } = await runTask(task, { partition, inputs: { flights: [flight('SFO', 'JFK', 16)] } })
  expect(rows).toEqual([{ route: 'SFO-JFK', on_time_share: 0, flights: 1 }])
})

test('a quarter of an hour, or early, is on time; each direction is a route', async () => {
  const flown = [
    flight('SFO', 'JFK', 15),
    flight('SFO', 'JFK', -20),
    flight('SFO', 'JFK', 60),
    flight('SFO', 'JFK', 61),
    flight('JFK', 'SFO', 0),
  ]
  const { rows } = await runTask(task, { partition, inputs: { flights: flown } })
  expect(rows).toEqualRows([
    { route: 'SFO-JFK', on_time_share: 0.5, flights: 4 },
    { route: 'JFK-SFO', on_time_share: 1, flights: 1 },
  ])
})

test('routes from and to the islands are left out', async () => {
  const registry = [row(airports, { iata: 'SJU', state: 'PR' }), row(airports, { iata: 'MIA', state: 'FL' })]
  const flown = [flight('MIA', 'SJU', 0), flight('SJU', 'MIA', 0), flight('MIA', 'XXX', 0)]
  const { rows } = await runTask(task, { partition, inputs: { flights: flown, airports: registry } })
  expect(rows).toEqual([{ route: 'MIA-XXX', on_time_share: 1, flights: 1 }])
})
