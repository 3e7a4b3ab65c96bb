import { dataset, receipts } from 'redeye/task'
import { months } from './calendar.ts'

export const monthsLoaded = dataset('months_loaded', {
  partition: months,
  columns: receipts,
  description: 'Receipts of the warehouse’s table network_months',
  owner: 'network@example.com',
})
