import type { SNSClient } from '@aws-sdk/client-sns'
import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { clientOptions, deliverMessages, type MessageService, messageFaults, type RowMessage, shortId } from './messages.ts'

export interface SnsOptions {
  /** The name of the setting that holds the topic's ARN. */
  connection: string
}

/**
 * Publishes a partition's rows to an SNS topic, a message a row. The attribute `id` is made of version and key and stays the same however often
 * the row is sent: a FIFO topic drops a second one within five minutes (groups are partitions), another's receivers keep the ids they have had.
 *
 * @example
 * sns({ connection: 'PRICE_TOPIC' })
 */
export function sns(options: SnsOptions): Target {
  return {
    target: 'sns',
    describe: () => `SNS topic ${options.connection}`,
    secrets: [options.connection],
    faults: (_, key) => optionFaults('sns', options, { connection: true }, () => messageFaults('sns', options.connection, key)),
    deliver: delivery => deliver(options, delivery),
  }
}

async function* deliver({ connection }: SnsOptions, delivery: Delivery): AsyncIterable<Receipt> {
  const arn = (await delivery.world.secret(connection)).trim()
  const region = /^arn:[a-z-]+:sns:([a-z0-9-]+):/.exec(arn)?.[1]
  if (region === undefined)
    throw new RedeyeError('BAD_TARGET', `the setting ${connection} is no topic’s ARN`, {
      remedy: `set ${connection} to something like arn:aws:sns:eu-west-1:123456789012:prices`,
    })
  // The client is loaded only where rows are sent.
  const { SNSClient } = await import('@aws-sdk/client-sns')
  const client = new SNSClient({ ...clientOptions, region })
  try {
    const fifo = arn.endsWith('.fifo')
    const send = await sender(client, arn, fifo)
    yield* deliverMessages({ name: connection, action: 'sns:Publish', fifo, send }, delivery)
  } finally {
    client.destroy()
  }
}

async function sender(client: SNSClient, arn: string, fifo: boolean): Promise<MessageService['send']> {
  const { PublishBatchCommand } = await import('@aws-sdk/client-sns')
  return async (messages, abortSignal) => {
    const entries = messages.map((message, i) => entryOf(message, i, fifo))
    const { Failed = [] } = await client.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries: entries }), {
      abortSignal,
    })
    return Failed.map(({ Id, Code, Message, SenderFault }) => ({
      message: messages[Number(Id)]!,
      reason: [Code, Message].filter(Boolean).join(': '),
      senders: SenderFault === true,
    }))
  }
}

const entryOf = (message: RowMessage, i: number, fifo: boolean) => ({
  Id: String(i),
  Message: message.body,
  MessageAttributes: Object.fromEntries(
    Object.entries({ ...message.attributes, id: message.id }).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  ),
  ...(fifo && { MessageGroupId: message.group, MessageDeduplicationId: shortId(message.id) }),
})
