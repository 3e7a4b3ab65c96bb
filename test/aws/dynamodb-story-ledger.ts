import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { documentKey } from '../../shared/aws/dynamodb-table.ts'
import { DynamoLedger } from '../../shared/aws/ledger.ts'
import { memoryStoryLedger, type OpenStoryLedger, type StoryLedger } from '../../shared/rehearse/story-ledger.ts'
import type { DynamodbLocal, LedgerTable } from './dynamodb-local.ts'

/** A ledger for one story, in a table of its own with its stream. */
export async function openDynamoStory(local: DynamodbLocal): Promise<{ open: OpenStoryLedger; drop(): Promise<void> }> {
  const made = await local.createLedger()
  return { open: now => storyLedger(local, made, now), drop: made.drop }
}

function storyLedger(local: DynamodbLocal, { table, feed }: LedgerTable, now: () => number): StoryLedger {
  const ledger = new DynamoLedger({ table, client: local.client, now })
  const { requests } = ledger.consumed
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
      const { put } = requests
      if (put === heard) return { changes: [], upTo: 0 }
      const page = await feed.read(limit)
      if (page.changes.length === 0) heard = put
      return page
    },
    acknowledge: upTo => feed.acknowledge(upTo),
    requests,
    fork: () => forkIntoMemory(local, table),
  }
}

/** What would come of a world is followed for years, for one expectation: it may be seen on the embedded ledger, which is in memory. */
async function forkIntoMemory(local: DynamodbLocal, table: string): Promise<OpenStoryLedger> {
  const twin = memoryStoryLedger(() => 0)
  for (let after: Record<string, never> | undefined; ; ) {
    const page = await local.client.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(after && { ExclusiveStartKey: after }) }),
    )
    for (const item of page.Items ?? []) {
      const { pk, sk, doc } = unmarshall(item) as { pk: string; sk: string; doc: object }
      await twin.put(documentKey({ pk, sk }), doc, 0)
    }
    after = page.LastEvaluatedKey as typeof after
    if (!after) break
  }
  // What was copied is no news.
  for (let page = await twin.read(1000); page.changes.length > 0; page = await twin.read(1000)) await twin.acknowledge(page.upTo)
  return () => twin
}
