import { runTask } from 'redeye/testing'
import task from './task.ts'

const url = (page: number) => `https://airports.example.com/airports?date=2001-02-14&page=${page}`
const settings = { AIRPORTS_API: 'https://airports.example.com', AIRPORTS_KEY: 'k3y' }
const airport = (iata: string) => ({ iata, name: 'An airport', city: null, state: null, country: 'USA', latitude: 37.6, longitude: -122.4 })

test('all pages are read, and a page that is refused for now is asked for again', async () => {
  const responses = [
    { url: url(1), body: { page: 1, pages: 2, airports: [airport('SFO'), airport('JFK')] } },
    { url: url(2), status: 429, headers: { 'retry-after': '1' } },
    { url: url(2), body: { page: 2, pages: 2, airports: [airport('ATL')] } },
  ]
  const { rows, requests } = await runTask(task, { partition: '2001-02-14', responses, settings })
  expect(rows.map(row => row.iata)).toEqual(['SFO', 'JFK', 'ATL'])
  expect(requests.every(request => request.headers['x-api-key'] === 'k3y')).toBe(true)
})

test.each([
  ['twice in the registry', [airport('SFO'), airport('SFO')]],
  ['off the earth', [{ ...airport('SFO'), latitude: 91 }]],
])('an airport %s fails the run', async (_, airports) => {
  const responses = [{ url: url(1), body: { page: 1, pages: 1, airports } }]
  await expect(runTask(task, { partition: '2001-02-14', responses, settings })).rejects.toMatchObject({ code: 'CHECK_FAILED' })
})
