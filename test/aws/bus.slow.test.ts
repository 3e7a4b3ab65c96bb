import { randomUUID } from 'node:crypto'
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { CreateScheduleGroupCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { eventBridgeBus } from '../../shared/aws/bus.ts'
import { lambdaClock } from '../../shared/aws/clock.ts'
import { sqsDeadLetters } from '../../shared/aws/dead-letters.ts'
import { sdkOptions } from '../../shared/aws/sdk.ts'
import { schedulerTimers } from '../../shared/aws/timers.ts'
import { unhandled } from '../../shared/aws/unhandled.ts'
import type { Envelope, EventPattern } from '../../shared/core/events.ts'
import { busConformance, type OpenBus } from '../ports/bus-conformance.ts'
import { carryTimers, listen, subscribeQueue } from './emulated-timers.ts'
import { type Emulator, startEmulator } from './emulator.ts'

/*
 * The bus, its timers and its dead letters on the emulator. There each function's place is taken by a queue that its rule fills and
 * a loop that empties it, since what delivers here is the test's own. Timers are carried (see emulated-timers.ts).
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
const open: OpenBus = async (routes: Record<string, EventPattern[]>, deliver) => {
  const name = `redeye-${randomUUID().slice(0, 8)}`
  await events.send(new CreateEventBusCommand({ Name: name }))
  await scheduler.send(new CreateScheduleGroupCommand({ Name: name }))
  const letterQueue = (await queues.send(new CreateQueueCommand({ QueueName: `${name}-letters` }))).QueueUrl!
  const letters = sqsDeadLetters(letterQueue, queues)
  const publisher = eventBridgeBus({ bus: name, client: events })
  const timers = schedulerTimers({
    group: name,
    role: `arn:aws:iam::${account}:role/${name}`,
    bus: name,
    region,
    deadLetters: letterQueue,
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
  for (const [target, patterns] of Object.entries(routes))
    urls.set(target, await subscribeQueue({ events, queues }, name, target, patterns))
  const stopTimers = await carryTimers({ events, queues }, name)
  const start = () =>
    [...urls].map(([target, url]) =>
      listen(queues, url, message => {
        const event = JSON.parse(message.Body!) as Envelope
        return handle(target, event, () => deliver(target, event))
      }),
    )
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
    close: async () => void (await Promise.all([stopTimers(), stopAll()])),
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
