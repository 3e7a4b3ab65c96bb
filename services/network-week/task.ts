import { between, overlapping, transform } from 'redeye/task'
import { airportDays, networkWeeks } from '#datasets'

export default transform({
  inputs: { days: overlapping(airportDays) },
  output: networkWeeks,
  sql: 'network-week.sql',
  checks: [between('late_share', 0, 1), between('days', 1, 7)],
})
