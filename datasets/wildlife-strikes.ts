import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const wildlifeStrikes = dataset('wildlife_strikes', {
  partition: days,
  columns: {
    strike_id: 'int',
    strike_date: 'date',
    airport: 'string',
    operator: 'string',
    aircraft: 'string',
    species: 'string',
    size: 'string',
    phase: 'string',
    damage: 'string',
    cost_usd: 'int',
    speed_kn: 'int',
  },
  key: ['strike_id'],
  description: 'Birds and other animals that aircraft hit, as reported to the authority; airport is its IATA code',
  owner: 'safety@example.com',
})
