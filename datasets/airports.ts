import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const airports = dataset('airports', {
  partition: days,
  columns: {
    iata: 'string',
    name: 'string',
    city: 'string',
    state: 'string',
    country: 'string',
    latitude: 'double',
    longitude: 'double',
  },
  key: ['iata'],
  description: 'Airports as the registry lists them on the day, positions in degrees',
  owner: 'network@example.com',
})
