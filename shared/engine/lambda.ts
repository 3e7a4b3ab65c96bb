import middy from '@middy/core'
import type { Envelope } from '../core/events.ts'
import type { AttemptName } from '../ports/workers.ts'
import type { Task } from '../task/task.ts'
import { decide } from './decide.ts'
import { endFailed, type FailedInvocation, isFailedInvocation } from './failed-invocation.ts'
import { findHost } from './host.ts'
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
    work: middy(async (attempt: AttemptName): Promise<void> => {
      const { world, compute, logger } = await findHost()
      await work(world, task, compute(task), attempt, logger(attempt))
    }),
  }
}

/** What a service's handler.ts exports. */
export type ServiceFunctions = ReturnType<typeof lambda>
