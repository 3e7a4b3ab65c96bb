import { warehouse } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { airportDays, airportDaysLoaded } from '#datasets'

export default load({
  inputs: { days: same(airportDays) },
  target: warehouse({ connection: 'WAREHOUSE' }),
  output: airportDaysLoaded,
})
