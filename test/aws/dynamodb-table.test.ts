import { documentKey, itemKey, ledgerTable } from '../../shared/aws/dynamodb-table.ts'
import {
  datasetContractKey,
  laneLimit,
  limitKey,
  nightKey,
  pauseKey,
  requestKey,
  requestLimit,
  runKey,
  taskContractKey,
  taskLimit,
} from '../../shared/engine/keys.ts'

test.each([
  [runKey('clean', '2001-02-14'), 'run/clean', '2001-02-14'],
  [runKey('clean', '-'), 'run/clean', '-'],
  [taskContractKey('clean-orders'), 'contract', 'task/clean-orders'],
  [datasetContractKey('clean'), 'contract', 'dataset/clean'],
  [nightKey('2001-02-14'), 'night', '2001-02-14'],
  [requestKey('backfill-1'), 'request/backfill-1', '-'],
  [requestKey('a/b'), 'request/a/b', '-'],
  [pauseKey('all'), 'pause/all', '-'],
  [limitKey(taskLimit('clean-orders')), 'limit/task/clean-orders', '-'],
  [limitKey(laneLimit('nightly')), 'limit/lane/nightly', '-'],
  [limitKey(requestLimit('backfill-1')), 'limit/request/backfill-1', '-'],
])('%j stands under %s, %s, and comes back as it is', (key, pk, sk) => {
  expect(itemKey(key)).toEqual({ pk, sk })
  expect(documentKey(itemKey(key))).toEqual(key)
})

test('only keys are declared, and the index holds nothing but keys', () => {
  const declared = ledgerTable.AttributeDefinitions.map(a => a.AttributeName)
  const [index] = ledgerTable.GlobalSecondaryIndexes
  expect([...ledgerTable.KeySchema, ...index.KeySchema].map(k => k.AttributeName)).toEqual(declared)
  expect(index.Projection).toEqual({ ProjectionType: 'KEYS_ONLY' })
})
