import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns'
import { mockClient } from 'aws-sdk-client-mock'
import type { Delivery } from '../../shared/ports/target.ts'
import { sns } from '../../shared/targets/sns.ts'
import { columns, deliveryOf, receiptsOf, things, timeoutsOf, unanswered, worldOf } from './delivery.ts'

const client = mockClient(SNSClient)
const arn = 'arn:aws:sns:eu-west-1:123456789012:things'
const target = sns({ connection: 'THINGS' })
const waits: number[] = []
const send = (rows: Record<string, unknown>[], more: Partial<Delivery> = {}, topic = arn) =>
  receiptsOf(target, deliveryOf(rows, { world: worldOf({ THINGS: topic }, waits), ...more }))
const refusal = (name: string) => Object.assign(new Error('no'), { name })
const requests = () => client.commandCalls(PublishBatchCommand).map(call => call.args[0].input)
beforeEach(() => {
  client.reset()
  client.on(PublishBatchCommand).resolves({ Successful: [], Failed: [] })
  waits.length = 0
})

test('a row becomes a message of the topic', async () => {
  expect(await send(things(12))).toEqual([{ batch: 0, rows: 12, token: 'things@2001-02-14#1/b0', answer: 'sent' }])
  expect(requests().map(r => r.PublishBatchRequestEntries!.length)).toEqual([10, 2])
  expect(requests()[0]!.TopicArn).toBe(arn)
  expect(requests()[0]!.PublishBatchRequestEntries![0]).toMatchObject({
    Id: '0',
    Message: '{"id":1,"name":"thing 1"}',
    MessageAttributes: { id: { DataType: 'String', StringValue: 'things@2001-02-14#1/[1]' } },
  })
})

test('a FIFO topic gets group and id', async () => {
  await send(things(1), {}, `${arn}.fifo`)
  expect(requests()[0]!.PublishBatchRequestEntries![0]).toMatchObject({
    MessageGroupId: 'things@2001-02-14',
    MessageDeduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})

test('what was not taken is sent again; a missing permission is told', async () => {
  client
    .on(PublishBatchCommand)
    .resolvesOnce({ Successful: [], Failed: [{ Id: '0', Code: 'InternalFailure', SenderFault: false }] })
    .resolves({ Successful: [], Failed: [] })
  await send(things(2))
  expect(requests().map(r => r.PublishBatchRequestEntries!.length)).toEqual([2, 1])
  client.on(PublishBatchCommand).rejects(Object.assign(new Error('no'), { name: 'AuthorizationErrorException' }))
  await expect(send(things(1))).rejects.toMatchObject({ code: 'BAD_CREDENTIAL', remedy: expect.stringContaining('allow sns:Publish') })
})

describe('of a FIFO topic the messages stay in order', () => {
  const ids = (entries: { Message?: string | undefined }[]) => entries.map(entry => JSON.parse(entry.Message!).id as number)
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  test('though requests are refused, and one that came later would have been taken', async () => {
    const taken: number[] = []
    let [coming, busy, requests] = [0, 0, 0]
    client.on(PublishBatchCommand).callsFake(async ({ PublishBatchRequestEntries: entries }) => {
      busy = Math.max(busy, ++coming)
      await new Promise(resolve => setImmediate(resolve))
      coming--
      if (++requests % 3 === 0) throw refusal('ThrottlingException')
      taken.push(...ids(entries))
      return { Successful: [], Failed: [] }
    })
    await send(things(105), {}, `${arn}.fifo`)
    expect(taken).toEqual(numbers(1, 105))
    expect(busy).toBe(1)
  })

  test('after the first message that was refused none is sent before it is sent again', async () => {
    client
      .on(PublishBatchCommand)
      .resolvesOnce({ Successful: [], Failed: [] })
      .resolvesOnce({ Successful: [], Failed: ['8', '4'].map(Id => ({ Id, Code: 'InternalError', SenderFault: false })) })
      .resolves({ Successful: [], Failed: [] })
    await send(things(33), {}, `${arn}.fifo`)
    expect(requests().map(r => ids(r.PublishBatchRequestEntries!))).toEqual([
      numbers(1, 10),
      numbers(11, 20),
      [15, 19],
      numbers(21, 30),
      numbers(31, 33),
    ])
    expect(waits).toEqual([1000])
  })
})

test.each([
  ['a request without an answer', Object.assign(new Error('the request socket timed out'), { name: 'TimeoutError' })],
  ['a connection that does not come', Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' })],
  ['a connection that breaks', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ['a name that cannot be looked up now', Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' })],
])('%s is a passing trouble, and tried again', async (_, error) => {
  client.on(PublishBatchCommand).rejectsOnce(error).resolves({ Successful: [], Failed: [] })
  await send(things(1))
  expect(requests()).toHaveLength(2)
  client.on(PublishBatchCommand).rejects(error)
  await expect(send(things(1))).rejects.toMatchObject({
    code: 'TARGET_UNAVAILABLE',
    failure: 'transient',
    message: expect.stringContaining(error.message),
  })
})

test('a silent connection is given up after some seconds', async () => {
  await send(things(1))
  const { connectionTimeout, socketTimeout } = await timeoutsOf(client.commandCalls(PublishBatchCommand)[0]!.thisValue)
  for (const timeout of [connectionTimeout!, socketTimeout!]) expect(timeout > 0 && timeout <= 30_000).toBe(true)
})

test('an attempt that ends while it sends ends its request too, and says why it ended', async () => {
  const attempt = new AbortController()
  client.on(PublishBatchCommand).callsFake(() => {
    const answer = unanswered(client.commandCalls(PublishBatchCommand)[0]!)
    attempt.abort(new Error('over'))
    return answer
  })
  await expect(send(things(1), { signal: attempt.signal })).rejects.toThrow('over')
  expect(requests()).toHaveLength(1)
})

test('a setting that is no ARN', async () => {
  await expect(send(things(1), {}, 'things')).rejects.toMatchObject({ code: 'BAD_TARGET', message: expect.stringContaining('THINGS') })
})

test('faults name what is wrong with the options', () => {
  expect(target.faults(columns, ['id'])).toEqual([])
  expect(sns({ connection: '' }).faults(columns, [])).toHaveLength(2)
})

test('a name that is no option is a fault', () => {
  expect(sns({ connection: 'THINGS', topic: 'things' } as { connection: string }).faults(columns, ['id'])).toEqual([
    'sns has no option "topic"; choose from connection',
  ])
})
