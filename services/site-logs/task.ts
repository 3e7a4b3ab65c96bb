import { logFiles } from 'redeye/sources'
import { ingest, notNull } from 'redeye/task'
import { webLogs } from '#datasets'

export default ingest({
  source: logFiles({ connection: 'SITE_LOGS', files: 'access-{date}.log.gz', format: 'combined' }),
  output: webLogs,
  map: line => ({ ...line, requested_at: line.time, visitor: line.user, referrer: line.referer, agent: line.user_agent }),
  checks: [notNull('requested_at', 'path', 'status')],
})
