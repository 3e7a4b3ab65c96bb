import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { mockClient } from 'aws-sdk-client-mock'
import { snsNotifier } from '../../shared/aws/notifier.ts'
import { refusals } from './sdk.ts'

const client = mockClient(SNSClient)
const topic = 'arn:aws:sns:eu-west-1:123456789012:redeye-dev'
const notifier = snsNotifier(topic, 'dev')
const said = () => client.commandCalls(PublishCommand).map(call => call.args[0].input)
beforeEach(() => {
  client.reset()
  client.on(PublishCommand).resolves({ MessageId: '1' })
})

test('an alert says what failed, why, and who waits', async () => {
  await notifier.alert({
    task: 'clean-orders',
    partition: '2001-02-14',
    generation: 3,
    error: { failure: 'user', code: 'BAD_ROW', message: '3 of 10 records do not fit' },
    waiting: ['report@2001-W07'],
  })
  expect(said()).toEqual([
    {
      TopicArn: topic,
      Subject: 'Redeye dev: clean-orders@2001-02-14 failed (user)',
      Message: `clean-orders@2001-02-14 failed in generation 3.
user, BAD_ROW: 3 of 10 records do not fit

Waiting on it:
report@2001-W07

To run it again: redeye request clean-orders --from 2001-02-14 --run failed`,
      MessageAttributes: {
        kind: { DataType: 'String', StringValue: 'alert' },
        stage: { DataType: 'String', StringValue: 'dev' },
        task: { DataType: 'String', StringValue: 'clean-orders' },
      },
    },
  ])
})

test('of very many who wait, fifty are named', async () => {
  const waiting = Array.from({ length: 1000 }, (_, i) => `report@${i}`)
  await notifier.alert({ task: 'a', partition: 'b', generation: 1, error: undefined, waiting })
  expect(said()[0]!.Message).toContain('and 950 more')
})

test('a notice says how to release the run and how to drop it', async () => {
  await notifier.notice({
    task: 'send',
    partition: '2001-02-14',
    run: { v: 1, dataset: 'sent', partition: '2001-02-14', generation: 1, attempt: 1 },
  })
  expect(said()[0]).toMatchObject({
    Subject: 'Redeye dev: send@2001-02-14 is held',
    Message: expect.stringContaining('redeye approve send@2001-02-14'),
  })
})

test('a subject is one short line of ASCII, as SNS takes it', async () => {
  await notifier.platform(`could not handle “${'é'.repeat(200)}”\nand more`)
  const { Subject, Message } = said()[0]!
  expect(Subject).toHaveLength(100)
  expect(Subject).toMatch(/^[\x20-\x7e]+$/)
  expect(Message).toContain('“é')
})

test.each(refusals)('%s', async (_, error, expected) => {
  client.on(PublishCommand).rejects(error)
  await expect(notifier.platform('x')).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining(`sns:Publish on ${topic}`),
  })
})
