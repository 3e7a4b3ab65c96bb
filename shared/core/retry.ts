import type { RetryContract } from './contract.ts'
import type { FailureClass } from './errors.ts'
import type { EpochMs } from './zone.ts'

/**
 * When an attempt that failed is tried again, or undefined when the generation has failed. `ended` counts this
 * generation's attempts by the class they ended with, this one included; each class counts by itself.
 * `chance` is a number in 0..1 that jitter is made of.
 */
export function retryAt(
  retry: RetryContract,
  failure: FailureClass,
  ended: Partial<Record<FailureClass, number>>,
  now: EpochMs,
  chance: number,
): EpochMs | undefined {
  const count = ended[failure] ?? 0
  switch (failure) {
    case 'transient': {
      if (count >= retry.attempts) return undefined
      const wait = retry.backoffMs * retry.factor ** (count - 1)
      return now + Math.round(wait * (1 + retry.jitter * (2 * chance - 1)))
    }
    case 'timeout':
      return count < retry.timeouts ? now : undefined
    case 'lost':
      return count < retry.losses ? now : undefined
    case 'resources':
      return count < (retry.resources ?? 1) ? now : undefined
    case 'user':
    case 'cancelled':
      return undefined
  }
}
