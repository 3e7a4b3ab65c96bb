import { type ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Key } from '../ports/ledger.ts'
import { getRequest, type Item, lastingRequest, listRequest, putRequest, type Range, rangeRequest, type Write } from './dynamodb-request.ts'
import { documentKey, RECENT } from './dynamodb-table.ts'
import { awsFailure, errorName, sdkOptions } from './sdk.ts'

/**
 * A client as the ledger wants it. DynamoDB answers within milliseconds; a connection on which nothing was heard for five seconds is
 * dead, and six such tries still end before a decision's minute does.
 */
export function dynamodbClient(): DynamoDBClient {
  return new DynamoDBClient({ ...sdkOptions, requestHandler: { connectionTimeout: 1000, socketTimeout: 5000 } })
}

/** What was asked, and what it was billed in units, since the ledger was made. */
export interface Consumed {
  requests: Record<'get' | 'put' | 'refused' | 'query' | 'index', number>
  readUnits: number
  writeUnits: number
}

/** One page of items, and where it ended. */
export interface Page {
  items: Item[]
  next: Item | undefined
}

/** The ledger's table as it is asked: requests out, items in, failures that say what was asked and what to do; and what all that costs. */
export class TableClient {
  readonly consumed: Consumed = { requests: { get: 0, put: 0, refused: 0, query: 0, index: 0 }, readUnits: 0, writeUnits: 0 }
  readonly #table: string
  readonly #client: DynamoDBClient

  constructor(table: string, client: DynamoDBClient) {
    this.#table = table
    this.#client = client
  }

  async get(key: Key): Promise<Item | undefined> {
    this.consumed.requests.get++
    const answer = await this.#client.send(getRequest(this.#table, key)).catch(this.#fails('dynamodb:GetItem'))
    this.#billed('readUnits', answer)
    return answer.Item
  }

  async range(range: Range): Promise<Page> {
    this.consumed.requests.query++
    const page = await this.#client.send(rangeRequest(this.#table, range)).catch(this.#fails('dynamodb:Query'))
    this.#billed('readUnits', page)
    return { items: page.Items ?? [], next: page.LastEvaluatedKey }
  }

  /** All that the index lists under a name, from a time on. */
  async list(ix: string, from?: string): Promise<{ key: Key; at: string }[]> {
    const found: { key: Key; at: string }[] = []
    for (let after: Item | undefined; ; ) {
      this.consumed.requests.index++
      const page = await this.#client
        .send(listRequest(this.#table, ix, from, after))
        .catch(this.#fails('dynamodb:Query', `/index/${RECENT}`))
      this.#billed('readUnits', page)
      for (const { pk, sk, at } of page.Items ?? []) found.push({ key: documentKey({ pk: pk!.S!, sk: sk!.S! }), at: at!.S! })
      if (!(after = page.LastEvaluatedKey)) return found
    }
  }

  /** Undefined when another revision stands there; else `at` of the index entry, where the write was to find it out. */
  async put(write: Write): Promise<{ at?: string | undefined } | undefined> {
    let item: Item | undefined
    try {
      const answer = await this.#client.send(putRequest(this.#table, write))
      this.#billed('writeUnits', answer)
      item = answer.Attributes
    } catch (cause) {
      if (errorName(cause) !== 'ConditionalCheckFailedException') return this.#fails('dynamodb:UpdateItem')(cause)
      // A refused write is billed as one.
      this.consumed.writeUnits++
      item = (cause as ConditionalCheckFailedException).Item
      if (item?.by?.S !== write.by) {
        this.consumed.requests.refused++
        return undefined
      }
    }
    this.consumed.requests.put++
    return { at: item?.at?.S }
  }

  /** Whether the document now has the index entry that does not age. */
  async makeLasting(key: Key, rev: number): Promise<boolean> {
    try {
      this.#billed('writeUnits', await this.#client.send(lastingRequest(this.#table, key, rev)))
      return true
    } catch {
      return false
    }
  }

  #billed(units: 'readUnits' | 'writeUnits', { ConsumedCapacity }: { ConsumedCapacity?: { CapacityUnits?: number } }): void {
    this.consumed[units] += ConsumedCapacity?.CapacityUnits ?? 0
  }

  #fails(action: string, index = ''): (cause: unknown) => never {
    return cause => {
      throw awsFailure(cause, { action, resource: `table/${this.#table}${index}` }, 'LEDGER_FAILED')
    }
  }
}
