import { dataset, decimal } from 'redeye/task'
import { days } from './calendar.ts'

export const routeDemand = dataset('route_demand', {
  partition: days,
  columns: { route: 'string', sessions: 'int', bookings: 'int', seats: 'int', revenue: decimal(12, 2) },
  key: ['route'],
  description: 'How many visits looked at a route on the day, and what was sold on it (revenue in US dollars)',
  owner: 'sales@example.com',
})
