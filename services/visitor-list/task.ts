import { custom, offset, same, transform } from 'redeye/task'
import { sessions, visitors } from '#datasets'

export default transform({
  inputs: { yesterday: offset(visitors, -1), sessions: same(sessions) },
  output: visitors,
  sql: 'visitor-list.sql',
  checks: [custom('nobody is last seen before being first seen', 'select * from visitors where last_seen < first_seen')],
})
