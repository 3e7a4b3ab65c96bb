import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoLedger } from '../../shared/aws/ledger.ts'
import type { LedgerUnderTest } from '../ports/ledger-conformance.ts'
import type { LedgerTable } from './dynamodb-local.ts'

/** A new table in which the tasks of the conformance suite are deployed: a task's runs are found by what its contract says it makes. */
export async function openLedger(client: DynamoDBClient, made: LedgerTable): Promise<LedgerUnderTest> {
  const ledger = new DynamoLedger({ table: made.table, client })
  for (const [task, output] of [
    ['clean-orders', 'clean'],
    ['other', 'other'],
  ] as const)
    await ledger.put({ pk: 'contract', sk: `task/${task}` }, { kind: 'task', task, output }, 0)
  return under(client, made)
}

function under(client: DynamoDBClient, { table, feed, drop }: LedgerTable): LedgerUnderTest {
  return {
    ledger: new DynamoLedger({ table, client }),
    feed,
    reopen: async () => under(client, { table, feed: feed.reopen(), drop }),
    close: drop,
  }
}
