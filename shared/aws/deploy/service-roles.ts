import { mayUseSpark, type Task } from '../../task/task.ts'
import { parameterName, secretName } from '../secrets.ts'
import { JOB_ENTRY } from '../spark.ts'
import { decideKeys, ledgerStatements, workKeys } from './ledger-access.ts'
import { names, stageOfAccount } from './names.ts'
import type { StageSettings } from './stage-settings.ts'
import { allow, arn, bucketArn, iamArn, publish, type Resources, ref, role, type Statement, sub, trusts, type Value } from './template.ts'

/** The two roles of a service: each function may do only what this task does. */
export function serviceRoles(task: Task, settings: StageSettings): Resources {
  const account = stageOfAccount(settings)
  // What an attempt may do its job may do, by the same role.
  const workTrust = mayUseSpark(task) ? trusts('lambda', 'emr-serverless') : trusts('lambda')
  return {
    DecideRole: role(names.role(account, task.name, 'decide'), trusts('lambda'), decideStatements(task, settings)),
    WorkRole: role(names.role(account, task.name, 'work'), workTrust, workStatements(task, settings)),
  }
}

/** The names of the settings and secrets that a task's source or target reads. */
export function secretsOf(task: Task): string[] {
  const { work } = task
  const named = work.work === 'ingest' ? work.source.secrets : work.work === 'load' ? work.target.secrets : []
  return [...new Set(named ?? [])].sort()
}

export function decideStatements(task: Task, settings: StageSettings): Statement[] {
  const { stage } = settings
  const inputs = inputDatasets(task)
  return [
    ...everyFunction(stage, task.name, 'decide', settings),
    ...ledgerStatements('Table', decideKeys(task.name, task.output.name)),
    publish('SpeakToItself', arn('events', `event-bus/\${Bus}`), ['RunDue', 'RunsConcerned']),
    allow('StartWork', ['lambda:InvokeFunction'], arn('lambda', `function:${names.lambda(stage, task.name, 'work')}`)),
    allow('SetTimers', ['scheduler:CreateSchedule'], arn('scheduler', `schedule/\${ScheduleGroup}/*`)),
    allow('LetTimersPublish', ['iam:PassRole'], ref('ScheduleRole'), {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    }),
    allow('TellPeople', ['sns:Publish'], ref('Topic')),
    // Ancestries too large for a document: its own to write, those of its inputs to read.
    allow(
      'ReadAncestries',
      ['s3:GetObject'],
      [task.output.name, ...inputs].map(d => bucketArn('Bucket', `/${d}/*/ancestry.json`)),
    ),
    allow('WriteAncestries', ['s3:PutObject'], bucketArn('Bucket', `/${task.output.name}/*/ancestry.json`)),
    ...(mayUseSpark(task) ? [followJobs(), ...readOutcomes(task.output.name)] : []),
  ]
}

export function workStatements(task: Task, settings: StageSettings): Statement[] {
  const { stage } = settings
  const own = task.output.name
  const inputs = inputDatasets(task).filter(d => d !== own)
  const secrets = secretsOf(task)
  return [
    ...everyFunction(stage, task.name, 'work', settings),
    ...ledgerStatements('Table', workKeys(own)),
    ...(inputs.length > 0
      ? [
          allow(
            'ReadInputs',
            ['s3:GetObject'],
            inputs.map(d => bucketArn('Bucket', `/${d}/*`)),
          ),
        ]
      : []),
    allow('WriteOutput', ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], bucketArn('Bucket', `/${own}/*`)),
    // Without it S3 answers a key that is not there as one that is forbidden; a read says no prefix, hence IfExists.
    allow('SeeWhatIsThere', ['s3:ListBucket'], bucketArn('Bucket'), {
      StringLikeIfExists: { 's3:prefix': [own, ...inputs].map(d => `${d}/*`) },
    }),
    allow(
      'TellDecideAndGoOn',
      ['lambda:InvokeFunction'],
      ['decide', 'work'].map(f => arn('lambda', `function:${names.lambda(stage, task.name, f)}`)),
    ),
    ...(secrets.length > 0 ? secretStatements(stage, secrets) : []),
    ...targetStatements(task, stage),
    ...(task.network === 'private' ? networkStatements() : []),
    ...(mayUseSpark(task) ? sparkStatements(task, stageOfAccount(settings)) : []),
  ]
}

function secretStatements(stage: string, secrets: readonly string[]): Statement[] {
  return [
    allow(
      'ReadSettings',
      ['ssm:GetParameter', 'ssm:GetParameters'],
      secrets.map(name => arn('ssm', `parameter${parameterName(stage, name)}`)),
    ),
    allow(
      'ReadSecrets',
      ['secretsmanager:GetSecretValue'],
      // Secrets Manager adds six characters of its own.
      secrets.map(name => arn('secretsmanager', `secret:${secretName(stage, name)}-??????`)),
    ),
  ]
}

/** A queue or topic of others is known only by a setting's value; its owners say by a tag that a stage may put messages there. */
function targetStatements({ work }: Task, stage: string): Statement[] {
  const condition = { StringEquals: { 'aws:ResourceTag/redeye:stage': stage } }
  const kind = work.work === 'load' ? work.target.target : ''
  if (kind === 'sqs') return [allow('DeliverMessages', ['sqs:SendMessage'], arn('sqs', '*'), condition)]
  if (kind === 'sns') return [allow('DeliverMessages', ['sns:Publish'], arn('sns', '*'), condition)]
  return []
}

function networkStatements(): Statement[] {
  // EC2 takes no resources for these; they are what Lambda needs for a network, and no more.
  const actions = ['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DeleteNetworkInterface']
  return [allow('JoinNetwork', actions, '*')]
}

const applications = ['SparkNightly', 'SparkBackfill'].map(id => arn('emr-serverless', `/applications/\${${id}}`))

/** To see how jobs do and to end them, in both templates. */
export const followJobs = (): Statement =>
  allow(
    'FollowJobs',
    ['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'],
    applications.map(a => sub(`${a['Fn::Sub']}/jobruns/*`)),
  )

/** What a job that is over has come to stands in its attempt's folder; S3 says that a file is not there to those alone who may list. */
const readOutcomes = (output: string): Statement[] => [
  allow(
    'ReadOutcomes',
    ['s3:GetObject'],
    ['manifest', 'failure'].map(file => bucketArn('Bucket', `/${output}/*/${file}.json`)),
  ),
  allow('SeeWhatIsThere', ['s3:ListBucket'], bucketArn('Bucket'), { StringLikeIfExists: { 's3:prefix': [`${output}/*`] } }),
]

function sparkStatements(task: Task, account: string): Statement[] {
  return [
    allow('StartJobs', ['emr-serverless:StartJobRun'], applications),
    followJobs(),
    allow('ReadJob', ['s3:GetObject'], bucketArn('Bucket', `/${JOB_ENTRY}`)),
    // Spark's committers write below folders whose names begin with "_" (`_temporary`, `__magic_job-…`) and clear these away in the end, or
    // the job fails. Nothing that a version holds is called so.
    allow('ClearTemporaries', ['s3:DeleteObject'], bucketArn('Bucket', `/${task.output.name}/*/_*`)),
    allow('BeTheJobsRole', ['iam:PassRole'], iamArn(`role/${names.role(account, task.name, 'work')}`), {
      StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' },
    }),
  ]
}

/** What every function of a stage may: write its log, be traced where it works, and put what it cannot handle among the dead letters. */
export function everyFunction(
  stage: string,
  service: string,
  name: string,
  settings: Pick<StageSettings, 'traces' | 'customerKey'>,
  arns: { deadLetters: Value; key: Value } = { deadLetters: ref('DeadLettersArn'), key: ref('Key') },
): Statement[] {
  const log = `log-group:/aws/lambda/${names.lambda(stage, service, name)}:*`
  return [
    allow('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], arn('logs', log)),
    // X-Ray takes no resources.
    ...(settings.traces > 0 && name === 'work' ? [allow('Trace', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : []),
    allow('LayAside', ['sqs:SendMessage'], arns.deadLetters),
    ...(settings.customerKey ? [allow('UseKey', ['kms:Decrypt', 'kms:GenerateDataKey'], arns.key)] : []),
  ]
}

const inputDatasets = (task: Task) => [...new Set(Object.values(task.inputs).map(i => i.dataset.name))]
