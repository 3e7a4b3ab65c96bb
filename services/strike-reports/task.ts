import { xmlApi } from 'redeye/sources'
import { accepted, ingest, notNull } from 'redeye/task'
import { wildlifeStrikes } from '#datasets'

export default ingest({
  source: xmlApi({ connection: 'STRIKES_API', path: '/strikes', query: { date: '{date}' }, item: 'strike' }),
  output: wildlifeStrikes,
  map: ({ id, date, cost, speed, ...strike }) => ({ ...strike, strike_id: id, strike_date: date, cost_usd: cost, speed_kn: speed }),
  checks: [notNull('airport'), accepted('size', ['Small', 'Medium', 'Large'])],
})
