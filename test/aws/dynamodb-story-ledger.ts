import { BatchWriteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { DynamoLedger } from '../../shared/aws/ledger.ts'
import type { OpenStoryLedger, StoryLedger } from '../../shared/rehearse/story-ledger.ts'
import type { DynamodbLocal } from './dynamodb-local.ts'

// What BatchWriteItem takes.
const BATCH = 25

/** Ledgers for stories in one DynamoDB Local: a table and its stream each, all dropped by `drop`. */
export class DynamoStories {
  readonly #local: DynamodbLocal
  #tables: Awaited<ReturnType<DynamodbLocal['createLedger']>>[] = []
  /** The ledgers that were opened, for what they consumed. */
  opened: DynamoLedger[] = []

  constructor(local: DynamodbLocal) {
    this.#local = local
  }

  async create(copyOf?: string): Promise<OpenStoryLedger> {
    const made = await this.#local.createLedger()
    this.#tables.push(made)
    if (copyOf !== undefined) await this.#copy(copyOf, made.table)
    // What was copied is no news.
    if (copyOf !== undefined)
      for (let page = await made.feed.read(1000); page.changes.length > 0; page = await made.feed.read(1000))
        await made.feed.acknowledge(page.upTo)
    return now => {
      const ledger = new DynamoLedger({ table: made.table, client: this.#local.client, now })
      this.opened.push(ledger)
      let heard = 0
      return {
        get: key => ledger.get(key),
        getMany: keys => ledger.getMany(keys),
        put: (key, doc, rev) => ledger.put(key, doc, rev),
        query: (pk, range) => ledger.query(pk, range),
        runsInState: (task, states) => ledger.runsInState(task, states),
        publishedSince: (dataset, since) => ledger.publishedSince(dataset, since),
        withEffects: pk => ledger.withEffects(pk),
        // Whoever asks after each message would spend most of the time asking: without a write there is no news.
        read: async limit => {
          const { put } = ledger.consumed.requests
          if (put === heard) return { changes: [], upTo: 0 }
          const page = await made.feed.read(limit)
          if (page.changes.length === 0) heard = put
          return page
        },
        acknowledge: upTo => made.feed.acknowledge(upTo),
        requests: ledger.consumed.requests,
        fork: () => this.create(made.table),
      } satisfies StoryLedger
    }
  }

  async #copy(from: string, to: string): Promise<void> {
    const { Items = [] } = await this.#local.client.send(new ScanCommand({ TableName: from, ConsistentRead: true }))
    for (let at = 0; at < Items.length; at += BATCH)
      await this.#local.client.send(
        new BatchWriteItemCommand({ RequestItems: { [to]: Items.slice(at, at + BATCH).map(Item => ({ PutRequest: { Item } })) } }),
      )
  }

  async drop(): Promise<void> {
    for (const { drop } of this.#tables) await drop()
    this.#tables = []
    this.opened = []
  }
}
