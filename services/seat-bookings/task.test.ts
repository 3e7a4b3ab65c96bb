import { runTask } from 'redeye/testing'
import task from './task.ts'

const booking = {
  booking_id: 3,
  booked_at: '2001-02-14 19:21:07',
  visitor: 'v1',
  flight_id: 17,
  route: 'SFO-JFK',
  seats: 2,
  fare: '410.10',
}

test('the database’s clock is UTC, and fares keep their cents', async () => {
  const { rows } = await runTask(task, { partition: '2001-02-14', records: [booking] })
  expect(rows).toEqual([{ ...booking, booked_at: '2001-02-14T19:21:07Z', fare: '410.10' }])
})

test('nobody books ten seats', async () => {
  await expect(runTask(task, { partition: '2001-02-14', records: [{ ...booking, seats: 10 }] })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
  })
})
