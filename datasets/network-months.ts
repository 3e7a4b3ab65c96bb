import { dataset } from 'redeye/task'
import { months } from './calendar.ts'

export const networkMonths = dataset('network_months', {
  partition: months,
  columns: { state: 'string', airports: 'int', departures: 'int', late_share: 'double', mean_delay_min: 'double', strikes: 'int' },
  key: ['state'],
  description: 'A month in each state, over all its airports',
  owner: 'network@example.com',
})
