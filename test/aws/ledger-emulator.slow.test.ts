import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { ledgerConformance } from '../ports/ledger-conformance.ts'
import { createLedgerTable } from './dynamodb-local.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { openLedger } from './ledger-under-test.ts'

let emulator: Emulator
let client: DynamoDBClient
let streams: DynamoDBStreamsClient
let tables = 0
beforeAll(async () => {
  emulator = await startEmulator()
  const { endpoint, env } = emulator
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! }
  const options = { endpoint, region: env.AWS_REGION!, credentials }
  client = new DynamoDBClient(options)
  streams = new DynamoDBStreamsClient(options)
})
afterAll(async () => {
  client?.destroy()
  streams?.destroy()
  await emulator?.stop()
})

ledgerConformance('the emulator', async () => openLedger(client, await createLedgerTable(client, streams, `ledger-${++tables}`)))
