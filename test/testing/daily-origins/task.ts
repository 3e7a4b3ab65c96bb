import { between, latest, matches, notNull, rows, trailing, transform } from '../../../shared/task/index.ts'
import { airports, flights, origins } from '../datasets.ts'

export default transform({
  inputs: { flights: trailing(flights, 2), airports: latest(airports) },
  output: origins,
  sql: 'daily-origins.sql',
  checks: [rows({ atLeast: 100 }), notNull('origin'), between('flights', 1, 3), matches('origin', airports, 'iata')],
})
