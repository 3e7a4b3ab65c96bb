import { row, runTask } from 'redeye/testing'
import { bookings, sessions } from '#datasets'
import task from './task.ts'

const partition = '2001-02-14'

test('looks and sales of a route meet, also where there is only one of them', async () => {
  const looked = ['SFO-JFK', 'SFO-JFK', 'BOS-ORD', null].map(route => row(sessions, { route }))
  const sold = [
    row(bookings, { route: 'SFO-JFK', seats: 2, fare: '410.10' }),
    row(bookings, { route: 'SFO-JFK', seats: 1, fare: '199.99' }),
    row(bookings, { route: 'LAX-SEA', seats: 4, fare: '800.00' }),
  ]
  const { rows } = await runTask(task, { partition, inputs: { sessions: looked, bookings: sold } })
  expect(rows).toEqualRows([
    { route: 'SFO-JFK', sessions: 2, bookings: 2, seats: 3, revenue: '610.09' },
    { route: 'BOS-ORD', sessions: 1, bookings: 0, seats: 0, revenue: '0.00' },
    { route: 'LAX-SEA', sessions: 0, bookings: 1, seats: 4, revenue: '800.00' },
  ])
})
