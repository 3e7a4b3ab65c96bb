import { between, same, transform } from 'redeye/task'
import { bookings, routeDemand, sessions } from '#datasets'

export default transform({
  inputs: { sessions: same(sessions), bookings: same(bookings) },
  output: routeDemand,
  sql: 'route-demand.sql',
  checks: [between('seats', 0, 100_000)],
})
