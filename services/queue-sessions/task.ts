import { queue } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { sessions, sessionsQueued } from '#datasets'

export default load({
  inputs: { sessions: same(sessions) },
  target: queue({ connection: 'MARKETING_QUEUE' }),
  output: sessionsQueued,
})
