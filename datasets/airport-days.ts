import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const airportDays = dataset('airport_days', {
  partition: days,
  columns: {
    airport: 'string',
    city: 'string',
    state: 'string',
    departures: 'int',
    late: 'int',
    delay_min: 'bigint',
    strikes: 'int',
  },
  key: ['airport'],
  description: 'One day at each airport: departures, those over a quarter of an hour late, all minutes of delay, animals struck',
  owner: 'network@example.com',
})
