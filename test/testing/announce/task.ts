import { httpApi } from '../../../shared/targets/index.ts'
import { load, same } from '../../../shared/task/index.ts'
import { announced, origins } from '../datasets.ts'

export default load({
  inputs: { origins: same(origins) },
  target: httpApi({ connection: 'DESK', path: '/origins' }),
  columns: { airport: 'string', n: 'int' },
  map: row => (row.flights === 0 ? null : { airport: row.origin, n: row.flights }),
  output: announced,
})
