import { warehouse } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { monthsLoaded, networkMonths } from '#datasets'

export default load({
  inputs: { months: same(networkMonths) },
  target: warehouse({ connection: 'WAREHOUSE' }),
  output: monthsLoaded,
})
