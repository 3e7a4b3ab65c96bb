import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const webLogs = dataset('web_logs', {
  partition: days,
  columns: {
    requested_at: 'timestamp',
    visitor: 'string',
    method: 'string',
    path: 'string',
    status: 'int',
    bytes: 'int',
    referrer: 'string',
    agent: 'string',
  },
  description: 'Requests to the site, from its access logs; visitor is the cookie the server gives out',
  owner: 'web@example.com',
})
