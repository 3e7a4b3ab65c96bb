import { type EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { type Envelope, type EventPattern, SOURCE } from '../../shared/core/events.ts'

// A message that was not handled comes again so soon; Lambda waits a minute.
const AGAIN_SECONDS = 1

export interface Clients {
  events: EventBridgeClient
  queues: SQSClient
}

/** A rule for each pattern, and a queue that they fill; resolves with its URL. */
export async function subscribeQueue(
  { events, queues }: Clients,
  bus: string,
  name: string,
  patterns: readonly (EventPattern | object)[],
): Promise<string> {
  const created = await queues.send(new CreateQueueCommand({ QueueName: `${bus}-${name}`, Attributes: { VisibilityTimeout: '5' } }))
  const url = created.QueueUrl!
  const { Attributes } = await queues.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }))
  for (const [i, pattern] of patterns.entries()) {
    const rule = `${name}-${i}`
    await events.send(new PutRuleCommand({ Name: rule, EventBusName: bus, EventPattern: JSON.stringify(pattern) }))
    await events.send(new PutTargetsCommand({ Rule: rule, EventBusName: bus, Targets: [{ Id: 'queue', Arn: Attributes!.QueueArn! }] }))
  }
  return url
}

/** Takes messages off a queue until it is stopped; what is not handled comes again. */
export function listen(queues: SQSClient, url: string, handle: (message: Message) => Promise<void>): () => Promise<void> {
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

/**
 * Makes timers arrive on an emulated bus. There a schedule's event comes as `aws.scheduler`/`Scheduled Event`, whatever its
 * EventBridgeParameters say; a rule takes it to a queue, from which it is published under the type that the schedule's name begins with.
 * Resolves with what ends it.
 *
 * @example
 * const stop = await carryTimers({ events, queues }, 'redeye-acceptance')
 */
export async function carryTimers(clients: Clients, bus: string): Promise<() => Promise<void>> {
  const url = await subscribeQueue(clients, bus, 'timers', [{ source: ['aws.scheduler'] }])
  return listen(clients.queues, url, async message => {
    const { resources, detail } = JSON.parse(message.Body!) as Envelope
    const type = resources[0]!.split('/').at(-1)!.split('-')[0]!
    await clients.events.send(
      new PutEventsCommand({ Entries: [{ EventBusName: bus, Source: SOURCE, DetailType: type, Detail: JSON.stringify(detail) }] }),
    )
  })
}
