import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const sessions = dataset('sessions', {
  partition: days,
  columns: {
    visitor: 'string',
    session: 'int',
    started_at: 'timestamp',
    ended_at: 'timestamp',
    pages: 'int',
    route: 'string',
    booked: 'boolean',
  },
  key: ['visitor', 'session'],
  description: 'Visits to the site: requests of one visitor with no half hour of silence between; route is one that was looked at',
  owner: 'web@example.com',
})
