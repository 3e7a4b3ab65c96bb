import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const visitors = dataset('visitors', {
  partition: days,
  columns: { visitor: 'string', first_seen: 'timestamp', last_seen: 'timestamp', sessions: 'int', bookings: 'int' },
  key: ['visitor'],
  description: 'Everyone who has visited the site up to the day: yesterday’s list, brought forward by the day’s sessions',
  owner: 'web@example.com',
})
