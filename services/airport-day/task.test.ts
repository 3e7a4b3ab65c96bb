import { row, runTask } from 'redeye/testing'
import { airports, flights, wildlifeStrikes } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'
const sfo = row(airports, { iata: 'SFO', name: 'San Francisco International', city: 'San Francisco', state: 'CA' })

test('flights count where they leave; late is over a quarter of an hour', async () => {
  const flown = [16, 15, -4].map(delay_min => row(flights, { origin: 'SFO', destination: 'JFK', delay_min }))
  const { rows } = await runTask(task, { partition, inputs: { flights: flown, airports: [sfo] } })
  expect(rows).toEqual([{ airport: 'SFO', city: 'San Francisco', state: 'CA', departures: 3, late: 1, delay_min: 27n, strikes: 0 }])
})

test('strikes are counted beside the flights, however many there are of both', async () => {
  const flown = [0, 0].map(delay_min => row(flights, { origin: 'SFO', delay_min }))
  const struck = [
    row(wildlifeStrikes, { airport: 'SFO' }),
    row(wildlifeStrikes, { airport: 'SFO' }),
    row(wildlifeStrikes, { airport: 'JFK' }),
  ]
  const { rows } = await runTask(task, { partition, inputs: { flights: flown, airports: [sfo], strikes: struck } })
  expect(rows).toMatchObject([{ airport: 'SFO', departures: 2, strikes: 2 }])
})

test('where the registry knows no city, the airport’s name stands for it', async () => {
  const unknown = row(airports, { iata: 'MQT', name: 'Marquette County Airport', city: null, state: null })
  const { rows } = await runTask(task, { partition, inputs: { flights: [row(flights, { origin: 'MQT' })], airports: [unknown] } })
  expect(rows).toMatchObject([{ city: 'Marquette County Airport', state: 'unknown' }])
})

test('an airport that the registry does not have fails the run', async () => {
  const inputs = { flights: [row(flights, { origin: 'XXX' })], airports: [sfo] }
  await expect(runTask(task, { partition, inputs })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining('matches'),
  })
})
