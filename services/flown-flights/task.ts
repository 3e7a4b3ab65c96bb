import { sqlTable } from 'redeye/sources'
import { between, ingest, rows } from 'redeye/task'
import { flights } from '#datasets'

export default ingest({
  source: sqlTable({ connection: 'OPERATIONS_DB', table: 'flights', partitionColumn: 'flight_date', key: ['flight_id'] }),
  output: flights,
  checks: [rows({ atLeast: 1000 }), between('distance_mi', 1, 12_000)],
})
