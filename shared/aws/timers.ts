import { createHash } from 'node:crypto'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { type NewEvent, SOURCE } from '../core/events.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Timers } from '../ports/timers.ts'
import { awsFailure, errorName, placeOfArn, queueArn, sdkOptions } from './sdk.ts'

// Told twice in a short time, by a message that is delivered again, what is due already is published once; more is harmless.
const REMEMBERED = 1000
// A schedule for an instant that is past when it arrives would never fire; the request is given this long to arrive.
const MARGIN_MS = 5000

export interface SchedulerOptions {
  /** The schedule group of the stage. */
  group: string
  /** The ARN of the role by which a schedule publishes; its account is the bus’s. */
  role: string
  /** The bus that the event comes to, by name, and the region it is in. */
  bus: string
  region: string
  /** The queue for what a schedule cannot publish, by URL. */
  deadLetters: string
  /** Takes what is due already. */
  publisher: Bus
  clock: Pick<Clock, 'now'>
  client?: SchedulerClient
}

/**
 * Timers on EventBridge Scheduler: a one-time schedule each, that puts the event on the bus, within a minute of its time, and deletes
 * itself. Its name follows from time and event, so that the same timer set again is the same schedule.
 */
export function schedulerTimers(options: SchedulerOptions): Timers {
  const { group, clock, publisher, client = new SchedulerClient(sdkOptions) } = options
  const published = new Set<string>()
  async function publishNow(name: string, event: NewEvent): Promise<void> {
    if (published.has(name)) return
    if (published.size >= REMEMBERED) published.clear()
    published.add(name)
    await publisher.publish([event]).catch(cause => {
      published.delete(name)
      throw cause
    })
  }
  return {
    async set(at, event) {
      const now = clock.now()
      const name = scheduleName(at, event)
      if (at <= now) return publishNow(name, event)
      try {
        await client.send(
          new CreateScheduleCommand({ Name: name, GroupName: group, ...schedule(options, Math.max(at, now + MARGIN_MS), event) }),
        )
      } catch (cause) {
        // It is set already.
        if (errorName(cause) === 'ConflictException') return
        throw awsFailure(cause, { action: 'scheduler:CreateSchedule', resource: `schedule/${group}/${name}` })
      }
    },
  }
}

/** `RunDue-` and a hash: what kind of event is read from the name, and 160 bits never meet twice. */
export function scheduleName(at: number, event: NewEvent): string {
  const hash = createHash('sha256')
    .update(`${at} ${JSON.stringify(event)}`)
    .digest('hex')
    .slice(0, 40)
  return `${event.type}-${hash}`
}

function schedule({ role, bus, region, deadLetters }: SchedulerOptions, at: number, { type, detail }: NewEvent) {
  const { partition, account } = placeOfArn(role)
  return {
    // Whole seconds, and never before its time.
    ScheduleExpression: `at(${new Date(Math.ceil(at / 1000) * 1000).toISOString().slice(0, 19)})`,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' as const },
    ActionAfterCompletion: 'DELETE' as const,
    Target: {
      Arn: `arn:${partition}:events:${region}:${account}:event-bus/${bus}`,
      RoleArn: role,
      Input: JSON.stringify(detail),
      EventBridgeParameters: { DetailType: type, Source: SOURCE },
      DeadLetterConfig: { Arn: queueArn(deadLetters, region, partition) },
    },
  }
}
