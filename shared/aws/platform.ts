import middy from '@middy/core'
import type { Envelope, EventDetails } from '../core/events.ts'
import { collectDaily } from '../engine/collector.ts'
import { deliveries as deliver, type Inspect } from '../engine/deliveries.ts'
import { heedJob } from '../engine/job.ts'
import type { ScheduledEvent } from '../engine/lambda.ts'
import { lateNights, recordNight, wake } from '../engine/night.ts'
import { requests as carryOut } from '../engine/requests.ts'
import { sweepPlatform } from '../engine/sweep.ts'
import type { Dataset } from '../task/dataset.ts'
import { type AwsHost, awsHost } from './host.ts'
import { LATE_NIGHTS, metricLine } from './metric.ts'
import { relayBatch, type StreamEvent, type StreamResponse } from './stream.ts'

/** What EMR Serverless says of a job. */
export interface JobEvent {
  'detail-type': 'EMR Serverless Job Run State Change'
  source: 'aws.emr-serverless'
  time: string
  detail: { applicationId: string; jobRunId: string; state: string }
}

export interface PlatformOptions {
  /** Every dataset that may be delivered from outside, as declared: files are checked against their columns. */
  datasets: readonly Dataset[]
  /** The ports; made of the environment unless given. */
  host?: () => AwsHost
  /** Where metrics are written, a line each: the function's log unless given. */
  write?: (line: string) => void
}

/**
 * The platform's functions, as Lambda invokes them.
 *
 * @example
 * export const { night, requests, deliveries, jobs, relay, sweep } = platform({ datasets: Object.values(datasets) })
 */
export function platform({
  datasets,
  host = onceOf(() => awsHost(process.env)),
  write = line => void process.stdout.write(line),
}: PlatformOptions) {
  return {
    /** For the daily schedule, which begins the nights that are due, and for the event of a night, which it records. */
    night: middy(async (event: Envelope<'NightStarted'> | ScheduledEvent): Promise<void> => {
      const { world, settings, handle, log } = host()
      if (event['detail-type'] !== 'Scheduled Event')
        return handle('platform/night', event, () => recordNight(world, event.detail as EventDetails['NightStarted']))
      const dates = await wake(world, settings.zone)
      log.info('the night begins', { dates })
    }),
    /** For what operators wish of more than one run, for places that are handed on, and for what nobody else would hear. */
    requests: middy(async (event: Envelope): Promise<void> => {
      const { world, handle } = host()
      await handle('platform/requests', event, () => carryOut(world, event))
    }),
    /** For versions that were made outside. */
    deliveries: middy(async (event: Envelope): Promise<void> => {
      const { world, handle, lake, duckdb, onEmptyDisk } = host()
      const inspect: Inspect = async delivery => {
        const { inspectDelivery } = await import('../compute/inspect.ts')
        const check = inspectDelivery(datasets, await lake(), { duckdb, localFiles: false })
        return onEmptyDisk(() => check(delivery))
      }
      await handle('platform/deliveries', event, () => deliver(world, inspect, event))
    }),
    /** For what is heard of Spark jobs. */
    jobs: middy(async (event: JobEvent): Promise<void> => {
      const { world, handle } = host()
      const { applicationId, jobRunId } = event.detail
      await handle('platform/jobs', event, () => heedJob(world, `${applicationId}/${jobRunId}`))
    }),
    /** For batches of the ledger's stream: tells the bus what follows from them. */
    relay: middy(async (event: StreamEvent): Promise<StreamResponse> => relayBatch(host().world, event)),
    /** For a schedule: misses nights, repairs what best-effort delivery lost, and once a day clears the lake of what nobody needs. */
    sweep: middy(async (_: ScheduledEvent): Promise<void> => {
      const { world, settings, lake, log } = host()
      // First, since what follows may take all of the function's time.
      if (settings.nightAt !== undefined) {
        const dates = await lateNights(world, settings.zone, settings.nightAt)
        if (dates.length > 0) log.warn('nights are late', { dates })
        write(metricLine(settings.stage, LATE_NIGHTS, dates.length, world.clock.now()))
      }
      await sweepPlatform(world)
      await collectDaily(world, await lake())
    }),
  }
}

function onceOf<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
