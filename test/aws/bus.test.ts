import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { mockClient } from 'aws-sdk-client-mock'
import { batchesOf, eventBridgeBus } from '../../shared/aws/bus.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import { refusals, sdkError } from './sdk.ts'

const client = mockClient(EventBridgeClient)
const waits: number[] = []
const bus = eventBridgeBus({ bus: 'redeye-dev', sleep: async ms => waits.push(ms), chance: () => 0.5 })
const due = (n: number): NewEvent => ({ type: 'RunDue', detail: { task: 'clean-orders', partition: String(n) } })
const many = (n: number) => Array.from({ length: n }, (_, i) => due(i))
const requests = () => client.commandCalls(PutEventsCommand).map(call => call.args[0].input.Entries!)
/** Takes all but the entries that `refuse` names. */
const answering = (refuse: (partition: string, call: number) => string | undefined) => {
  let calls = 0
  client.on(PutEventsCommand).callsFake(({ Entries }: { Entries: { Detail: string }[] }) => {
    const call = calls++
    const answers = Entries.map(({ Detail }, i) => {
      const code = refuse(JSON.parse(Detail).partition, call)
      return code ? { ErrorCode: code, ErrorMessage: 'no' } : { EventId: String(i) }
    })
    return { FailedEntryCount: answers.filter(a => 'ErrorCode' in a).length, Entries: answers }
  })
}
beforeEach(() => {
  client.reset()
  waits.length = 0
  answering(() => undefined)
})

test('an event is an entry: bus, source, type and detail', async () => {
  await bus.publish([due(1)])
  expect(requests()).toEqual([
    [{ EventBusName: 'redeye-dev', Source: 'redeye', DetailType: 'RunDue', Detail: '{"task":"clean-orders","partition":"1"}' }],
  ])
})

test('no events are no request', async () => {
  await bus.publish([])
  expect(requests()).toEqual([])
})

test('ten a request, and none lost', async () => {
  await bus.publish(many(123))
  expect(requests().map(r => r.length)).toEqual([...Array(12).fill(10), 3])
  expect(new Set(requests().flatMap(r => r.map(e => e.Detail))).size).toBe(123)
})

test('no request is larger than 256 KB', () => {
  const entry = { Source: 'redeye', DetailType: 'RunRequested', Detail: 'x'.repeat(100 * 1024) }
  expect(batchesOf([entry, entry, entry, entry, entry]).map(b => b.length)).toEqual([2, 2, 1])
})

test('an event that no request takes is refused before anything is sent', async () => {
  const tasks = Array.from({ length: 10_000 }, (_, i) => `a-task-with-a-long-name-${i}`)
  await expect(bus.publish([due(1), { type: 'RunRequested', detail: { tasks, from: '2001', to: '2001' } }])).rejects.toMatchObject({
    code: 'BAD_EVENT',
    message: expect.stringMatching(/RunRequested has \d+ bytes/),
  })
  expect(requests()).toEqual([])
})

test('of a batch that was taken in part, the rest is sent again, and only the rest', async () => {
  answering((partition, call) => (call === 0 && ['3', '7'].includes(partition) ? 'ThrottlingException' : undefined))
  await bus.publish(many(10))
  expect(requests().map(r => r.map(e => JSON.parse(e.Detail!).partition))).toEqual([
    Array.from({ length: 10 }, (_, i) => String(i)),
    ['3', '7'],
  ])
  expect(waits).toEqual([50])
})

test('what is refused again and again is named', async () => {
  answering(partition => (partition === '3' ? 'InternalFailure' : undefined))
  await expect(bus.publish(many(10))).rejects.toMatchObject({
    code: 'AWS_FAILED',
    failure: 'transient',
    message: expect.stringMatching(/event-bus\/redeye-dev did not take RunDue .*"3".*InternalFailure: no, 6 times/),
  })
  expect(requests()).toHaveLength(6)
  expect(waits).toEqual([50, 100, 200, 400, 800])
})

test('what is not allowed is not tried again', async () => {
  answering(() => 'NotAuthorizedForSourceException')
  await expect(bus.publish(many(3))).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringContaining('and 2 more'),
    remedy: expect.stringContaining('allow events:PutEvents'),
  })
  expect(requests()).toHaveLength(1)
})

test('an entry without an answer was not taken', async () => {
  client
    .on(PutEventsCommand)
    .resolvesOnce({ Entries: [] })
    .resolves({ Entries: [{ EventId: '1' }] })
  await bus.publish([due(1)])
  expect(requests()).toHaveLength(2)
})

test.each(refusals)('%s', async (_, error, expected) => {
  client.on(PutEventsCommand).rejects(error)
  await expect(bus.publish([due(1)])).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining('events:PutEvents on event-bus/redeye-dev'),
  })
})

test('a request that failed does not keep the others from being finished', async () => {
  let finished = 0
  client.on(PutEventsCommand).callsFake(async ({ Entries }: { Entries: unknown[] }) => {
    if (Entries.length < 10) throw sdkError('TimeoutError')
    await new Promise(resolve => setTimeout(resolve, 5))
    finished++
    return { Entries: Entries.map(() => ({ EventId: '1' })) }
  })
  await expect(bus.publish(many(21))).rejects.toMatchObject({ code: 'AWS_FAILED' })
  expect(finished).toBe(2)
})
