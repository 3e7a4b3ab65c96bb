import { relayBatch, relayMapping } from '../../shared/aws/stream.ts'
import { unhandled } from '../../shared/aws/unhandled.ts'
import { type Envelope, matchesPattern, type NewEvent, patternsOf, platformPatterns, SOURCE } from '../../shared/core/events.ts'
import { buildGraph, type Graph } from '../../shared/core/graph.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { recordVersion } from '../../shared/engine/deliveries.ts'
import { provideHost } from '../../shared/engine/host.ts'
import { datasetContractKey, runKey, taskContractKey } from '../../shared/engine/keys.ts'
import { lambda } from '../../shared/engine/lambda.ts'
import { recordNight } from '../../shared/engine/night.ts'
import { requests } from '../../shared/engine/requests.ts'
import { sweepPlatform } from '../../shared/engine/sweep.ts'
import type { World } from '../../shared/engine/world.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Compute } from '../../shared/ports/compute.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { inputsHash } from '../../shared/task/contract.ts'
import { daily, dataset } from '../../shared/task/dataset.ts'
import { same } from '../../shared/task/input.ts'
import { type Task, transform } from '../../shared/task/task.ts'
import { Agenda, LambdaModel } from './lambda-model.ts'
import { StreamModel } from './lambda-model-stream.ts'
import { streamRecord, type WholeRecord } from './stream-record.ts'

const { now, datasets, ...parsed } = parseStory(
  `
story: a chain
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, retry: { attempts: 3, backoff: 1m } }
  reporting: { inputs: { clean: same }, output: report, retry: { attempts: 3, backoff: 1m } }
steps: []
`,
  'chain.yaml',
)
const day = { description: '', owner: '', columns: { id: 'int' }, partition: daily({ from: '2026-03-01' }) } as const
const taskOf = (name: string, from: string, to: string) =>
  ({ ...transform({ inputs: { it: same(dataset(from, day)) }, output: dataset(to, day), sql: `${name}.sql` }), name }) as Task
const declared = [taskOf('cleaning', 'orders', 'clean'), taskOf('reporting', 'clean', 'report')]
const tasks = parsed.tasks.map(t => ({ ...t, inputsHash: inputsHash(declared.find(d => d.name === t.task)!) }))
const MINUTE_MS = 60_000

/**
 * A stage in AWS's own semantics: the services' real functions and the platform's, with events by rules, the ledger's writes by its
 * stream, and failures to where the deployment sends them. Only the ledger itself, the bus and the lake are simple.
 */
export class StageModel {
  readonly agenda = new Agenda(now)
  readonly lambda = new LambdaModel(this.agenda)
  readonly stream: StreamModel
  readonly world: World
  readonly ledger: SqliteLedger
  /** The dead-letter queue: what handlers put there with a reason, and Lambda's envelopes. */
  readonly letters: unknown[] = []
  readonly alerts: string[] = []
  /** What the platform has said of itself. */
  readonly told: string[] = []
  /** How often the data plane was asked to work. */
  worked: string[] = []
  compute: Compute['run'] = async () => ({ rows: 1, bytes: 1, schemaHash: 'h' }) as Awaited<ReturnType<Compute['run']>>
  /** Makes a publication fail. */
  refuses: (event: NewEvent) => boolean = () => false
  /** An event that gets lost on its way. */
  loses: (event: NewEvent) => boolean = () => false
  readonly graph: Graph = buildGraph([...datasets, ...tasks])
  #records = 0
  #events = 0
  #stamp = 0

  constructor() {
    this.ledger = new SqliteLedger({
      path: ':memory:',
      filter: () => false,
      onWritten: ({ key, before, after }) =>
        this.stream.append(streamRecord(key, before as object | undefined, after as object, ++this.#records, this.agenda.now / 1000)),
    })
    this.world = this.#makeWorld()
    this.stream = new StreamModel(this.agenda, this.lambda, 'platform-relay', relayMapping)
    this.#deploy()
  }

  #makeWorld(): World {
    const { agenda } = this
    return {
      ledger: this.ledger,
      bus: { publish: async events => this.publish(events) },
      timers: { set: async (at, event) => agenda.at(at, async () => this.publish([event])) },
      clock: { now: () => agenda.now, stamp: () => (this.#stamp = Math.max(agenda.now, this.#stamp + 1 / 1024)) },
      chance: { next: () => (this.#events % 4096) / 4096 },
      workers: { start: async attempt => this.lambda.invoke(`${attempt.task}-work`, attempt), stop: async () => {} },
      notifier: {
        alert: async ({ task, partition, error }) => void this.alerts.push(`${task}@${partition} ${error?.failure}`),
        notice: async () => {},
        platform: async message => void this.told.push(message),
      },
      deadLetters: { put: async letter => void this.letters.push(letter) },
      lake: { get: async () => undefined, put: async () => {} },
      graph: async () => this.graph,
      laneLimits: {},
    }
  }

  #deploy(): void {
    const { world } = this
    const handle = unhandled({ world, log: { warn: () => {}, error: () => {} }, forgetGraph: () => {} })
    const toQueue = { onFailure: { queue: this.letters } }
    const compute: Compute = {
      run: async attempt => {
        this.worked.push(`${attempt.task}@${attempt.partition}`)
        return this.compute(attempt)
      },
    }
    provideHost({ world, compute: () => compute, logger: () => () => {}, handle })
    for (const task of [taskOf('cleaning', 'orders', 'clean'), taskOf('reporting', 'clean', 'report')]) {
      const { decide, work } = lambda(task)
      this.lambda.deploy(`${task.name}-decide`, { handler: decide, ...toQueue })
      this.lambda.deploy(`${task.name}-work`, { handler: work, retries: 0, onFailure: { function: `${task.name}-decide` } })
    }
    this.lambda.deploy('platform-requests', {
      handler: (e: Envelope) => handle('platform/requests', e, () => requests(world, e)),
      ...toQueue,
    })
    this.lambda.deploy('platform-night', {
      handler: (e: Envelope) => handle('platform/night', e, () => recordNight(world, e.detail as { date: string })),
      ...toQueue,
    })
    this.lambda.deploy('platform-relay', { handler: (e: { Records: WholeRecord[] }) => relayBatch(world, e) })
  }

  /** The contracts, as a deployment registers them. */
  async register(): Promise<void> {
    for (const c of datasets) await this.ledger.put(datasetContractKey(c.dataset), c, 0)
    for (const c of tasks) await this.ledger.put(taskContractKey(c.task), c, 0)
  }

  /** The bus: each rule's target is invoked asynchronously. */
  publish(events: readonly NewEvent[]): void {
    for (const event of events) if (this.refuses(event)) throw new Error('the bus does not answer')
    for (const event of events) if (!this.loses(event)) this.send({ type: event.type, detail: event.detail })
  }

  send({ type, detail }: { type: string; detail: unknown }): void {
    const envelope = {
      version: '0',
      id: `event-${++this.#events}`,
      'detail-type': type,
      source: SOURCE,
      account: '123456789012',
      time: new Date(this.agenda.now).toISOString(),
      region: 'eu-west-1',
      resources: [],
      detail,
    } as Envelope
    for (const task of tasks)
      if (patternsOf(task).some(p => matchesPattern(p, envelope))) this.lambda.invoke(`${task.task}-decide`, envelope)
    for (const [name, patterns] of Object.entries(platformPatterns))
      if (name !== 'deliveries' && patterns.some(p => matchesPattern(p, envelope))) this.lambda.invoke(`platform-${name}`, envelope)
  }

  /** A version of the chain's first dataset appears. */
  async deliver(partition: string): Promise<void> {
    const generation = ((await this.ledger.get<RunDoc>(runKey('orders', partition)))?.doc.generation ?? 0) + 1
    await recordVersion(this.world, 'orders', partition, `delivery-${partition}-${generation}`, generation, {
      rows: 1,
      bytes: 1,
      schemaHash: '',
    })
  }

  async minutes(count: number): Promise<void> {
    await this.agenda.until(this.agenda.now + count * MINUTE_MS)
  }

  /** What the schedules wake each quarter of an hour. */
  async sweep(): Promise<void> {
    await sweepPlatform(this.world)
    for (const { task } of tasks) this.lambda.invoke(`${task}-decide`, { 'detail-type': 'Scheduled Event', source: 'aws.events' })
    await this.minutes(1)
  }

  async run(dataset: string, partition: string): Promise<RunDoc | undefined> {
    return (await this.ledger.get<RunDoc>(runKey(dataset, partition)))?.doc
  }

  close(): void {
    provideHost(undefined)
    this.ledger.close()
  }
}
