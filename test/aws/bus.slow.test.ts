import { randomUUID } from 'node:crypto'
import { CreateEventBusCommand, EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { CreateScheduleGroupCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { eventBridgeBus } from '../../shared/aws/bus.ts'
import { lambdaClock } from '../../shared/aws/clock.ts'
import { sqsDeadLetters } from '../../shared/aws/dead-letters.ts'
import { sdkOptions } from '../../shared/aws/sdk.ts'
import { schedulerTimers } from '../../shared/aws/timers.ts'
import { unhandled } from '../../shared/aws/unhandled.ts'
import type { Envelope, EventPattern } from '../../shared/core/events.ts'
import { busConformance, type OpenBus } from '../ports/bus-conformance.ts'
import { type Emulator, startEmulator } from './emulator.ts'

/*
 * The bus, its timers and its dead letters on the emulator. There each function's place is taken by a queue that its rule fills and
 * a loop that empties it, since what delivers here is the test's own. Two things the emulator does otherwise than AWS:
 * a schedule's event arrives on the bus as `aws.scheduler`/`Scheduled Event`, whatever EventBridgeParameters say, so a rule
 * takes it to a queue, from which it is published under the name that the schedule's own name begins with; and it looks for schedules
 * that are due every ten seconds.
 */

let emulator: Emulator
let before: NodeJS.ProcessEnv
let events: EventBridgeClient
let queues: SQSClient
let scheduler: SchedulerClient
beforeAll(async () => {
  emulator = await startEmulator()
  before = { ...process.env }
  Object.assign(process.env, emulator.env)
  events = new EventBridgeClient(sdkOptions)
  queues = new SQSClient(sdkOptions)
  scheduler = new SchedulerClient(sdkOptions)
})
afterAll(async () => {
  for (const client of [events, queues, scheduler]) client?.destroy()
  process.env = before
  await emulator?.stop()
})

const account = '000000000000'
const region = 'eu-west-1'
// A message that was not handled comes again so soon; Lambda waits a minute.
const AGAIN_SECONDS = 1

async function makeQueue(name: string): Promise<{ url: string; arn: string }> {
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '5' } }))
  return { url: QueueUrl!, arn: `arn:aws:sqs:${region}:${account}:${name}` }
}

/** The rule of a function, and the queue that stands for it. */
async function subscribe(bus: string, name: string, patterns: readonly object[]): Promise<string> {
  const { url, arn } = await makeQueue(`${bus}-${name}`)
  for (const [i, pattern] of patterns.entries()) {
    const rule = `${name}-${i}`
    await events.send(new PutRuleCommand({ Name: rule, EventBusName: bus, EventPattern: JSON.stringify(pattern) }))
    await events.send(new PutTargetsCommand({ Rule: rule, EventBusName: bus, Targets: [{ Id: 'queue', Arn: arn }] }))
  }
  return url
}

/** Takes messages off a queue until it is stopped; what is not handled comes again. */
function listen(url: string, handle: (message: Message) => Promise<void>): () => Promise<void> {
  const stop = new AbortController()
  const one = async (message: Message) => {
    try {
      await handle(message)
      if (!stop.signal.aborted) await queues.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }))
    } catch {
      const again = { QueueUrl: url, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: AGAIN_SECONDS }
      await queues.send(new ChangeMessageVisibilityCommand(again)).catch(() => undefined)
    }
  }
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const received = await queues
        .send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }), { abortSignal: stop.signal })
        .catch(() => undefined)
      for (const message of received?.Messages ?? []) void one(message)
    }
  })()
  return async () => {
    stop.abort()
    await loop
  }
}

const open: OpenBus = async (routes: Record<string, EventPattern[]>, deliver) => {
  const name = `redeye-${randomUUID().slice(0, 8)}`
  await events.send(new CreateEventBusCommand({ Name: name }))
  await scheduler.send(new CreateScheduleGroupCommand({ Name: name }))
  const letterQueue = await makeQueue(`${name}-letters`)
  const letters = sqsDeadLetters(letterQueue.url, queues)
  const publisher = eventBridgeBus({ bus: name, client: events })
  const timers = schedulerTimers({
    group: name,
    role: `arn:aws:iam::${account}:role/${name}`,
    bus: name,
    region,
    deadLetters: letterQueue.url,
    publisher,
    clock: lambdaClock(),
    client: scheduler,
  })
  const world = {
    deadLetters: letters,
    clock: lambdaClock(),
    notifier: { alert: async () => {}, notice: async () => {}, platform: async () => {} },
  }
  const handle = unhandled({ world, log: { warn: () => {}, error: () => {} }, forgetGraph: () => {} })
  const urls = new Map<string, string>()
  for (const [target, patterns] of Object.entries(routes)) urls.set(target, await subscribe(name, target, patterns))
  const timed = await subscribe(name, 'timers', [{ source: ['aws.scheduler'] }])
  const start = () => [
    ...[...urls].map(([target, url]) =>
      listen(url, message => {
        const event = JSON.parse(message.Body!) as Envelope
        return handle(target, event, () => deliver(target, event))
      }),
    ),
    listen(timed, async message => {
      const { resources, detail } = JSON.parse(message.Body!) as Envelope
      const type = resources[0]!.split('/').at(-1)!.split('-')[0]!
      await events.send(
        new PutEventsCommand({ Entries: [{ EventBusName: name, Source: 'redeye', DetailType: type, Detail: JSON.stringify(detail) }] }),
      )
    }),
  ]
  let stops = start()
  const stopAll = () => Promise.all(stops.map(stop => stop()))
  return {
    bus: { publish: publisher.publish, set: timers.set, put: letters.put },
    async letters() {
      const taken = await letters.take()
      await letters.giveBack(taken)
      return taken.map(({ function: f, reason, event }) => ({ function: f, reason: reason.replace(/^[A-Z_]+: /, ''), event }))
    },
    async restart() {
      await stopAll()
      stops = start()
    },
    close: async () => void (await stopAll()),
  }
}

busConformance('EventBridge', open)

test('a schedule has fired and is gone, and one that waits is there', async () => {
  const heard: string[] = []
  const under = await open({ a: [{ source: ['redeye'], 'detail-type': ['RunDue'] }] }, async (_, event) => {
    heard.push((event.detail as { partition: string }).partition)
  })
  const due = (partition: string) => ({ type: 'RunDue' as const, detail: { task: 'a', partition } })
  await under.bus.set(Date.now() + 1000, due('soon'))
  for (let i = 0; i < 2; i++) await under.bus.set(Date.UTC(2101, 0, 1), due('later'))
  while (heard.length === 0) await new Promise(resolve => setTimeout(resolve, 100))
  expect(heard).toEqual(['soon'])
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'RunDue-' }))
  expect(Schedules.filter(s => s.GroupName !== undefined).length).toBe(1)
  await under.close()
})
