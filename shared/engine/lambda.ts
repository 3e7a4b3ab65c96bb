import middy from '@middy/core'
import type { Envelope } from '../core/events.ts'
import type { Start } from '../ports/workers.ts'
import type { Task } from '../task/task.ts'
import { decide } from './decide.ts'
import { endFailed, type FailedInvocation, isFailedInvocation } from './failed-invocation.ts'
import { findHost, prepareHost } from './host.ts'
import { sweepTask } from './sweep.ts'
import { work } from './work.ts'

/** What EventBridge sends a function for a schedule. */
export interface ScheduledEvent {
  'detail-type': 'Scheduled Event'
  source: 'aws.events'
}

/**
 * The functions of a service, as Lambda invokes them. They only translate envelopes; their ports come from their host.
 *
 * @example
 * export const { decide, work } = lambda(task)
 */
export function lambda(task: Task) {
  prepareHost()
  return {
    /** For events by the service's rule, for its sweep's schedule, and for invocations of `work` that failed. */
    decide: middy(async (event: Envelope | ScheduledEvent | FailedInvocation): Promise<void> => {
      const host = await findHost()
      const { world } = host
      if (!isFailedInvocation(event) && event['detail-type'] === 'Scheduled Event') return sweepTask(world, task.name)
      const handler = () => (isFailedInvocation(event) ? endFailed(world, task, event) : decide(world, task.name, event as Envelope))
      return host.handle ? host.handle(task.name, event, handler) : handler()
    }),
    /** For the claim of an attempt. */
    work: middy(async (attempt: Start, context: Partial<Timed>): Promise<void> => {
      const yields = yieldsOf(context)
      const { world, compute, logger } = await findHost()
      await work(world, task, compute(task), attempt, logger(attempt), yields)
    }),
  }
}

/** What Lambda tells of an invocation's time. */
interface Timed {
  getRemainingTimeInMillis(): number
}

// What is done before the next look at the time, and then at the end: a batch of a slow source, a file to write and to upload, an invocation.
const YIELD_MS = 90_000
// Of a function with little time, so much of it.
const YIELD_SHARE = 0.2

/** Whether an invocation's time is nearly over; undefined where there is no such end. */
function yieldsOf(context: Partial<Timed>): (() => boolean) | undefined {
  const left = () => context.getRemainingTimeInMillis!()
  if (!context.getRemainingTimeInMillis) return undefined
  const least = Math.min(YIELD_MS, left() * YIELD_SHARE)
  return () => left() < least
}

/** What a service's handler.ts exports. */
export type ServiceFunctions = ReturnType<typeof lambda>
