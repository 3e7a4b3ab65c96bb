import { type AttributeValue, GetItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { Key } from '../ports/ledger.ts'
import { type EntryChange, LASTING } from './dynamodb-index.ts'
import { itemKey, RECENT } from './dynamodb-table.ts'

/* Every request that the ledger makes of DynamoDB, as a function of values. */

export type Item = Record<string, AttributeValue>

/**
 * The clauses of a conditional write, and why they are there:
 *
 *   get ──────────── decide ──────────── put
 *    rev 7            pure                `unchanged`: still 7, else whoever wrote 8 decided on what this one has not seen
 *    not there        pure                `absent`: still not there, else two would both believe they made it
 */
export const conditions = {
  absent: 'attribute_not_exists(#rev)',
  unchanged: '#rev = :rev',
} as const

/** Reads one document, strongly consistent. */
export function getRequest(table: string, key: Key): GetItemCommand {
  return new GetItemCommand({ TableName: table, Key: marshall(itemKey(key)), ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' })
}

/** What a write says: the document at its next revision, by whom, and what becomes of the index entry. */
export interface Write {
  key: Key
  doc: object
  rev: number
  /** Tells this write from all others. */
  by: string
  entry: EntryChange
}

/** Writes a document if its revision is still `rev`. */
export function putRequest(table: string, { key, doc, rev, by, entry }: Write): UpdateItemCommand {
  const moved = typeof entry === 'object'
  const learnt = moved && entry.ifAbsent
  const place = learnt ? ['#ix = if_not_exists(#ix, :ix)', '#at = if_not_exists(#at, :at)'] : ['#ix = :ix', '#at = :at']
  const set = ['#doc = :doc', '#rev = :next', '#by = :by', ...(moved ? place : [])]
  return new UpdateItemCommand({
    TableName: table,
    Key: marshall(itemKey(key)),
    UpdateExpression: `SET ${set.join(', ')}${entry === 'remove' ? ' REMOVE #ix, #at' : ''}`,
    ConditionExpression: rev === 0 ? conditions.absent : conditions.unchanged,
    ExpressionAttributeNames: { '#doc': 'doc', '#rev': 'rev', '#by': 'by', ...(entry !== 'keep' && { '#ix': 'ix', '#at': 'at' }) },
    ExpressionAttributeValues: marshall({
      ':doc': doc,
      ':next': rev + 1,
      ':by': by,
      ...(rev > 0 && { ':rev': rev }),
      ...(moved && { ':ix': entry.ix, ':at': entry.at }),
    }),
    // Shows whether it was this very write that won, when its answer was lost and the SDK sent it again.
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    // Which entry there is, for the next write.
    ...(learnt && { ReturnValues: 'UPDATED_NEW' }),
    ReturnConsumedCapacity: 'TOTAL',
  })
}

/** Gives a run the index entry that does not age, if nobody has written it meanwhile; the document stays as it is. */
export function lastingRequest(table: string, key: Key, rev: number): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: table,
    Key: marshall(itemKey(key)),
    UpdateExpression: 'SET #ix = :ix, #at = :at',
    ConditionExpression: conditions.unchanged,
    ExpressionAttributeNames: { '#rev': 'rev', '#ix': 'ix', '#at': 'at' },
    ExpressionAttributeValues: marshall({ ':rev': rev, ':ix': key.pk, ':at': LASTING }),
    ReturnConsumedCapacity: 'TOTAL',
  })
}

export interface Range {
  pk: string
  from?: string
  to?: string
  descending?: boolean
  limit?: number
  /** Not strongly consistent, for half of the price. */
  mayLag?: boolean
  /** Where the page before ended. */
  after?: Item | undefined
}

/** A page of a partition key's documents between two sort keys, both included, strongly consistent unless it may lag. */
export function rangeRequest(table: string, { pk, from, to, descending, limit, mayLag = false, after }: Range): QueryCommand {
  // No sort key is empty, and DynamoDB takes no empty one: an empty end is none.
  const [low, high] = [from || undefined, to || undefined]
  const clause = low && high ? 'BETWEEN :from AND :to' : low ? '>= :from' : high ? '<= :to' : undefined
  return new QueryCommand({
    TableName: table,
    KeyConditionExpression: clause ? `#pk = :pk AND #sk ${clause}` : '#pk = :pk',
    ExpressionAttributeNames: { '#pk': 'pk', ...(clause && { '#sk': 'sk' }) },
    ExpressionAttributeValues: marshall({ ':pk': pk, ...(low && { ':from': low }), ...(high && { ':to': high }) }),
    ConsistentRead: !mayLag,
    ...(descending && { ScanIndexForward: false }),
    ...(limit !== undefined && Number.isFinite(limit) && { Limit: limit }),
    ...(after && { ExclusiveStartKey: after }),
    ReturnConsumedCapacity: 'TOTAL',
  })
}

/** A page of what the index lists under a name, from a time on. An index can only be read as it was a moment ago. */
export function listRequest(table: string, ix: string, from?: string, after?: Item): QueryCommand {
  return new QueryCommand({
    TableName: table,
    IndexName: RECENT,
    KeyConditionExpression: from === undefined ? '#ix = :ix' : '#ix = :ix AND #at >= :from',
    ExpressionAttributeNames: { '#ix': 'ix', ...(from !== undefined && { '#at': 'at' }) },
    ExpressionAttributeValues: marshall({ ':ix': ix, ...(from !== undefined && { ':from': from }) }),
    ...(after && { ExclusiveStartKey: after }),
    ReturnConsumedCapacity: 'TOTAL',
  })
}
