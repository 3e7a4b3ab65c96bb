import { DEFAULT_DISK_MB, DEFAULT_FUNCTION_MB } from '../../core/sizes.ts'
import { taskContract } from '../../task/contract.ts'
import { mayUseSpark, type Task } from '../../task/task.ts'
import { HANDLER } from './bundle.ts'
import { stageEnvironment } from './environment.ts'
import { names, type PlatformValue } from './names.ts'
import { rulePattern } from './pattern.ts'
import { serviceRoles } from './service-roles.ts'
import type { StageSettings } from './stage-settings.ts'
import { arn, att, type Parameter, parameterName, platformParameters, type Resources, ref, type Value } from './template.ts'

// Decisions take milliseconds; with less memory comes less of a core, and the SDK's start takes longer than it saves.
const DECIDE_MB = 512
const DECIDE_S = 60
// Lambda's longest.
const WORK_S = 900
// The lease: an attempt whose invocation was held up longer has been taken over.
const WORK_EVENT_AGE_S = 1800
const DECIDE_EVENT_AGE_S = 6 * 3600

/** What osls is told of a service, beside what its few lines say. */
export interface ServiceStack {
  functions: Record<string, ServiceFunction>
  parameters: Record<string, Parameter>
  resources: Resources
}
export interface ServiceFunction {
  name: string
  description: string
  handler: string
  memorySize: number
  timeout: number
  role: string
  environment: Record<string, Value>
  ephemeralStorageSize?: number
  recursiveLoop?: 'Allow'
  logs?: { logFormat: 'Text' }
  tracing?: 'Active'
  vpc?: { subnetIds: Value; securityGroupIds: Value }
}

/**
 * Everything of a service's stack that follows from its task: two functions, the rule that wakes `decide`, its sweep, what Lambda does with
 * failures, and two roles.
 */
export function serviceStack(task: Task, settings: StageSettings): ServiceStack {
  return {
    functions: { decide: decideFunction(task, settings), work: workFunction(task, settings) },
    parameters: platformParameters(settings.stage, valuesOf(task, settings)),
    resources: { ...serviceRoles(task, settings), ...wakers(task, settings), ...failures(task, settings) },
  }
}

function decideFunction(task: Task, settings: StageSettings): ServiceFunction {
  return {
    name: names.lambda(settings.stage, task.name, 'decide'),
    description: `Decides what follows for ${task.name}`,
    handler: HANDLER,
    memorySize: DECIDE_MB,
    timeout: DECIDE_S,
    role: 'DecideRole',
    environment: environment(task, settings, {}),
  }
}

function workFunction(task: Task, settings: StageSettings): ServiceFunction {
  return {
    name: names.lambda(settings.stage, task.name, 'work'),
    description: `Makes ${task.output.name}`,
    handler: HANDLER,
    memorySize: task.memoryMb ?? DEFAULT_FUNCTION_MB,
    timeout: WORK_S,
    ephemeralStorageSize: task.diskMb ?? DEFAULT_DISK_MB,
    // What memory an attempt took stands in Lambda's last line of it, and nowhere else.
    logs: { logFormat: 'Text' },
    role: 'WorkRole',
    // What does not end in time goes on in a next invocation of itself; the ledger bounds how often.
    recursiveLoop: 'Allow',
    // Active is who heeds the header that says whether this attempt is traced.
    ...(settings.traces > 0 && { tracing: 'Active' }),
    environment: environment(task, settings, { role: att('WorkRole', 'Arn') }),
    ...(task.network === 'private' && { vpc: { subnetIds: PRIVATE_SUBNETS, securityGroupIds: [ref('SecurityGroup')] } }),
  }
}

// One of each zone, one by one: osls takes no list that is a parameter.
const PRIVATE_SUBNETS: Value[] = [0, 1].map(i => ({ 'Fn::Select': [i, ref('Subnets')] }))

/** What a service's functions are told by their environment: platform values by its template's parameters. */
const environment = (task: Task, settings: StageSettings, spark: { role?: Value }) => ({
  ...stageEnvironment(settings, {
    deadLettersUrl: ref('DeadLettersUrl'),
    scheduleRole: ref('ScheduleRole'),
    ...(mayUseSpark(task) && { spark }),
  }),
  REDEYE_WORK: names.lambda(settings.stage, task.name, 'work'),
  ...(settings.traces > 0 && { REDEYE_TRACES: String(settings.traces) }),
})

function valuesOf(task: Task, settings: StageSettings): PlatformValue[] {
  return [
    'bus',
    'table',
    'bucket',
    'dead-letters-url',
    'dead-letters-arn',
    'topic',
    'schedule-group',
    'schedule-role',
    ...(mayUseSpark(task) ? (['spark-nightly', 'spark-backfill'] as const) : []),
    ...(task.network === 'private' ? (['subnets', 'security-group'] as const) : []),
    ...(settings.customerKey ? (['key'] as const) : []),
  ]
}

/** The rule for events, and the sweep's schedule, which heeds none of them. */
function wakers(task: Task, { stage, site }: StageSettings): Resources {
  // A region that stands by hears and sweeps nothing: what it decided would be written beside the writer.
  const State = site.active ? 'ENABLED' : 'DISABLED'
  const decide = att('DecideLambdaFunction', 'Arn')
  const deadLetters = { DeadLetterConfig: { Arn: ref(parameterName('dead-letters-arn')) } }
  return {
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: names.rule(stage, task.name, 'decide'),
        Description: `What ${task.name} listens to`,
        EventBusName: ref('Bus'),
        EventPattern: rulePattern(taskContract(task, 0)) as Value,
        State,
        Targets: [{ Id: 'decide', Arn: decide, ...deadLetters }],
      },
    },
    RulePermission: permission('Rule'),
    Sweep: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: names.rule(stage, task.name, 'sweep'),
        Description: `Repairs what ${task.name} has missed`,
        ScheduleExpression: 'rate(15 minutes)',
        State,
        Targets: [{ Id: 'decide', Arn: decide, ...deadLetters }],
      },
    },
    SweepPermission: permission('Sweep'),
  }
}

function permission(rule: string): Resources[string] {
  return {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: ref('DecideLambdaFunction'),
      Principal: 'events.amazonaws.com',
      SourceArn: att(rule, 'Arn'),
      SourceAccount: ref('AWS::AccountId'),
    },
  }
}

/** Lambda repeats a decision and then lays its event aside; work it never repeats: it tells `decide`, and the ledger retries. */
function failures(task: Task, { stage }: StageSettings): Resources {
  return {
    DecideFailures: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: ref('DecideLambdaFunction'),
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: DECIDE_EVENT_AGE_S,
        DestinationConfig: { OnFailure: { Destination: ref(parameterName('dead-letters-arn')) } },
      },
      DependsOn: 'DecideRole',
    },
    WorkFailures: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: ref('WorkLambdaFunction'),
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: WORK_EVENT_AGE_S,
        DestinationConfig: { OnFailure: { Destination: arn('lambda', `function:${names.lambda(stage, task.name, 'decide')}`) } },
      },
      DependsOn: ['WorkRole', 'DecideLambdaFunction'],
    },
  }
}
