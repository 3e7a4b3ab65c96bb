import { names, stageOfAccount } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { allow, arn, att, iamArn, publish, type Resources, ref, role, type Statement, trusts, type Value } from '../template.ts'

// SQS's longest: a poison event of a Friday is looked at on a Monday two weeks later.
const LETTER_SECONDS = 14 * 86_400
const ARCHIVE_DAYS = 14

/** How a stage speaks: its bus and the bus's archive, the one dead-letter queue, the topic that tells people, and the group of its timers. */
export function messages(settings: StageSettings): Resources {
  return { ...bus(settings), ...deadLetters(settings), ...topic(settings), ...timers(settings) }
}

function bus({ stage, customerKey }: StageSettings): Resources {
  return {
    Bus: {
      Type: 'AWS::Events::EventBus',
      Properties: {
        Name: names.bus(stage),
        Description: `What happens in ${stage}`,
        // What the bus cannot encrypt or decrypt, since somebody has disabled the key, say.
        ...(customerKey && { KmsKeyIdentifier: att('Key', 'Arn'), DeadLetterConfig: { Arn: att('DeadLetters', 'Arn') } }),
      },
    },
    // Whatever a mistake lost can be replayed: an event told again changes nothing.
    Archive: {
      Type: 'AWS::Events::Archive',
      Properties: {
        ArchiveName: names.bus(stage),
        SourceArn: att('Bus', 'Arn'),
        EventPattern: { source: ['redeye'] },
        RetentionDays: ARCHIVE_DAYS,
        ...(customerKey && { KmsKeyIdentifier: att('Key', 'Arn') }),
      },
    },
  }
}

function deadLetters({ stage, customerKey }: StageSettings): Resources {
  const queue = att('DeadLetters', 'Arn')
  // Rules come as themselves; functions and schedules by their roles.
  const mayPut = {
    Sid: 'FromRules',
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queue,
    Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
  }
  return {
    DeadLetters: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: names.deadLetters(stage),
        MessageRetentionPeriod: LETTER_SECONDS,
        ...(customerKey ? { KmsMasterKeyId: att('Key', 'Arn') } : { SqsManagedSseEnabled: true }),
      },
    },
    DeadLettersPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [ref('DeadLetters')],
        PolicyDocument: { Version: '2012-10-17', Statement: [mayPut] },
      },
    },
  }
}

function topic({ stage, email, customerKey }: StageSettings): Resources {
  return {
    Topic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        TopicName: names.topic(stage),
        DisplayName: `Redeye ${stage}`,
        ...(customerKey && { KmsMasterKeyId: att('Key', 'Arn') }),
        ...(email !== '' && { Subscription: [{ Protocol: 'email', Endpoint: email }] }),
      },
    },
    TopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref('Topic')],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'Alarms',
              Effect: 'Allow',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: ref('Topic'),
              Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
            },
          ],
        },
      },
    },
  }
}

function timers(settings: StageSettings): Resources {
  const { stage, customerKey } = settings
  return {
    ScheduleGroup: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: names.scheduleGroup(stage) } },
    TimerRole: role(names.scheduleRole(stageOfAccount(settings)), trustsScheduler, [
      // A run that is to be looked at, or a request whose next partitions have begun.
      publish('PublishWhatIsDue', att('Bus', 'Arn'), ['RunDue', 'RunRequested']),
      allow('LayAside', ['sqs:SendMessage'], att('DeadLetters', 'Arn')),
      ...useKey(customerKey),
    ]),
  }
}

/** A role for schedules of this account, and of no other that might name it. */
export const trustsScheduler: { [key: string]: Value } = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
    },
  ],
}

export const useKey = (customerKey: boolean): Statement[] =>
  customerKey ? [allow('UseKey', ['kms:Decrypt', 'kms:GenerateDataKey'], att('Key', 'Arn'))] : []

/** The key of a stage that has its own, for what is stored and for what services of AWS put there. */
export function key({ stage, customerKey }: StageSettings): Resources {
  if (!customerKey) return {}
  const byServices = (Sid: string, services: string[], Action: string[]): Value => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: services.map(s => `${s}.amazonaws.com`) },
    Action,
    Resource: '*',
    Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
  })
  return {
    Key: {
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Description: `Redeye ${stage}: ledger, lake, bus, archive, queue and topic`,
        EnableKeyRotation: true,
        KeyPolicy: {
          Version: '2012-10-17',
          Statement: [
            { Sid: 'ByItsAccount', Effect: 'Allow', Principal: { AWS: iamArn('root') }, Action: 'kms:*', Resource: '*' },
            byServices(
              'ByServices',
              ['events', 'scheduler', 'cloudwatch', 'sns', 'sqs'],
              ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
            ),
            // What is on the bus is encrypted for the archive anew.
            byServices('ByTheArchive', ['events'], ['kms:ReEncrypt*']),
          ],
        },
      },
    },
  }
}

/** A role that only the service trusts, and the ARN under which the bus is known elsewhere. */
export const busArn = (stage: string) => arn('events', `event-bus/${names.bus(stage)}`)
export const trustsEvents = trusts('events')
