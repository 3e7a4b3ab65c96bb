import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { mockClient } from 'aws-sdk-client-mock'
import { awsHost, provideBuilt } from '../../shared/aws/host.ts'
import { scratchFolder } from '../../shared/aws/scratch.ts'
import { openSession } from '../../shared/compute/duckdb.ts'
import { findHost, prepareHost, provideHost } from '../../shared/engine/host.ts'
import { Unfinished } from '../../shared/ports/compute.ts'
import type { Source } from '../../shared/ports/source.ts'
import { daily, dataset, ingest } from '../../shared/task/index.ts'
import { whole } from './environment.ts'

const table = mockClient(DynamoDBClient)
const invoker = mockClient(LambdaClient)
const events = mockClient(EventBridgeClient)
const before = { ...process.env }
beforeEach(() => {
  for (const client of [table, invoker, events]) client.reset()
  events.on(PutEventsCommand).resolves({ Entries: [{ EventId: '1' }] })
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
})
afterEach(() => {
  process.env = { ...before }
  provideHost(undefined)
})

test('on Lambda, whoever was given no host finds that of its environment, once', async () => {
  Object.assign(process.env, whole, { AWS_LAMBDA_FUNCTION_NAME: 'redeye-dev-a-decide' })
  const host = await findHost()
  expect(await findHost()).toBe(host)
  expect(host.handle).toBeDefined()
})

test('what every invocation needs is loaded while the function starts; nothing is asked, and what is missing waits for the first event', async () => {
  Object.assign(process.env, whole, { AWS_LAMBDA_FUNCTION_NAME: 'redeye-dev-a-decide' })
  prepareHost()
  const host = await findHost()
  await host.prepare!()
  expect(table.calls()).toEqual([])
  provideHost(undefined)
  process.env.REDEYE_TABLE = ''
  prepareHost()
  await new Promise(resolve => setImmediate(resolve))
})

test('elsewhere nobody finds it', () => {
  delete process.env.AWS_LAMBDA_FUNCTION_NAME
  expect(() => findHost()).toThrow(/no host has given/)
})

test('a function that lacks something of its environment says what, at its first event', async () => {
  Object.assign(process.env, whole, { AWS_LAMBDA_FUNCTION_NAME: 'f', REDEYE_TABLE: '' })
  await expect((async () => findHost())()).rejects.toMatchObject({ code: 'NOT_DEPLOYED', message: expect.stringContaining('REDEYE_TABLE') })
})

test('who is told of applications for Spark knows what becomes of jobs', () => {
  expect(awsHost(whole).world.spark).toBeUndefined()
  expect(awsHost({ ...whole, REDEYE_SPARK_NIGHTLY: 'a1', REDEYE_SPARK_BACKFILL: 'a2' }).world.spark).toBeDefined()
})

test('the world’s ports are AWS’s', async () => {
  const { world, settings } = awsHost({ ...whole, REDEYE_LANE_LIMITS: '{"backfill":3}' })
  await world.bus.publish([{ type: 'NightStarted', detail: { date: '2001-02-14' } }])
  expect(events.commandCalls(PutEventsCommand)[0]!.args[0].input.Entries![0]!.EventBusName).toBe('redeye-dev')
  expect(world.laneLimits).toEqual({ backfill: 3 })
  expect(settings.zone).toBe('Europe/Madrid')
})

test('the graph is read once a minute, and again when it was forgotten', async () => {
  table.on(QueryCommand).resolves({ Items: [] })
  const { world, handle } = awsHost(whole)
  await Promise.all([world.graph(), world.graph()])
  await world.graph()
  let known = false
  await handle('a', { time: new Date().toISOString() }, async () => {
    await world.graph()
    if (known) return
    known = true
    throw Object.assign(new Error('no task'), { code: 'UNKNOWN_NAME' })
  })
  // As it was a moment ago costs little: in one document, or, where there is none, half. Whoever missed something wants it as it is.
  const asked = table
    .commandCalls(QueryCommand)
    .map(({ args: [{ input }] }) => [Object.values(input.ExpressionAttributeValues!)[0]!.S, input.ConsistentRead])
  expect(asked).toEqual([
    ['graph', false],
    ['contract', false],
    ['contract', true],
  ])
})

test('what was found out when the service was built is known to its world', () => {
  const task = { task: 'clean-orders', hash: 'h', retry: { attempts: 3, timeouts: 2, losses: 3, backoffMs: 1, factor: 2, jitter: 0 } }
  const { world } = awsHost(whole)
  expect(world.ownTask).toBeUndefined()
  provideBuilt({ task })
  expect(world.ownTask).toEqual(task)
  provideBuilt({})
})

const attempt = { task: 'clean-orders', dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 1 }

test('an attempt that was claimed is started', async () => {
  invoker.on(InvokeCommand).resolves({ StatusCode: 202 })
  await awsHost({ ...whole, REDEYE_WORK: 'redeye-dev-clean-orders-work' }).world.workers.start(attempt)
  expect(invoker.commandCalls(InvokeCommand)[0]!.args[0].input.FunctionName).toBe('redeye-dev-clean-orders-work')
  expect(table.calls()).toEqual([])
})

test('nothing of the host loads DuckDB before there is work', () => {
  const source = readFileSync(new URL('../../shared/aws/host.ts', import.meta.url), 'utf8')
  const imported = [...source.matchAll(/^import (?!type )[^\n]*from '([^']+)'/gm)].map(m => m[1])
  expect(imported.filter(name => name!.includes('compute/'))).toEqual([])
})

test('the log of a function has how attempts began and ended, and not how far they are', async () => {
  const s3 = mockClient(S3Client)
  s3.onAnyCommand().resolves({})
  s3.on(GetObjectCommand).rejects(Object.assign(new Error('no'), { name: 'NoSuchKey' }))
  const output = dataset('sales', {
    partition: daily({ from: '2001-01-01' }),
    columns: { a: 'int' },
    description: 'x',
    owner: 'x@example.com',
  })
  const source: Source = {
    source: 'test',
    describe: () => 'test',
    faults: () => [],
    async *read() {
      yield { records: [{ a: 1 }], position: 1 }
    },
  }
  const said: string[] = []
  const running = awsHost(whole)
    .compute(ingest({ source, output }))
    .run({
      ...attempt,
      folder: 'sales/2001-02-14/g1-a1',
      inputs: {},
      signal: new AbortController().signal,
      yields: () => true,
      log: message => said.push(message),
    })
  await expect(running).rejects.toThrow(Unfinished)
  expect(s3.commandCalls(PutObjectCommand).length).toBeGreaterThan(0)
  expect(said).toEqual([])
  s3.restore()
  rmSync(scratchFolder(), { recursive: true, force: true })
})

// Each writes some megabytes to the disk.
const SPILLING_MS = 60_000

test(
  'work that outgrows its memory goes to the disk in each attempt of a warm function, though the disk is emptied in between',
  async () => {
    const host = awsHost(whole)
    const spillFolder = (await host.lake()).scratch('-spill')
    const spilled = () =>
      host.onEmptyDisk(async () => {
        const session = await openSession({ threads: 1, memoryMb: 20, spillFolder }, { task: 'test', partition: 'all' })
        try {
          await session.run('CREATE TEMP TABLE large AS SELECT md5(range::VARCHAR) AS a, md5(a) AS b FROM range(400_000)')
          return readdirSync(spillFolder)
        } finally {
          session.close()
        }
      })
    try {
      for (let attempt = 1; attempt <= 3; attempt++) expect(await spilled()).not.toEqual([])
    } finally {
      rmSync(scratchFolder(), { recursive: true, force: true })
    }
  },
  SPILLING_MS,
)
