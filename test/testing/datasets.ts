import { daily, dataset, receipts, unpartitioned, weekly } from '../../shared/task/index.ts'

const about = { description: 'for a test', owner: 'tests@example.com' }
export const flights = dataset('flights', {
  ...about,
  partition: daily({ from: '2001-02-01', timezone: 'America/New_York' }),
  columns: {
    flight: 'int',
    origin: 'string',
    on: 'date',
    at: 'timestamp',
    fare: { decimal: [8, 2] },
    legs: { array: 'string' },
    extra: 'json',
  },
  key: ['flight'],
})
export const airports = dataset('airports', {
  ...about,
  partition: unpartitioned(),
  columns: { iata: 'string', state: 'string' },
  key: ['iata'],
})
export const origins = dataset('origins', {
  ...about,
  partition: daily({ from: '2001-02-01', timezone: 'America/New_York' }),
  columns: { origin: 'string', flights: 'int', began: 'string' },
  key: ['origin'],
})
export const reports = dataset('reports', { ...about, partition: weekly(), columns: { id: 'int', place: 'string' }, key: ['id'] })
export const announced = dataset('announced', {
  ...about,
  partition: daily({ from: '2001-02-01', timezone: 'America/New_York' }),
  columns: receipts,
})
