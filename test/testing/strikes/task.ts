import { jsonApi } from '../../../shared/sources/index.ts'
import { ingest } from '../../../shared/task/index.ts'
import { reports } from '../datasets.ts'

export default ingest({
  source: jsonApi({ connection: 'STRIKES', path: '/reports', items: 'data' }),
  output: reports,
  map: record => ({ id: record.number, place: record.place }),
  maxRejected: 0.5,
})
