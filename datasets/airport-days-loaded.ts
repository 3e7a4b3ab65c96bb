import { dataset, receipts } from 'redeye/task'
import { days } from './calendar.ts'

export const airportDaysLoaded = dataset('airport_days_loaded', {
  partition: days,
  columns: receipts,
  description: 'Receipts of the warehouse’s table airport_days',
  owner: 'network@example.com',
})
