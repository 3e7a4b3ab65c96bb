import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { mockClient } from 'aws-sdk-client-mock'
import type { Json } from '../../shared/core/schema.ts'
import type { Delivery } from '../../shared/ports/target.ts'
import { sqs } from '../../shared/targets/sqs.ts'
import { columns, deliveryOf, receiptsOf, things, timeoutsOf, unanswered, worldOf } from './delivery.ts'

const client = mockClient(SQSClient)
const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/things'
const target = sqs({ connection: 'THINGS' })
const waits: number[] = []
const saved: Json[] = []
const send = (rows: Record<string, unknown>[], more: Partial<Delivery> = {}, queue = url) =>
  receiptsOf(target, deliveryOf(rows, { world: worldOf({ THINGS: queue }, waits), saved, ...more }))
const requests = () => client.commandCalls(SendMessageBatchCommand).map(call => call.args[0].input)
const refusal = (name: string) => Object.assign(new Error('no'), { name })
beforeEach(() => {
  client.reset()
  client.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [] })
  waits.length = saved.length = 0
})

test('a row becomes a message that says whose it is', async () => {
  expect(await send(things(1), { generation: 2, attempt: 3 })).toEqual([
    { batch: 0, rows: 1, token: 'things@2001-02-14#1/b0', answer: 'sent' },
  ])
  const text = (StringValue: string) => ({ DataType: 'String', StringValue })
  expect(requests()).toEqual([
    {
      QueueUrl: url,
      Entries: [
        {
          Id: '0',
          MessageBody: '{"id":1,"name":"thing 1"}',
          MessageAttributes: {
            id: text('things@2001-02-14#1/[1]'),
            dataset: text('things'),
            partition: text('2001-02-14'),
            version: text('1'),
            generation: text('2'),
            attempt: text('3'),
          },
        },
      ],
    },
  ])
})

test('ten a request, and a receipt and a saved position for five hundred rows', async () => {
  expect((await send(things(1205))).map(r => r.rows)).toEqual([500, 500, 205])
  expect(requests()).toHaveLength(50 + 50 + 21)
  expect(saved).toHaveLength(3)
})

test('no request is larger than 256 KB', async () => {
  await send(things(5).map(row => ({ ...row, name: 'x'.repeat(100 * 1024) })))
  expect(requests().map(r => r.Entries!.length)).toEqual([2, 2, 1])
})

test('what an earlier attempt has sent is not sent again', async () => {
  await send(things(700))
  const position = saved[0]!
  client.resetHistory()
  expect((await send(things(700), { attempt: 2, position })).map(r => r.answer)).toEqual(['sent before', 'sent'])
  expect(requests()).toHaveLength(20)
})

test('a FIFO queue keeps partitions in order and drops what comes twice', async () => {
  await send(things(2), {}, `${url}.fifo`)
  const [first, second] = requests()[0]!.Entries!
  expect(first).toMatchObject({ MessageGroupId: 'things@2001-02-14', MessageDeduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(second!.MessageDeduplicationId).not.toBe(first!.MessageDeduplicationId)
  client.resetHistory()
  await send(things(1), { generation: 7, attempt: 2 }, `${url}.fifo`)
  expect(requests()[0]!.Entries![0]!.MessageDeduplicationId).toBe(first!.MessageDeduplicationId)
})

test('rows of one key are refused, and none of their batch is sent', async () => {
  await expect(send([...things(2), { id: 2, name: 'another' }])).rejects.toMatchObject({ code: 'BAD_TARGET' })
  expect(requests()).toEqual([])
})

test('of a request that was taken in part only the rest is sent again', async () => {
  client
    .on(SendMessageBatchCommand)
    .resolvesOnce({ Successful: [], Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] })
    .resolves({ Successful: [], Failed: [] })
  await send(things(3))
  expect(requests().map(r => r.Entries!.map(e => e.MessageBody))).toEqual([expect.any(Array), ['{"id":2,"name":"thing 2"}']])
  expect(waits).toEqual([1000])
})

test('a queue that stays busy is a passing trouble', async () => {
  client.on(SendMessageBatchCommand).rejects(refusal('ThrottlingException'))
  await expect(send(things(1))).rejects.toMatchObject({
    code: 'TARGET_UNAVAILABLE',
    failure: 'transient',
    message: expect.stringContaining('things@2001-02-14#1/[1]'),
  })
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000])
  expect(saved).toEqual([])
})

test.each([
  ['what the sender does wrong', { Failed: [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }] }, 'BAD_TARGET'],
  ['a missing permission', refusal('AccessDenied'), 'BAD_CREDENTIAL'],
  ['a queue that is not there', refusal('QueueDoesNotExist'), 'BAD_TARGET'],
])('%s is not tried again', async (_, answer, code) => {
  if (answer instanceof Error) client.on(SendMessageBatchCommand).rejects(answer)
  else client.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: answer.Failed })
  await expect(send(things(1))).rejects.toMatchObject({ code, failure: 'user' })
  expect(requests()).toHaveLength(1)
})

describe('of a FIFO queue the messages stay in order', () => {
  const ids = (entries: { MessageBody?: string | undefined }[]) => entries.map(entry => JSON.parse(entry.MessageBody!).id as number)
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  test('though requests are refused, and one that came later would have been taken', async () => {
    const taken: number[] = []
    let [coming, busy, requests] = [0, 0, 0]
    client.on(SendMessageBatchCommand).callsFake(async ({ Entries: entries }) => {
      busy = Math.max(busy, ++coming)
      await new Promise(resolve => setImmediate(resolve))
      coming--
      if (++requests % 3 === 0) throw refusal('ThrottlingException')
      taken.push(...ids(entries))
      return { Successful: [], Failed: [] }
    })
    await send(things(105), {}, `${url}.fifo`)
    expect(taken).toEqual(numbers(1, 105))
    expect(busy).toBe(1)
  })

  test('after the first message that was refused none is sent before it is sent again', async () => {
    client
      .on(SendMessageBatchCommand)
      .resolvesOnce({ Successful: [], Failed: [] })
      .resolvesOnce({ Successful: [], Failed: ['8', '4'].map(Id => ({ Id, Code: 'InternalError', SenderFault: false })) })
      .resolves({ Successful: [], Failed: [] })
    await send(things(33), {}, `${url}.fifo`)
    expect(requests().map(r => ids(r.Entries!))).toEqual([numbers(1, 10), numbers(11, 20), [15, 19], numbers(21, 30), numbers(31, 33)])
    expect(waits).toEqual([1000])
  })
})

test.each([
  ['a request without an answer', Object.assign(new Error('the request socket timed out'), { name: 'TimeoutError' })],
  ['a connection that does not come', Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' })],
  ['a connection that breaks', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ['a name that cannot be looked up now', Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' })],
])('%s is a passing trouble, and tried again', async (_, error) => {
  client.on(SendMessageBatchCommand).rejectsOnce(error).resolves({ Successful: [], Failed: [] })
  await send(things(1))
  expect(requests()).toHaveLength(2)
  client.on(SendMessageBatchCommand).rejects(error)
  await expect(send(things(1))).rejects.toMatchObject({
    code: 'TARGET_UNAVAILABLE',
    failure: 'transient',
    message: expect.stringContaining(error.message),
  })
})

test('a silent connection is given up after some seconds', async () => {
  await send(things(1))
  const { connectionTimeout, socketTimeout } = await timeoutsOf(client.commandCalls(SendMessageBatchCommand)[0]!.thisValue)
  for (const timeout of [connectionTimeout!, socketTimeout!]) expect(timeout > 0 && timeout <= 30_000).toBe(true)
})

test('an attempt that ends while it sends ends its request too, and says why it ended', async () => {
  const attempt = new AbortController()
  client.on(SendMessageBatchCommand).callsFake(() => {
    const answer = unanswered(client.commandCalls(SendMessageBatchCommand)[0]!)
    attempt.abort(new Error('over'))
    return answer
  })
  await expect(send(things(1), { signal: attempt.signal })).rejects.toThrow('over')
  expect(requests()).toHaveLength(1)
})

test('a setting that is no URL, and a row without its key', async () => {
  await expect(send(things(1), {}, 'things')).rejects.toMatchObject({ code: 'BAD_TARGET', message: expect.stringContaining('THINGS') })
  await expect(send([{ id: null, name: 'nobody' }])).rejects.toMatchObject({
    code: 'BAD_TARGET',
    message: expect.stringContaining('no id'),
  })
})

test('an attempt that has ended sends nothing', async () => {
  const signal = AbortSignal.abort(new Error('over'))
  await expect(send(things(1), { signal })).rejects.toThrow('over')
  expect(requests()).toEqual([])
})

test('faults name what is wrong with the options', () => {
  expect(target.faults(columns, ['id'])).toEqual([])
  expect(sqs({ connection: '' }).faults(columns, [])).toHaveLength(2)
  expect(target.secrets).toEqual(['THINGS'])
})

test('a name that is no option is a fault', () => {
  expect(sqs({ connection: 'THINGS', queue: 'things' } as { connection: string }).faults(columns, ['id'])).toEqual([
    'sqs has no option "queue"; choose from connection',
  ])
})
