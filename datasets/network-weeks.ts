import { dataset } from 'redeye/task'
import { weeks } from './calendar.ts'

export const networkWeeks = dataset('network_weeks', {
  partition: weeks,
  columns: {
    airport: 'string',
    days: 'int',
    departures: 'int',
    late_share: 'double',
    mean_delay_min: 'double',
    strikes: 'int',
    lateness_rank: 'int',
  },
  key: ['airport'],
  description: 'A week at each airport; lateness_rank is 1 for the airport with the largest share of late departures',
  owner: 'network@example.com',
})
