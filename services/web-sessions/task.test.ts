import { row, runTask } from 'redeye/testing'
import { webLogs } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'
const request = (visitor: string | null, time: string, path = '/', method = 'GET', status = 200) =>
  row(webLogs, { visitor, requested_at: `2001-02-14T${time}Z`, path, method, status })

test('half an hour of silence ends a session', async () => {
  const requests = [request('v1', '12:00:00'), request('v1', '12:30:00'), request('v1', '13:00:01')]
  const { rows } = await runTask(task, { partition, inputs: { requests } })
  expect(rows).toEqualRows([
    {
      visitor: 'v1',
      session: 1,
      started_at: '2001-02-14T12:00:00Z',
      ended_at: '2001-02-14T12:30:00Z',
      pages: 2,
      route: null,
      booked: false,
    },
    {
      visitor: 'v1',
      session: 2,
      started_at: '2001-02-14T13:00:01Z',
      ended_at: '2001-02-14T13:00:01Z',
      pages: 1,
      route: null,
      booked: false,
    },
  ])
})

test('visitors do not end each other’s sessions, and robots have none', async () => {
  const requests = [request('v1', '12:00:00'), request('v2', '12:40:00'), request(null, '12:41:00'), request('v1', '12:20:00')]
  const { rows } = await runTask(task, { partition, inputs: { requests } })
  expect(rows.map(({ visitor, pages }) => ({ visitor, pages }))).toEqualRows([
    { visitor: 'v1', pages: 2 },
    { visitor: 'v2', pages: 1 },
  ])
})

test('a session knows the route that was looked at, and whether it was booked', async () => {
  const requests = [
    request('v1', '12:00:00', '/search?from=SFO&to=JFK'),
    request('v1', '12:01:00', '/flights/SFO-JFK/2001-02-20'),
    request('v1', '12:02:00', '/bookings?flight=17', 'POST', 201),
    request('v2', '12:02:00', '/bookings?flight=18', 'POST', 409),
  ]
  const { rows } = await runTask(task, { partition, inputs: { requests } })
  expect(rows.map(({ visitor, route, booked }) => ({ visitor, route, booked }))).toEqualRows([
    { visitor: 'v1', route: 'SFO-JFK', booked: true },
    { visitor: 'v2', route: null, booked: false },
  ])
})

test('two requests in the same second belong to the same session', async () => {
  const requests = [request('v1', '10:00:00'), request('v1', '12:00:00', '/a'), request('v1', '12:00:00', '/b')]
  const { rows } = await runTask(task, { partition, inputs: { requests } })
  expect(rows.map(({ session, pages }) => ({ session, pages }))).toEqualRows([
    { session: 1, pages: 1 },
    { session: 2, pages: 2 },
  ])
})
