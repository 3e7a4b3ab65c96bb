import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const routePunctuality = dataset('route_punctuality', {
  partition: days,
  columns: { route: 'string', on_time_share: 'double', flights: 'int' },
  key: ['route'],
  description: 'The share of a route’s flights within a quarter of an hour of the plan, over the seven days up to the partition’s',
  owner: 'network@example.com',
  readyBy: '06:00',
})
