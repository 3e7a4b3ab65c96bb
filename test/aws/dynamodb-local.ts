import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { ledgerTable } from '../../shared/aws/dynamodb-table.ts'
import { StreamFeed } from './stream-feed.ts'

const here = join(import.meta.dirname, 'dynamodb-local')
// Beside what npm fetched, which lives and dies with it; Maven keeps a copy of its own.
const fetched = join(import.meta.dirname, '../../node_modules/.cache/dynamodb-local-2.6.1')

/** How long the first start may take, in milliseconds: what is fetched is 80 jars, and four minutes of it have been seen. */
export const FETCHED_WITHIN_MS = 900_000

/** Fetches DynamoDB Local from Maven Central, once, by Maven as it is set up on this machine; resolves with the folder of its jars. */
function fetchDynamodbLocal(): string {
  if (existsSync(fetched)) return fetched
  const unfinished = `${fetched}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  cpSync(join(here, 'pom.xml'), join(unfinished, 'pom.xml'))
  const { status, error, stdout } = spawnSync(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${unfinished}`],
    { cwd: unfinished, encoding: 'utf8' },
  )
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true })
    throw new Error(
      `DynamoDB Local could not be fetched: ${error?.message ?? stdout.slice(-2000)}\n  → install Java 17 and Maven (apt-get install -y openjdk-17-jdk-headless maven), and see that Maven reaches Maven Central`,
    )
  }
  // Whoever comes second finds the folder whole.
  try {
    renameSync(unfinished, fetched)
  } catch {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return fetched
}

/** An empty ledger's table, with a reader of its stream. */
export interface LedgerTable {
  table: string
  feed: StreamFeed
  drop(): Promise<void>
}

/** A DynamoDB Local in a process of its own, in memory, on the loopback interface. */
export interface DynamodbLocal {
  client: DynamoDBClient
  createLedger(): Promise<LedgerTable>
  stop(): Promise<void>
}

/** Makes the ledger's table, as the platform's deployment does. */
export async function createLedgerTable(client: DynamoDBClient, streams: DynamoDBStreamsClient, table: string): Promise<LedgerTable> {
  const { StreamSpecification, ...definition } = ledgerTable
  const command = new CreateTableCommand({
    TableName: table,
    ...(definition as unknown as Omit<ConstructorParameters<typeof CreateTableCommand>[0], 'TableName'>),
    StreamSpecification: { StreamEnabled: true, ...StreamSpecification },
  })
  const { TableDescription } = await client.send(command)
  return {
    table,
    feed: new StreamFeed(streams, TableDescription!.LatestStreamArn!),
    drop: async () => void (await client.send(new DeleteTableCommand({ TableName: table }))),
  }
}

/** Starts one; whoever started it stops it, and it ends with its starter in any case. */
export async function startDynamodbLocal(): Promise<DynamodbLocal> {
  const jars = fetchDynamodbLocal()
  const server = spawn(
    'java',
    // Its work is small and short: one thread of compilation and collection each leaves the machine to the tests.
    [
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Djava.library.path=${jars}`,
      '-cp',
      join(jars, '*'),
      join(here, 'LoopbackServer.java'),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  )
  const ended = new Promise<void>(resolve => server.once('exit', () => resolve()))
  const port = await portOf(server.stdout, ended)
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  const client = new DynamoDBClient(options)
  const streams = new DynamoDBStreamsClient(options)
  let tables = 0
  return {
    client,
    createLedger: () => createLedgerTable(client, streams, `ledger-${++tables}`),
    async stop() {
      client.destroy()
      streams.destroy()
      server.stdin.end()
      await ended
    },
  }
}

async function portOf(output: NodeJS.ReadableStream, ended: Promise<void>): Promise<number> {
  const lines = createInterface({ input: output })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  lines.on('line', line => {
    const [, port] = /^port (\d+)$/.exec(line) ?? []
    if (port) resolve(Number(port))
  })
  void ended.then(() => reject(new Error('DynamoDB Local ended before it listened\n  → it takes a JDK, version 17: see `java -version`')))
  return promise
}
