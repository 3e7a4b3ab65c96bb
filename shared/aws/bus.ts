import { setTimeout as wait } from 'node:timers/promises'
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge'
import { RedeyeError } from '../core/errors.ts'
import { type NewEvent, SOURCE } from '../core/events.ts'
import type { Bus } from '../ports/bus.ts'
import { awsFailure, sdkOptions } from './sdk.ts'

// What one PutEvents takes.
const ENTRIES = 10
const BYTES = 256 * 1024
// As many requests at once as a relay's batch of a hundred changes makes; more would only be throttled together.
const AT_ONCE = 10
// Entries that were refused one by one get three seconds in all: throttling of a burst passes in less.
const TRIES = 6
const FIRST_WAIT_MS = 100

export interface EventBridgeOptions {
  /** The bus, by name. */
  bus: string
  client?: EventBridgeClient
  sleep?(ms: number): Promise<unknown>
  /** Jitter, 0 to 1. */
  chance?(): number
}

interface Refused {
  entry: PutEventsRequestEntry
  why: PutEventsResultEntry
}

/**
 * The bus on EventBridge. What AWS refuses of a batch is sent again by itself; when that lasts, AWS_FAILED names what was not published.
 *
 * @example
 * const bus = eventBridgeBus({ bus: 'redeye-dev' })
 * await bus.publish([{ type: 'NightStarted', detail: { date: '2001-02-14' } }])
 */
export function eventBridgeBus(options: EventBridgeOptions): Bus {
  const { bus, client = new EventBridgeClient(sdkOptions), sleep = wait, chance = Math.random } = options
  return {
    async publish(events) {
      let left = events.map(event => entryOf(event, bus))
      for (let tries = 1; left.length > 0; tries++) {
        const refused = await putAll(client, bus, left)
        const final = refused.filter(r => !mayPass(r.why))
        if (final.length > 0 || (refused.length > 0 && tries === TRIES)) throw notPublished(bus, final.length > 0 ? final : refused, tries)
        left = refused.map(r => r.entry)
        // Full jitter: many functions are throttled in the same moment.
        if (left.length > 0) await sleep(FIRST_WAIT_MS * 2 ** (tries - 1) * chance())
      }
    },
  }
}

function entryOf({ type, detail }: NewEvent, bus: string): PutEventsRequestEntry {
  const entry = { EventBusName: bus, Source: SOURCE, DetailType: type, Detail: JSON.stringify(detail) }
  if (sizeOf(entry) > BYTES)
    throw new RedeyeError('BAD_EVENT', `${type} has ${sizeOf(entry)} bytes; EventBridge takes ${BYTES}`, {
      remedy: 'make several of it: a request over fewer tasks, a delivery of fewer files',
    })
  return entry
}

/** As EventBridge counts. */
const sizeOf = (entry: PutEventsRequestEntry): number =>
  Buffer.byteLength(entry.Source!) + Buffer.byteLength(entry.DetailType!) + Buffer.byteLength(entry.Detail!)

/** Entries in requests as large as AWS takes them. */
export function batchesOf(entries: readonly PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const batches: PutEventsRequestEntry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const size = sizeOf(entry)
    const last = batches[batches.length - 1]
    if (last && last.length < ENTRIES && bytes + size <= BYTES) {
      last.push(entry)
      bytes += size
    } else {
      batches.push([entry])
      bytes = size
    }
  }
  return batches
}

async function putAll(client: EventBridgeClient, bus: string, entries: readonly PutEventsRequestEntry[]): Promise<Refused[]> {
  const batches = batchesOf(entries)
  const refused: Refused[] = []
  for (let from = 0; from < batches.length; from += AT_ONCE) {
    // Whoever fails waits for the others, so that nothing is still on its way when the function is frozen.
    const put = await Promise.allSettled(batches.slice(from, from + AT_ONCE).map(batch => putBatch(client, batch)))
    for (const one of put) {
      if (one.status === 'rejected') throw awsFailure(one.reason, { action: 'events:PutEvents', resource: `event-bus/${bus}` })
      refused.push(...one.value)
    }
  }
  return refused
}

async function putBatch(client: EventBridgeClient, batch: PutEventsRequestEntry[]): Promise<Refused[]> {
  const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: batch }))
  return batch.flatMap((entry, i) => (Entries[i]?.EventId ? [] : [{ entry, why: Entries[i] ?? { ErrorCode: 'NoAnswer' } }]))
}

const mayPass = ({ ErrorCode = '' }: PutEventsResultEntry) =>
  !/NotAuthorized|AccessDenied|Malformed|InvalidArgument|Validation/i.test(ErrorCode)

function notPublished(bus: string, refused: readonly Refused[], tries: number): RedeyeError {
  const [{ entry, why }] = refused as [Refused, ...Refused[]]
  const others = refused.length > 1 ? ` and ${refused.length - 1} more` : ''
  const passing = mayPass(why)
  const what = `${entry.DetailType} ${entry.Detail!.slice(0, 200)}${others}`
  return new RedeyeError(
    passing ? 'AWS_FAILED' : 'NOT_DEPLOYED',
    `event-bus/${bus} did not take ${what}: ${why.ErrorCode}${why.ErrorMessage ? `: ${why.ErrorMessage}` : ''}${tries > 1 ? `, ${tries} times` : ''}`,
    passing
      ? { remedy: 'it is tried again by itself; if it lasts, ask for a higher quota of PutEvents', failure: 'transient' }
      : { remedy: `allow events:PutEvents on event-bus/${bus} in the role; see the bus’s own policy too`, failure: 'user' },
  )
}
