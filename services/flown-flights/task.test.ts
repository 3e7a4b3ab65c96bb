import { runTask } from 'redeye/testing'
import task from './task.ts'

const flight = {
  flight_id: 17,
  flight_date: '2001-02-14',
  departs_at: '09:05',
  origin: 'SFO',
  destination: 'JFK',
  distance_mi: 2586,
  delay_min: -4,
}

test('a flight comes as the operations database has it', async () => {
  const { rows } = await runTask(task, { partition: '2001-02-14', records: [flight] })
  expect(rows).toEqual([flight])
})

test('a value that does not fit is quarantined with its reason, and a night of them fails', async () => {
  const records = [flight, { ...flight, flight_id: 18, delay_min: 'late' }]
  const { rows, quarantined } = await runTask(task, { partition: '2001-02-14', records, checks: 'report' })
  expect(rows).toEqual([flight])
  expect(quarantined).toMatchObject([{ reason: 'delay_min: received "late", expected int' }])
  await expect(runTask(task, { partition: '2001-02-14', records })).rejects.toMatchObject({ code: 'BAD_ROW' })
})

test('no flight is longer than half the way around the earth', async () => {
  const records = [{ ...flight, distance_mi: 25_860 }]
  await expect(runTask(task, { partition: '2001-02-14', records })).rejects.toMatchObject({ code: 'CHECK_FAILED' })
})
