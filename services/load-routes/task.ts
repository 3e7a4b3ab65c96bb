import { warehouse } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { routePunctuality, routesLoaded } from '#datasets'

export default load({
  inputs: { routes: same(routePunctuality) },
  target: warehouse({ connection: 'WAREHOUSE' }),
  output: routesLoaded,
})
