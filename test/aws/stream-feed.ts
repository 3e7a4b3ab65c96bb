import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { changeOf, type StreamRecord } from '../../shared/aws/stream.ts'
import { matters } from '../../shared/engine/relay.ts'
import type { Change, Feed } from '../../shared/ports/ledger.ts'

interface Read {
  order: number
  shard: string
  sequence: string
  change: Change | undefined
}

/**
 * The feed by the table's stream itself: what Lambda's poller does for the relay, in as few words as tests need. The cursor is
 * a sequence number a shard, as a checkpoint is.
 */
export class StreamFeed implements Feed {
  readonly #client: DynamoDBStreamsClient
  readonly #stream: string
  readonly #cursor: Map<string, string>
  readonly #iterators = new Map<string, string | undefined>()
  #read: Read[] = []
  #order = 0

  constructor(client: DynamoDBStreamsClient, stream: string, cursor = new Map<string, string>()) {
    this.#client = client
    this.#stream = stream
    this.#cursor = cursor
  }

  /** Another reader from where this one's acknowledgements stand. */
  reopen(): StreamFeed {
    return new StreamFeed(this.#client, this.#stream, this.#cursor)
  }

  async read(limit: number): Promise<{ changes: Change[]; upTo: number }> {
    await this.#poll()
    const page = this.#read.filter(r => r.change).slice(0, limit)
    return { changes: page.map(r => r.change!), upTo: page.at(-1)?.order ?? 0 }
  }

  async acknowledge(upTo: number): Promise<void> {
    for (const { order, shard, sequence } of this.#read) if (order <= upTo) this.#cursor.set(shard, sequence)
    this.#read = this.#read.filter(r => r.order > upTo)
  }

  async #poll(): Promise<void> {
    if (this.#iterators.size === 0) await this.#findShards()
    for (const [shard, iterator] of this.#iterators) {
      let next = iterator
      for (;;) {
        const { Records = [], NextShardIterator } = await this.#client.send(new GetRecordsCommand({ ShardIterator: next }))
        next = NextShardIterator
        this.#iterators.set(shard, next)
        for (const record of Records) {
          const change = changeOf(record as StreamRecord)
          this.#read.push({
            order: ++this.#order,
            shard,
            sequence: record.dynamodb!.SequenceNumber!,
            change: change && matters(change) ? change : undefined,
          })
        }
        if (Records.length === 0 || !next) break
      }
    }
  }

  async #findShards(): Promise<void> {
    const { StreamDescription } = await this.#client.send(new DescribeStreamCommand({ StreamArn: this.#stream }))
    for (const { ShardId } of StreamDescription!.Shards ?? []) {
      const after = this.#cursor.get(ShardId!)
      const { ShardIterator } = await this.#client.send(
        new GetShardIteratorCommand({
          StreamArn: this.#stream,
          ShardId,
          ...(after ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after } : { ShardIteratorType: 'TRIM_HORIZON' }),
        }),
      )
      this.#iterators.set(ShardId!, ShardIterator)
    }
  }
}
