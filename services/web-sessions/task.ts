import { custom, same, transform } from 'redeye/task'
import { sessions, webLogs } from '#datasets'

export default transform({
  inputs: { requests: same(webLogs) },
  output: sessions,
  sql: 'web-sessions.sql',
  checks: [custom('a session does not end before it starts', 'select * from sessions where ended_at < started_at')],
})
