import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { jest } from '@jest/globals'
import { mockClient } from 'aws-sdk-client-mock'
import { letterOf, sqsDeadLetters } from '../../shared/aws/dead-letters.ts'
import { StageModel } from './lambda-model-world.ts'
import { refusals } from './sdk.ts'

const client = mockClient(SQSClient)
const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/redeye-dev-dead-letters'
const letters = sqsDeadLetters(url)
const event = { id: '1', 'detail-type': 'RunDue', detail: { task: 'a', partition: 'poison' } }
const sent = () => JSON.parse(client.commandCalls(SendMessageCommand)[0]!.args[0].input.MessageBody!)
beforeEach(() => {
  client.reset()
  client.on(SendMessageCommand).resolves({})
  client.on(ReceiveMessageCommand).resolves({ Messages: [] })
  client.on(DeleteMessageBatchCommand).resolves({})
  client.on(ChangeMessageVisibilityBatchCommand).resolves({})
})

test('a letter is a message with function, reason and the original', async () => {
  await letters.put({ function: 'clean-orders', reason: 'BAD_PARTITION: "poison" is no partition', event })
  expect(client.commandCalls(SendMessageCommand)[0]!.args[0].input.QueueUrl).toBe(url)
  expect(sent()).toEqual({ function: 'clean-orders', reason: 'BAD_PARTITION: "poison" is no partition', event })
})

test.each([['x'], ['"'], ['é'], ['\u0001'], ['🛫']])('an event that is too large is cut, and fits: %j', async letter => {
  await letters.put({ function: 'a', reason: 'r'.repeat(10_000), event: letter.repeat(300_000) })
  const body = client.commandCalls(SendMessageCommand)[0]!.args[0].input.MessageBody!
  expect(Buffer.byteLength(body)).toBeLessThan(256 * 1024)
  expect(sent()).toMatchObject({ function: 'a', cut: expect.any(String) })
})

const message = (id: string, at: number) => ({
  MessageId: id,
  ReceiptHandle: `receipt ${id}`,
  Attributes: { SentTimestamp: String(at) },
  Body: JSON.stringify({ function: 'a', reason: 'b', event }),
})

test('all are taken, the oldest first, however they come', async () => {
  client
    .on(ReceiveMessageCommand)
    .resolvesOnce({ Messages: [message('2', 20), message('3', 30)] })
    .resolvesOnce({ Messages: [] })
    .resolvesOnce({ Messages: [message('1', 10)] })
    .resolves({})
  expect((await letters.take()).map(l => l.id)).toEqual(['1', '2', '3'])
  expect(client.commandCalls(ReceiveMessageCommand)[0]!.args[0].input).toEqual({
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 120,
    WaitTimeSeconds: 0,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['SentTimestamp'],
  })
})

test('they are given back, or removed, ten a request', async () => {
  const held = Array.from({ length: 23 }, (_, i) => letterOf(message(String(i), i)))
  await letters.giveBack(held)
  await letters.remove(held)
  const back = client.commandCalls(ChangeMessageVisibilityBatchCommand).map(c => c.args[0].input.Entries!)
  expect(back.map(b => b.length)).toEqual([10, 10, 3])
  expect(back[0]![0]).toEqual({ Id: '0', ReceiptHandle: 'receipt 0', VisibilityTimeout: 0 })
  const removed = client.commandCalls(DeleteMessageBatchCommand).map(c => c.args[0].input.Entries!)
  expect(removed.flat().map(e => e.ReceiptHandle)).toEqual(held.map(h => h.receipt))
})

test('one that could not be removed is told', async () => {
  client.on(DeleteMessageBatchCommand).resolves({ Successful: [], Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }] })
  await expect(letters.remove([letterOf(message('1', 1))])).rejects.toMatchObject({
    code: 'AWS_FAILED',
    message: expect.stringContaining('InternalError'),
  })
})

test('what Lambda put there after its last try', () => {
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue })
  const own = { MessageId: '1', ReceiptHandle: 'r', Attributes: { SentTimestamp: '5' }, Body: JSON.stringify(event) }
  expect(letterOf({ ...own, MessageAttributes: { ErrorMessage: attribute('timed out'), RequestID: attribute('x') } })).toEqual({
    id: '1',
    at: 5,
    receipt: 'r',
    function: 'unknown',
    reason: 'timed out',
    event,
  })
})

test('what a rule or a schedule put there', () => {
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue })
  const own = { MessageId: '1', ReceiptHandle: 'r', Body: JSON.stringify(event) }
  const attributes = {
    TARGET_ARN: attribute('arn:aws:lambda:eu-west-1:1:function:redeye-dev-a-decide'),
    ERROR_CODE: attribute('NO_PERMISSIONS'),
    ERROR_MESSAGE: attribute('not allowed'),
  }
  expect(letterOf({ ...own, MessageAttributes: attributes })).toMatchObject({
    function: 'redeye-dev-a-decide',
    reason: 'NO_PERMISSIONS: not allowed',
  })
  expect(letterOf({ ...own, Body: 'no JSON' })).toMatchObject({
    function: 'unknown',
    event: 'no JSON',
    reason: expect.stringContaining('nothing'),
  })
})

describe('what a stage leaves there that Lambda gives up on', () => {
  const day = '2026-03-02'
  let stage: StageModel
  const read = (record: unknown) => letterOf({ MessageId: '1', ReceiptHandle: 'r', Body: JSON.stringify(record) })
  beforeEach(async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {})
    stage = new StageModel()
    await stage.register()
  })
  afterEach(() => {
    stage.close()
    jest.restoreAllMocks()
  })

  test('an event that no try could handle, with what the function said', async () => {
    stage.lambda.meet('cleaning-decide', ...Array.from({ length: 3 }, () => ({ fault: 'throws', error: new TypeError('unwell') }) as const))
    await stage.deliver(day)
    await stage.minutes(10)
    expect(read(stage.letters[0])).toMatchObject({
      function: 'cleaning-decide',
      reason: 'TypeError: unwell',
      event: { source: 'redeye', 'detail-type': 'DatasetReady', detail: { dataset: 'orders', partition: day } },
    })
  })

  test('an event whose function was killed, or ran out of time, with what Lambda said', async () => {
    stage.lambda.meet('cleaning-decide', { fault: 'killed' }, { fault: 'killed' }, { fault: 'timed out' })
    await stage.deliver(day)
    await stage.minutes(10)
    expect(read(stage.letters[0]).reason).toMatch(/^Sandbox.Timedout: .*Task timed out after 900/)
  })

  test('an event that never reached its function', async () => {
    stage.lambda.meet('cleaning-decide', ...Array.from({ length: 200 }, () => ({ fault: 'throttled' }) as const))
    await stage.deliver(day)
    await stage.minutes(7 * 60)
    expect(read(stage.letters[0])).toMatchObject({
      function: 'cleaning-decide',
      reason: 'EventAgeExceeded after 0 invocations',
      event: { 'detail-type': 'DatasetReady' },
    })
  })

  test('a place in the ledger’s stream', async () => {
    stage.refuses = event => event.type === 'DatasetReady'
    await stage.deliver(day)
    await stage.minutes(60)
    const record = stage.stream.givenUp[0]!
    const { startSequenceNumber, approximateArrivalOfFirstRecord, shardId } = record.DDBStreamBatchInfo
    expect(read(record)).toMatchObject({
      function: 'platform-relay',
      reason: `RetryAttemptsExhausted after 11 invocations: nobody was told of 1 change of the ledger since ${approximateArrivalOfFirstRecord}, ${startSequenceNumber} in ${shardId}`,
      event: record,
    })
    const two = { ...record, DDBStreamBatchInfo: { ...record.DDBStreamBatchInfo, endSequenceNumber: '9', batchSize: 2 } }
    expect(read(two).reason).toContain(`2 changes of the ledger since ${approximateArrivalOfFirstRecord}, ${startSequenceNumber} to 9 in `)
  })
})

describe.each([
  ['sqs:SendMessage', () => letters.put({ function: 'a', reason: 'b', event })],
  ['sqs:ReceiveMessage', () => letters.take()],
  ['sqs:ChangeMessageVisibility', () => letters.giveBack([letterOf(message('1', 1))])],
  ['sqs:DeleteMessage', () => letters.remove([letterOf(message('1', 1))])],
])('%s', (action, ask) => {
  test.each(refusals)('%s', async (_, error, expected) => {
    client.reset()
    client.onAnyCommand().rejects(error)
    await expect(ask()).rejects.toMatchObject({
      code: 'AWS_FAILED',
      ...expected,
      message: expect.stringContaining(`${action} on ${url}`),
    })
    expect(client.calls()).toHaveLength(1)
  })
})
