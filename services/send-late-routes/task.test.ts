import { row, runTask } from 'redeye/testing'
import { routePunctuality } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'
const route = (name: string, on_time_share: number) => row(routePunctuality, { route: name, on_time_share })

test('the crew desk hears of routes that are late more often than not', async () => {
  const routes = [route('SFO-JFK', 0.25), route('JFK-SFO', 0.5), route('BOS-ORD', 0.9)]
  const { delivered } = await runTask(task, { partition, inputs: { routes } })
  expect(delivered).toEqual([{ route: 'SFO-JFK', late_share: 0.75 }])
})

test('it is sent as JSON, under a key that makes sending it again harmless', async () => {
  const responses = [{ method: 'POST', url: 'https://desk.example.com/late-routes', status: 201 }]
  const settings = { CREW_DESK: 'https://desk.example.com', CREW_DESK_TOKEN: 't0ken' }
  const { rows, requests } = await runTask(task, { partition, inputs: { routes: [route('SFO-JFK', 0.25)] }, responses, settings })
  const key = 'send-late-routes/2001-02-14/v1/g1.a1/b0'
  expect(requests).toMatchObject([
    { body: '[{"route":"SFO-JFK","late_share":0.75}]', headers: { authorization: 'Bearer t0ken', 'idempotency-key': key } },
  ])
  expect(rows).toEqual([{ batch: 0, rows: 1, token: key, answer: '201' }])
})
