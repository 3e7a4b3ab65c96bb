import type { AwsHost } from '../../shared/aws/host.ts'
import { platform } from '../../shared/aws/platform.ts'
import { unhandled } from '../../shared/aws/unhandled.ts'
import type { Envelope, NewEvent } from '../../shared/core/events.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { recordNight } from '../../shared/engine/night.ts'
import type { World } from '../../shared/engine/world.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import { streamRecord } from './stream-record.ts'

const now = Date.parse('2001-02-14T22:30:00Z')
const scheduled = { 'detail-type': 'Scheduled Event', source: 'aws.events' } as const
const envelope = (type: string, detail: object) =>
  ({ version: '0', id: 'event-1', 'detail-type': type, source: 'redeye', time: '2001-02-14T22:30:00Z', detail }) as unknown as Envelope

let ledger: SqliteLedger
let spark: World['spark']
const published: NewEvent[] = []
const letters: unknown[] = []
const removed: string[] = []
const metrics: string[] = []
beforeEach(() => {
  ledger = new SqliteLedger({ path: ':memory:', filter: () => false })
  spark = undefined
  published.length = letters.length = removed.length = metrics.length = 0
})
afterEach(() => ledger.close())

/** The platform's functions on ports of this machine. */
function functions(tasks: { task: string; deployedAt: number }[] = []) {
  const graph = buildGraph([
    { kind: 'dataset', dataset: 'orders', partitioning: { grain: 'daily', timezone: 'UTC' }, outside: true, keepMs: 0 },
  ])
  const world = {
    ledger,
    clock: { now: () => now, stamp: () => now },
    bus: { publish: async (events: NewEvent[]) => void published.push(...events) },
    deadLetters: { put: async (letter: unknown) => void letters.push(letter) },
    notifier: { alert: async () => {}, notice: async () => {}, platform: async () => {} },
    graph: async () => ({ ...graph, tasks }),
    spark,
    laneLimits: {},
  } as unknown as World
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const host = {
    world,
    log,
    settings: { stage: 'dev', zone: 'Europe/Madrid', nightAt: '03:30' },
    handle: unhandled({ world, log, forgetGraph: () => {} }),
    lake: async () => ({ list: async function* () {}, remove: async (keys: string[]) => void removed.push(...keys) }),
    duckdb: {},
    onEmptyDisk: <T>(work: () => Promise<T>) => work(),
  } as unknown as AwsHost
  return platform({ datasets: [], host: () => host, write: line => void metrics.push(line) })
}
const context = {} as never

test('the schedule begins the night that is due, by the stage’s zone', async () => {
  await functions().night(scheduled as never, context)
  expect(published).toEqual([{ type: 'NightStarted', detail: { date: '2001-02-13' } }])
})

test('the event of a night records it, once', async () => {
  const { night } = functions()
  for (let i = 0; i < 2; i++) await night(envelope('NightStarted', { date: '2001-02-13' }) as never, context)
  expect((await ledger.query('night')).map(s => [s.key.sk, s.rev])).toEqual([['2001-02-13', 1]])
  await night(scheduled as never, context)
  expect(published).toEqual([])
})

test('a request is carried out; one that cannot be is a dead letter', async () => {
  const { requests } = functions()
  await requests(envelope('PartitionSkipped', { dataset: 'orders', partition: '2001-02-14' }), context)
  expect(await ledger.get({ pk: 'run/orders', sk: '2001-02-14' })).toMatchObject({ doc: { skipped: true } })
  const bad = envelope('RunRequested', { tasks: ['never'], from: '2001-02-14', to: '2001-02-14' })
  await requests(bad, context)
  expect(letters).toEqual([{ function: 'platform/requests', reason: expect.stringContaining('never'), event: bad }])
})

test('a delivery of what nobody declared is a dead letter', async () => {
  const bad = envelope('VersionDelivered', { dataset: 'never', partition: '2001-02-14', files: ['in/a.csv'] })
  await functions().deliveries(bad, context)
  expect(letters).toMatchObject([{ function: 'platform/deliveries', reason: expect.stringContaining('never') }])
})

test('a file of some machine is no delivery', async () => {
  const bad = envelope('VersionDelivered', { dataset: 'orders', partition: '2001-02-14', files: ['/etc/passwd'] })
  await functions().deliveries(bad, context)
  expect(letters).toMatchObject([{ function: 'platform/deliveries' }])
})

test('the relay turns a success in the ledger’s stream into an event', async () => {
  const version = {
    number: 1,
    as: 1,
    loud: 1,
    generation: 1,
    attempt: 1,
    rows: 3,
    bytes: 5,
    schemaHash: '',
    at: 5,
    cause: { lane: 'nightly' },
    ancestry: {},
  }
  const doc = { v: 1, dataset: 'orders', partition: '2001-02-14', generation: 1, attempt: 1, version }
  const record = streamRecord({ pk: 'run/orders', sk: '2001-02-14' }, undefined, doc, 1)
  expect(await functions().relay({ Records: [record] }, context)).toEqual({ batchItemFailures: [] })
  expect(published).toEqual([
    { type: 'DatasetReady', detail: { dataset: 'orders', partition: '2001-02-14', number: 1, at: 5, cause: { lane: 'nightly' } } },
  ])
})

test('an end of a Spark job makes somebody look at its attempt, by the job’s whole id', async () => {
  const asked: string[] = []
  spark = { status: async id => void asked.push(id) } as World['spark']
  const detail = { applicationId: 'a1', jobRunId: 'r1', state: 'SUCCESS' }
  const event = { 'detail-type': 'EMR Serverless Job Run State Change', source: 'aws.emr-serverless', time: '2001-02-14T22:30:00Z', detail }
  await functions().jobs(event as never, context)
  expect(asked).toEqual(['a1/r1'])
})

test('the sweep goes through requests and limits, and once a day through the lake', async () => {
  const { sweep } = functions()
  await sweep(scheduled, context)
  expect((await ledger.query('collected')).length).toBe(1)
})

test('the sweep says how many nights are late, as CloudWatch takes a metric', async () => {
  const { sweep } = functions([{ task: 'clean', deployedAt: now - 3 * 86_400_000 }])
  await recordNight({ ledger, clock: { now: () => now } } as unknown as World, { date: '2001-02-12' })
  await sweep(scheduled, context)
  expect(metrics).toHaveLength(1)
  expect(metrics[0]!.endsWith('\n')).toBe(true)
  expect(JSON.parse(metrics[0]!)).toEqual({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [{ Namespace: 'Redeye', Dimensions: [['stage']], Metrics: [{ Name: 'LateNights', Unit: 'Count' }] }],
    },
    stage: 'dev',
    LateNights: 2,
  })
})
