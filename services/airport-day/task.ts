import { between, matches, notNull, same, transform } from 'redeye/task'
import { airportDays, airports, flights, wildlifeStrikes } from '#datasets'

export default transform({
  inputs: { flights: same(flights), airports: same(airports), strikes: same(wildlifeStrikes) },
  output: airportDays,
  sql: 'airport-day.sql',
  checks: [notNull('city'), matches('airport', airports, 'iata'), between('late', 0, 2000)],
})
