import { between, latest, rows, trailing, transform, unique } from 'redeye/task'
import { airports, flights, routePunctuality } from '#datasets'

export default transform({
  inputs: { flights: trailing(flights, 7), airports: latest(airports) },
  output: routePunctuality,
  sql: 'route-punctuality.sql',
  checks: [rows({ atLeast: 100 }), unique('route'), between('on_time_share', 0, 1)],
})
