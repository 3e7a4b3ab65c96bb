import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import middy from '@middy/core'
import { RedeyeError } from '../core/errors.ts'
import { theHost } from '../engine/host.ts'
import { matters, relay } from '../engine/relay.ts'
import type { World } from '../engine/world.ts'
import type { Change } from '../ports/ledger.ts'
import { documentKey } from './dynamodb-table.ts'

/** One record of a table's stream, as Lambda and GetRecords give it; of the many fields those that are read. */
export interface StreamRecord {
  eventID?: string
  eventName?: 'INSERT' | 'MODIFY' | 'REMOVE'
  dynamodb?: {
    SequenceNumber?: string
    Keys?: Record<string, AttributeValue>
    NewImage?: Record<string, AttributeValue>
    OldImage?: Record<string, AttributeValue>
  }
}
/** What Lambda gives the relay. */
export interface StreamEvent {
  Records: StreamRecord[]
}
/** What the relay answers: from which record on Lambda is to give it the batch again. */
export interface StreamResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

/**
 * What the relay's event source mapping must say, in CloudFormation's words; the deployment adds names and roles. `matters` judges every
 * record anyway, so the filter only spares invocations: an attempt that goes on tells nobody anything, unless its partition is skipped.
 * Partial failures make Lambda begin again at the first record that failed; a record that fails ten times, some minutes in all, is put
 * into the dead letters by its place in the stream, and the sweep repairs what did not follow from it. A record that can never be
 * understood is dead-lettered whole by the relay itself, at once.
 */
export const relayMapping = {
  StartingPosition: 'TRIM_HORIZON',
  BatchSize: 100,
  // A night is a chain of such steps: to wait for a fuller batch would delay every one of them.
  MaximumBatchingWindowInSeconds: 0,
  // Each document's order is kept within a lane of a shard; four lanes keep one slow batch from holding back the rest.
  ParallelizationFactor: 4,
  BisectBatchOnFunctionError: true,
  MaximumRetryAttempts: 10,
  FunctionResponseTypes: ['ReportBatchItemFailures'],
  FilterCriteria: {
    Filters: [
      { Pattern: pattern('run/', { state: { S: [{ 'anything-but': ['running', 'waiting'] }] } }) },
      // What waits tells nobody but its timer.
      { Pattern: pattern('run/', { due: { N: [{ exists: true }] } }) },
      { Pattern: pattern('run/', { skipped: { BOOL: [true] } }) },
      // What is made outside has no state.
      { Pattern: pattern('run/', { version: { M: { number: { N: [{ exists: true }] } } } }) },
      { Pattern: pattern('pause/') },
    ],
  },
} as const

/** A filter's pattern: what a record's partition key begins with, and what its document holds. */
function pattern(prefix: string, doc?: object): string {
  return JSON.stringify({ dynamodb: { Keys: { pk: { S: [{ prefix }] } }, ...(doc && { NewImage: { doc: { M: doc } } }) } })
}

/** The change that a record tells of; undefined for what is no write of a document (an item that was removed). */
export function changeOf({ dynamodb }: StreamRecord): Change | undefined {
  const { Keys, NewImage, OldImage } = dynamodb ?? {}
  if (!NewImage) return undefined
  const { pk, sk } = unmarshall(Keys ?? NewImage) as { pk: string; sk: string }
  const after = documentOf(NewImage)
  return after === undefined ? undefined : { key: documentKey({ pk, sk }), before: OldImage && documentOf(OldImage), after }
}

function documentOf({ doc }: Record<string, AttributeValue>): unknown {
  return doc && unmarshall({ doc }).doc
}

interface Told {
  record: StreamRecord
  change: Change
}

/**
 * Tells the world what follows from a batch of the ledger's stream. All at once, which publishes in few calls; if that fails, one by
 * one in their order, up to the first that fails, from which Lambda gives the batch again. What was told twice changes nothing.
 */
export async function relayBatch(world: World, { Records }: StreamEvent): Promise<StreamResponse> {
  const told: Told[] = []
  for (const record of Records) {
    const change = await readRecord(world, record)
    if (change && matters(change)) told.push({ record, change })
  }
  try {
    await tell(world, told)
    return { batchItemFailures: [] }
  } catch (error) {
    if (told.length === 1) return onFailure(world, told[0]!, error)
  }
  for (const one of told) {
    try {
      await tell(world, [one])
    } catch (error) {
      const { batchItemFailures } = await onFailure(world, one, error)
      if (batchItemFailures.length > 0) return { batchItemFailures }
    }
  }
  return { batchItemFailures: [] }
}

async function tell(world: World, told: readonly Told[]): Promise<void> {
  let left = told.map(t => t.change)
  const feed = {
    read: async () => ({ changes: left, upTo: left.length }),
    acknowledge: async () => {
      left = []
    },
  }
  await relay(world, feed, left.length)
}

async function readRecord(world: World, record: StreamRecord): Promise<Change | undefined> {
  try {
    return changeOf(record)
  } catch (error) {
    await deadLetter(world, record, error)
    return undefined
  }
}

/** What stays wrong however often it is tried goes to the dead letters, and the stream goes on; all else is tried again from here. */
async function onFailure(world: World, { record }: Told, error: unknown): Promise<StreamResponse> {
  if (error instanceof RedeyeError && error.failure === 'user' && error.code !== 'NOT_DEPLOYED') {
    await deadLetter(world, record, error)
    return { batchItemFailures: [] }
  }
  console.error(JSON.stringify({ message: 'the relay stopped at a record', reason: reasonOf(error), record: record.eventID }))
  return { batchItemFailures: [{ itemIdentifier: record.dynamodb!.SequenceNumber! }] }
}

async function deadLetter(world: World, record: StreamRecord, error: unknown): Promise<void> {
  await world.deadLetters.put({ function: 'platform/relay', reason: reasonOf(error), event: record })
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** The platform's relay as Lambda invokes it. */
export const relayHandler = middy(async (event: StreamEvent): Promise<StreamResponse> => relayBatch(theHost().world, event))
