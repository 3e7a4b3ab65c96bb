import { jsonApi } from 'redeye/sources'
import { between, ingest, rows, unique } from 'redeye/task'
import { airports } from '#datasets'

export default ingest({
  source: jsonApi({
    connection: 'AIRPORTS_API',
    path: '/airports',
    query: { date: '{date}' },
    items: 'airports',
    auth: { header: 'x-api-key', secret: 'AIRPORTS_KEY' },
    pages: { by: 'page', parameter: 'page', last: 'pages' },
  }),
  output: airports,
  checks: [rows({ atLeast: 1000 }), unique('iata'), between('latitude', -90, 90), between('longitude', -180, 180)],
})
