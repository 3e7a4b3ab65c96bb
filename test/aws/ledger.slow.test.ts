import { DynamoLedger } from '../../shared/aws/ledger.ts'
import { type LedgerUnderTest, ledgerConformance } from '../ports/ledger-conformance.ts'
import { type DynamodbLocal, startDynamodbLocal } from './dynamodb-local.ts'
import type { StreamFeed } from './stream-feed.ts'

let local: DynamodbLocal
beforeAll(async () => {
  local = await startDynamodbLocal()
})
afterAll(() => local?.stop())

/** A new table in which the tasks of the suite are deployed: a task's runs are found by what its contract says it makes. */
async function open(): Promise<LedgerUnderTest> {
  const { table, feed, drop } = await local.createLedger()
  const ledger = new DynamoLedger({ table, client: local.client })
  for (const [task, output] of [
    ['clean-orders', 'clean'],
    ['other', 'other'],
  ] as const)
    await ledger.put({ pk: 'contract', sk: `task/${task}` }, { kind: 'task', task, output }, 0)
  return under(table, feed, drop)
}

function under(table: string, feed: StreamFeed, drop: () => Promise<void>): LedgerUnderTest {
  return {
    ledger: new DynamoLedger({ table, client: local.client }),
    feed,
    reopen: async () => under(table, feed.reopen(), drop),
    close: drop,
  }
}

ledgerConformance('DynamoDB Local', open)
