import { costOfMillion, idleMonth } from '../../docs/cost-page.ts'

const sum = (costs: Map<string, number>) => [...costs.values()].reduce((a, b) => a + b, 0)

test('a hundred tasks with nothing to do stay under five dollars a month', () => {
  expect(sum(idleMonth(100))).toBeLessThan(5)
})

test('a million runs cost what each asks, times its price', () => {
  const cost = costOfMillion({
    runs: 10,
    requests: { 'lambda Invoke': 10, 's3 PUT object': 20, 's3 GET object': 30, 'dynamodb Query': 99 },
    events: { DatasetReady: 10, RunDue: 5 },
    readUnits: 80,
    writeUnits: 40,
  })
  expect(cost.get('DynamoDB write unit')).toBeCloseTo(2.5)
  expect(cost.get('DynamoDB read unit')).toBeCloseTo(1)
  expect(cost.get('EventBridge event')).toBeCloseTo(1.5)
  // Fifteen events wake functions, ten invocations of work, and the relay's.
  expect(cost.get('Lambda request')).toBeCloseTo(0.7)
  expect(cost.get('S3 put or list')).toBeCloseTo(10)
  expect(cost.get('S3 get')).toBeCloseTo(1.2)
})
