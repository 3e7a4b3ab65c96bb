import { dataset, receipts } from 'redeye/task'
import { days } from './calendar.ts'

export const routesLoaded = dataset('routes_loaded', {
  partition: days,
  columns: receipts,
  description: 'Receipts of the warehouse’s table route_punctuality',
  owner: 'network@example.com',
})
