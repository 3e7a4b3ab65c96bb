import { dataset, receipts } from 'redeye/task'
import { days } from './calendar.ts'

export const lateRoutesSent = dataset('late_routes_sent', {
  partition: days,
  columns: receipts,
  description: 'Receipts of the routes, mostly late in the week before, that the crew desk’s API took',
  owner: 'operations@example.com',
})
