import type { SQSClient } from '@aws-sdk/client-sqs'
import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { clientOptions, deliverMessages, type MessageService, messageFaults, type RowMessage, shortId } from './messages.ts'

export interface SqsOptions {
  /** The name of the setting that holds the queue's URL. */
  connection: string
}

/**
 * Sends a partition's rows to an SQS queue, a message a row. The attribute `id` is made of version and key and stays the same however often
 * the row is sent: a FIFO queue drops a second one within five minutes (groups are partitions), another's receiver keeps the ids it has had.
 * The attributes `generation` and `attempt` are the sender's, for receivers that refuse older ones.
 *
 * @example
 * sqs({ connection: 'MARKETING_QUEUE' })
 */
export function sqs(options: SqsOptions): Target {
  return {
    target: 'sqs',
    describe: () => `SQS queue ${options.connection}`,
    secrets: [options.connection],
    faults: (_, key) => optionFaults('sqs', options, { connection: true }, () => messageFaults('sqs', options.connection, key)),
    deliver: delivery => deliver(options, delivery),
  }
}

async function* deliver({ connection }: SqsOptions, delivery: Delivery): AsyncIterable<Receipt> {
  const url = (await delivery.world.secret(connection)).trim()
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new RedeyeError('BAD_TARGET', `the setting ${connection} is no queue’s URL`, {
      remedy: `set ${connection} to something like https://sqs.eu-west-1.amazonaws.com/123456789012/sessions`,
    })
  // The client is loaded only where rows are sent.
  const { SQSClient } = await import('@aws-sdk/client-sqs')
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(url)?.[1]
  const client = new SQSClient({ ...clientOptions, ...(region && { region }) })
  try {
    const fifo = url.endsWith('.fifo')
    const send = await sender(client, url, fifo)
    yield* deliverMessages({ name: connection, action: 'sqs:SendMessage', fifo, send }, delivery)
  } finally {
    client.destroy()
  }
}

async function sender(client: SQSClient, url: string, fifo: boolean): Promise<MessageService['send']> {
  const { SendMessageBatchCommand } = await import('@aws-sdk/client-sqs')
  return async (messages, abortSignal) => {
    const entries = messages.map((message, i) => entryOf(message, i, fifo))
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }), { abortSignal })
    return Failed.map(({ Id, Code, Message, SenderFault }) => ({
      message: messages[Number(Id)]!,
      reason: [Code, Message].filter(Boolean).join(': '),
      senders: SenderFault === true,
    }))
  }
}

const entryOf = (message: RowMessage, i: number, fifo: boolean) => ({
  Id: String(i),
  MessageBody: message.body,
  MessageAttributes: Object.fromEntries(
    Object.entries({ ...message.attributes, id: message.id }).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  ),
  ...(fifo && { MessageGroupId: message.group, MessageDeduplicationId: shortId(message.id) }),
})
