import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const flights = dataset('flights', {
  partition: days,
  columns: {
    flight_id: 'int',
    flight_date: 'date',
    departs_at: 'string',
    origin: 'string',
    destination: 'string',
    distance_mi: 'int',
    delay_min: 'int',
  },
  key: ['flight_id'],
  description:
    'Flights as they were flown, by the day they left; departs_at is the wall clock of the origin (HH:MM), delay_min is negative when early',
  owner: 'operations@example.com',
  readyBy: '05:30',
})
