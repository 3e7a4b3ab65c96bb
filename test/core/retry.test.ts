import type { RetryContract } from '../../shared/core/contract.ts'
import { retryAt } from '../../shared/core/retry.ts'

const retry: RetryContract = { attempts: 4, timeouts: 2, losses: 3, backoffMs: 1000, factor: 3, jitter: 0.5 }
const NOW = 1_000_000

test('a transient failure waits longer each time, chance adding or taking its share', () => {
  const wait = (transient: number, chance: number) => retryAt(retry, 'transient', { transient, timeout: 9, lost: 9 }, NOW, chance)
  expect([1, 2, 3].map(n => wait(n, 0.5)! - NOW)).toEqual([1000, 3000, 9000])
  expect(wait(1, 0)! - NOW).toBe(500)
  expect(wait(1, 1)! - NOW).toBe(1500)
  expect(wait(1, 0.3339)! - NOW).toBe(834)
  expect(wait(4, 0.5)).toBeUndefined()
  expect(wait(5, 0.5)).toBeUndefined()
})

test('a timeout and a loss are tried again at once, each up to its own limit', () => {
  expect(retryAt(retry, 'timeout', { timeout: 1, transient: 9 }, NOW, 0)).toBe(NOW)
  expect(retryAt(retry, 'timeout', { timeout: 2 }, NOW, 0)).toBeUndefined()
  expect(retryAt(retry, 'lost', { lost: 2 }, NOW, 0)).toBe(NOW)
  expect(retryAt(retry, 'lost', { lost: 3 }, NOW, 0)).toBeUndefined()
})

test('what outgrew its function is tried once more where something larger is, at once', () => {
  const onSpark = { ...retry, resources: 2 }
  expect(retryAt(onSpark, 'resources', { resources: 1, transient: 9 }, NOW, 0)).toBe(NOW)
  expect(retryAt(onSpark, 'resources', { resources: 2 }, NOW, 0)).toBeUndefined()
  expect(retryAt(retry, 'resources', { resources: 1 }, NOW, 0)).toBeUndefined()
})

test.each(['user', 'cancelled'] as const)('%s is never tried again', failure => {
  expect(retryAt(retry, failure, {}, NOW, 0)).toBeUndefined()
})
