import { sqlTable } from 'redeye/sources'
import { between, ingest } from 'redeye/task'
import { bookings } from '#datasets'

export default ingest({
  source: sqlTable({ connection: 'OPERATIONS_DB', table: 'bookings', watermark: 'booked_at', key: ['booking_id'] }),
  output: bookings,
  checks: [between('seats', 1, 9)],
})
