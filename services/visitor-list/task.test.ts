import { row, runTask } from 'redeye/testing'
import { sessions, visitors } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'
const session = (visitor: string, started_at: string, ended_at: string, booked = false) =>
  row(sessions, { visitor, started_at, ended_at, booked })

test('the first day begins with an empty list', async () => {
  const today = [
    session('v1', '2001-02-14T12:00:00Z', '2001-02-14T12:10:00Z'),
    session('v1', '2001-02-14T15:00:00Z', '2001-02-14T15:05:00Z', true),
  ]
  const { rows } = await runTask(task, { partition: '2001-02-01', inputs: { sessions: today } })
  expect(rows).toEqual([{ visitor: 'v1', first_seen: '2001-02-14T12:00:00Z', last_seen: '2001-02-14T15:05:00Z', sessions: 2, bookings: 1 }])
})

test('yesterday’s visitors stay, and those who came again are brought forward', async () => {
  const seen = { first_seen: '2001-02-02T09:00:00Z', last_seen: '2001-02-13T09:00:00Z', sessions: 3, bookings: 1 }
  const yesterday = [row(visitors, { visitor: 'v1', ...seen }), row(visitors, { visitor: 'v2', ...seen })]
  const today = [
    session('v2', '2001-02-14T12:00:00Z', '2001-02-14T12:10:00Z'),
    session('v3', '2001-02-14T13:00:00Z', '2001-02-14T13:10:00Z', true),
  ]
  const { rows } = await runTask(task, { partition, inputs: { yesterday, sessions: today } })
  expect(rows).toEqualRows([
    { visitor: 'v1', ...seen },
    { visitor: 'v2', first_seen: seen.first_seen, last_seen: '2001-02-14T12:10:00Z', sessions: 4, bookings: 1 },
    { visitor: 'v3', first_seen: '2001-02-14T13:00:00Z', last_seen: '2001-02-14T13:10:00Z', sessions: 1, bookings: 1 },
  ])
})
