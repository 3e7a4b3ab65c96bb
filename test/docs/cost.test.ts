import { askedOfRun, costOfMillion, idleMonth } from '../../docs/cost-page.ts'

test('a hundred tasks with nothing to do stay under five dollars a month', () => {
  expect([...idleMonth(100).values()].reduce((a, b) => a + b, 0)).toBeLessThan(5)
})

test('a million runs cost what each asks, times its price', () => {
  const asked = askedOfRun({
    runs: 10,
    requests: { 'lambda Invoke': 10, 's3 PUT object': 20, 's3 GET object': 30, 'dynamodb Query': 99 },
    events: { DatasetReady: 10, RunDue: 5 },
    invocations: { decide: 20, work: 10, relay: 10 },
    logBytes: 10_000,
    eventBytes: 10_000,
    readUnits: 80,
    writeUnits: 40,
  })
  expect(Object.fromEntries(asked)).toEqual({
    'DynamoDB write unit': 4,
    'DynamoDB read unit': 8,
    'EventBridge event': 1.5,
    'megabyte of events archived': 0.001,
    'Lambda request': 4,
    'S3 put or list': 2,
    'S3 get': 3,
    'trace in X-Ray': 0.01,
    'megabyte of logs': 0.001,
  })
  const { busLedgerFunctions, all } = costOfMillion(asked)
  expect(busLedgerFunctions).toBeCloseTo(2.5 + 1 + 1.5 + 0.1 + 0.8)
  expect(all).toBeCloseTo(2.5 + 1 + 1.5 + 0.1 + 0.8 + 10 + 1.2 + 0.05 + 0.5)
})
