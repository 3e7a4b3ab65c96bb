import { platformPatterns } from '../../../core/events.ts'
import { relayMapping } from '../../stream.ts'
import { HANDLER } from '../bundle.ts'
import { stageEnvironment } from '../environment.ts'
import { everyKey, ledgerStatements } from '../ledger-access.ts'
import { names, stageOfAccount } from '../names.ts'
import { onePattern } from '../pattern.ts'
import type { ServiceFunction } from '../service.ts'
import { everyFunction, followJobs } from '../service-roles.ts'
import type { Site, StageSettings } from '../stage-settings.ts'
import { allow, att, bucketArn, publish, type Resources, ref, role, type Statement, trusts, type Value } from '../template.ts'
import { streamArn } from './ledger.ts'
import { trustsScheduler } from './messages.ts'

/** Who they are, what wakes them, and their sizes. */
export const platformFunctions = {
  night: { does: 'Begins nights', memorySize: 512, timeout: 60 },
  // A request over ten years of a wide graph is marked in windows; one invocation does as many as it can.
  requests: { does: 'Carries out requests, pauses and skips', memorySize: 1024, timeout: 900 },
  // It reads delivered files on DuckDB.
  deliveries: { does: 'Takes in versions made outside', memorySize: 1769, timeout: 900 },
  jobs: { does: 'Takes note of how Spark jobs end', memorySize: 512, timeout: 60 },
  relay: { does: 'Says what follows from the ledger’s changes', memorySize: 512, timeout: 60 },
  sweep: { does: 'Repairs what was lost, and clears the lake', memorySize: 1024, timeout: 900 },
} as const
export type PlatformFunction = keyof typeof platformFunctions
/** Of them, who needs DuckDB. */
export const withDuckdb: readonly PlatformFunction[] = ['deliveries']

const functionNames = Object.keys(platformFunctions) as PlatformFunction[]
const EVENT_AGE_S = 6 * 3600
// Inputs of a delivery are downloaded, and SQL may spill.
const DELIVERIES_DISK_MB = 4096

/** What osls is told of them. */
export function functions(settings: StageSettings): Record<PlatformFunction, ServiceFunction> {
  const make = (name: PlatformFunction): ServiceFunction => {
    const { does, memorySize, timeout } = platformFunctions[name]
    return {
      name: names.lambda(settings.stage, 'platform', name),
      description: does,
      handler: HANDLER,
      memorySize,
      timeout,
      role: `${capital(name)}Role`,
      environment: {
        ...stageEnvironment(settings, { deadLettersUrl: ref('DeadLetters'), scheduleRole: att('TimerRole', 'Arn'), spark: {} }),
        ...(name === 'sweep' && { REDEYE_NIGHT_AT: settings.nightAt }),
      },
      ...(withDuckdb.includes(name) && { ephemeralStorageSize: DELIVERIES_DISK_MB }),
    }
  }
  return Object.fromEntries(functionNames.map(name => [name, make(name)])) as Record<PlatformFunction, ServiceFunction>
}

/** Their roles, what wakes them, and what becomes of what they cannot do. */
export function functionResources(settings: StageSettings): Resources {
  const account = stageOfAccount(settings)
  const all: Resources = {}
  for (const name of functionNames) {
    all[`${capital(name)}Role`] = role(names.role(account, 'platform', name), trusts('lambda'), platformStatements(name, settings))
    // The relay is polled, not invoked: its mapping says the same.
    if (name !== 'relay') all[`${capital(name)}Failures`] = failuresOf(name)
  }
  return {
    ...all,
    ...eventRules(settings),
    ...nightSchedule(settings),
    ...jobEvents(settings),
    ...sweepRule(settings),
    ...relaySource(settings),
  }
}

/** What one of the platform's functions may do. */
export function platformStatements(name: PlatformFunction, settings: StageSettings): Statement[] {
  const { stage } = settings
  const say = (types: string[]) => publish('Publish', att('Bus', 'Arn'), types)
  const everywhere = [
    ...everyFunction(stage, 'platform', name, settings, {
      deadLetters: att('DeadLetters', 'Arn'),
      key: settings.customerKey ? att('Key', 'Arn') : '',
    }),
    ...ledgerStatements('Table', everyKey),
    allow('TellPeople', ['sns:Publish'], ref('Topic')),
  ]
  const timers = [
    allow('SetTimers', ['scheduler:CreateSchedule'], {
      'Fn::Sub': `arn:\${AWS::Partition}:scheduler:\${AWS::Region}:\${AWS::AccountId}:schedule/\${ScheduleGroup}/*`,
    }),
    allow('LetTimersPublish', ['iam:PassRole'], att('TimerRole', 'Arn'), {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    }),
  ]
  const files = (actions: string[]) => allow('UseLake', actions, bucketArn('Bucket', '/*'))
  const list = allow('ListLake', ['s3:ListBucket'], att('Bucket', 'Arn'))
  switch (name) {
    case 'night':
      return [...everywhere, say(['NightStarted'])]
    case 'requests':
      return [...everywhere, say(['RunDue', 'RunRequested', 'PlaceFreed']), ...timers, files(['s3:GetObject', 's3:PutObject']), list]
    case 'deliveries':
      return [...everywhere, files(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload']), list]
    case 'relay':
      return [...everywhere, say(['DatasetReady', 'RunDue', 'PlaceFreed']), ...timers, readStream(settings), followJobs()]
    case 'jobs':
      return [...everywhere, files(['s3:GetObject']), list, followJobs()]
    case 'sweep':
      return [
        ...everywhere,
        say(['DatasetReady', 'RunDue', 'RunRequested', 'PlaceFreed']),
        ...timers,
        files(['s3:GetObject', 's3:PutObject', 's3:DeleteObject']),
        list,
      ]
    default:
      return name satisfies never
  }
}

const readStream = (settings: StageSettings) =>
  allow(
    'ReadStream',
    ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    streamArn(settings),
  )

function failuresOf(name: PlatformFunction): Resources[string] {
  return {
    Type: 'AWS::Lambda::EventInvokeConfig',
    DependsOn: `${capital(name)}Role`,
    Properties: {
      FunctionName: ref(lambdaId(name)),
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: EVENT_AGE_S,
      DestinationConfig: { OnFailure: { Destination: att('DeadLetters', 'Arn') } },
    },
  }
}

/** The rule of one of the platform's functions: a move switches them all, by name. */
export const platformRule = (stage: string, name: PlatformFunction): string => names.rule(stage, 'platform', name)

// A region that stands by hears and begins nothing: what it decided would be written beside the writer.
const stateOf = ({ active }: Site) => (active ? 'ENABLED' : 'DISABLED')

function eventRules({ stage, site }: StageSettings): Resources {
  const rules: Resources = {}
  for (const [name, patterns] of Object.entries(platformPatterns)) {
    rules[`${capital(name)}Rule`] = {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: platformRule(stage, name as PlatformFunction),
        Description: platformFunctions[name as PlatformFunction].does,
        EventBusName: ref('Bus'),
        EventPattern: onePattern(patterns) as Value,
        State: stateOf(site),
        Targets: [target(name as PlatformFunction)],
      },
    }
    rules[`${capital(name)}RulePermission`] = mayInvoke(name as PlatformFunction, att(`${capital(name)}Rule`, 'Arn'))
  }
  return rules
}

const target = (name: PlatformFunction): Value => ({
  Id: name,
  Arn: att(lambdaId(name), 'Arn'),
  DeadLetterConfig: { Arn: att('DeadLetters', 'Arn') },
})

function mayInvoke(name: PlatformFunction, sourceArn: Value): Resources[string] {
  return {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: ref(lambdaId(name)),
      Principal: 'events.amazonaws.com',
      SourceArn: sourceArn,
      SourceAccount: ref('AWS::AccountId'),
    },
  }
}

/** A schedule of a day, in the stage's zone; rules know only UTC. */
function nightSchedule(settings: StageSettings): Resources {
  const { stage, zone, nightAt, site, customerKey } = settings
  const [hour, minute] = nightAt.split(':').map(Number)
  const arn = att(lambdaId('night'), 'Arn')
  return {
    NightScheduleRole: role(names.role(stageOfAccount(settings), 'platform', 'night-schedule'), trustsScheduler, [
      allow('BeginTheNight', ['lambda:InvokeFunction'], arn),
      allow('LayAside', ['sqs:SendMessage'], att('DeadLetters', 'Arn')),
      ...(customerKey ? [allow('UseKey', ['kms:Decrypt', 'kms:GenerateDataKey'], att('Key', 'Arn'))] : []),
    ]),
    NightSchedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: names.lambda(stage, 'platform', 'night'),
        Description: `Every day at ${nightAt} in ${zone}`,
        GroupName: ref('ScheduleGroup'),
        ScheduleExpression: `cron(${minute} ${hour} * * ? *)`,
        ScheduleExpressionTimezone: zone,
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: stateOf(site),
        Target: {
          Arn: arn,
          RoleArn: att('NightScheduleRole', 'Arn'),
          Input: JSON.stringify({ 'detail-type': 'Scheduled Event', source: 'aws.events' }),
          DeadLetterConfig: { Arn: att('DeadLetters', 'Arn') },
        },
      },
    },
  }
}

/** What EMR Serverless says goes to the account's own bus, whatever bus a stage has. */
function jobEvents({ stage, site }: StageSettings): Resources {
  return {
    JobEvents: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: platformRule(stage, 'jobs'),
        Description: platformFunctions.jobs.does,
        EventPattern: {
          source: ['aws.emr-serverless'],
          'detail-type': ['EMR Serverless Job Run State Change'],
          detail: { applicationId: [ref('SparkNightly'), ref('SparkBackfill')], state: ['SUCCESS', 'FAILED', 'CANCELLED'] },
        },
        State: stateOf(site),
        Targets: [target('jobs')],
      },
    },
    JobEventsPermission: mayInvoke('jobs', att('JobEvents', 'Arn')),
  }
}

function sweepRule({ stage, site }: StageSettings): Resources {
  return {
    SweepRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: platformRule(stage, 'sweep'),
        Description: platformFunctions.sweep.does,
        ScheduleExpression: 'rate(15 minutes)',
        State: stateOf(site),
        Targets: [target('sweep')],
      },
    },
    SweepRulePermission: mayInvoke('sweep', att('SweepRule', 'Arn')),
  }
}

function relaySource(settings: StageSettings): Resources {
  const { home, active, stream } = settings.site
  // A replica that is not there yet has no stream; the next deployment finds it.
  if (!home && stream === '') return {}
  return {
    RelaySource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      DependsOn: 'RelayRole',
      Properties: {
        FunctionName: ref(lambdaId('relay')),
        EventSourceArn: streamArn(settings),
        Enabled: active,
        ...(relayMapping as unknown as { [key: string]: Value }),
        DestinationConfig: { OnFailure: { Destination: att('DeadLetters', 'Arn') } },
      },
    },
  }
}

export const capital = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1)}`
/** osls's name of a function in a template. */
export const lambdaId = (name: string) => `${capital(name)}LambdaFunction`
