import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { runName } from '../core/run.ts'
import type { Notifier } from '../ports/notifier.ts'
import { awsFailure, sdkOptions } from './sdk.ts'

// What SNS takes of a subject; it must be ASCII without line breaks.
const SUBJECT = 100
// A mail with more names than this helps nobody.
const NAMES = 50

/** Tells people by an SNS topic: an alert, a notice and the platform's messages carry `kind` and `task` as attributes, to filter by. */
export function snsNotifier(topic: string, stage: string, client: SNSClient = new SNSClient(sdkOptions)): Notifier {
  async function tell(kind: string, subject: string, lines: readonly string[], task?: string): Promise<void> {
    const attribute = (value: string) => ({ DataType: 'String', StringValue: value })
    try {
      await client.send(
        new PublishCommand({
          TopicArn: topic,
          Subject: subjectOf(`Redeye ${stage}: ${subject}`),
          Message: lines.join('\n'),
          MessageAttributes: { kind: attribute(kind), stage: attribute(stage), ...(task !== undefined && { task: attribute(task) }) },
        }),
      )
    } catch (cause) {
      throw awsFailure(cause, { action: 'sns:Publish', resource: topic })
    }
  }
  return {
    alert({ task, partition, generation, error, waiting }) {
      const name = runName(task, partition)
      return tell(
        'alert',
        `${name} failed${error ? ` (${error.failure})` : ''}`,
        [
          `${name} failed in generation ${generation}.`,
          ...(error ? [`${error.failure}${error.code ? `, ${error.code}` : ''}: ${error.message}`] : []),
          ...(waiting.length > 0 ? ['', 'Waiting on it:', ...shortened(waiting)] : []),
          '',
          `To run it again: redeye request ${task} --from ${partition} --run failed`,
        ],
        task,
      )
    },
    notice({ task, partition }) {
      const name = runName(task, partition)
      const lines = [`${name} is held: an input has a new version.`, '', `redeye approve ${name}`, `redeye cancel ${name}`]
      return tell('notice', `${name} is held`, lines, task)
    },
    platform: message => tell('platform', message, [message]),
  }
}

const shortened = (names: readonly string[]) =>
  names.length <= NAMES ? [...names] : [...names.slice(0, NAMES), `and ${names.length - NAMES} more`]

function subjectOf(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll(/[^\x20-\x7e]/g, '?')
  return plain.length <= SUBJECT ? plain : `${plain.slice(0, SUBJECT - 3)}...`
}
