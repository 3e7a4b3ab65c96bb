import { between, notNull, overlapping, transform } from 'redeye/task'
import { airportDays, networkMonths } from '#datasets'

export default transform({
  inputs: { days: overlapping(airportDays) },
  output: networkMonths,
  sql: 'network-month.sql',
  checks: [notNull('state'), between('late_share', 0, 1)],
})
