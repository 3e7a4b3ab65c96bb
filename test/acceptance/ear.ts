import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { names } from '../../shared/aws/deploy/names.ts'
import { type Envelope, SOURCE } from '../../shared/core/events.ts'
import type { Clients } from './stage.ts'

/** Every event of a stage's bus, as it was delivered, in order of arrival. */
export interface Ear {
  heard(): Promise<Envelope[]>
}

/** Listens to a stage's bus, by a rule and a queue of its own. */
export async function listen({ events, sqs }: Clients, stage: string): Promise<Ear> {
  const name = `${names.bus(stage)}-ear`
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  const rule = { EventBusName: names.bus(stage), Rule: name }
  await events.send(new PutRuleCommand({ EventBusName: rule.EventBusName, Name: name, EventPattern: JSON.stringify({ source: [SOURCE] }) }))
  await events.send(new PutTargetsCommand({ ...rule, Targets: [{ Id: 'ear', Arn: Attributes!.QueueArn! }] }))
  const heard = new Map<string, Envelope>()
  return {
    async heard() {
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
        if (Messages.length === 0) return [...heard.values()]
        for (const { Body } of Messages) {
          const event = JSON.parse(Body!) as Envelope
          heard.set(event.id, event)
        }
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle: ReceiptHandle! }))
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
      }
    },
  }
}
