import { dataset, receipts } from 'redeye/task'
import { days } from './calendar.ts'

export const sessionsQueued = dataset('sessions_queued', {
  partition: days,
  columns: receipts,
  description: 'Receipts of the sessions put on the marketing queue',
  owner: 'web@example.com',
})
