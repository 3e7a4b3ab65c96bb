import { httpApi } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { lateRoutesSent, routePunctuality } from '#datasets'

export default load({
  inputs: { routes: same(routePunctuality) },
  target: httpApi({ connection: 'CREW_DESK', path: '/late-routes', auth: { bearer: 'CREW_DESK_TOKEN' }, batch: 50 }),
  output: lateRoutesSent,
  columns: { route: 'string', late_share: 'double' },
  map: row => (row.on_time_share !== null && row.on_time_share < 0.5 ? { route: row.route, late_share: 1 - row.on_time_share } : null),
})
