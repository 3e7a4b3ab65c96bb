import { decideStatements, serviceRoles, workStatements } from '../../../shared/aws/deploy/service-roles.ts'
import { sns, sqs } from '../../../shared/targets/index.ts'
import type { LoadWork, Task } from '../../../shared/task/task.ts'
import { type Asked, may } from './simulate.ts'
import { demo, settings, taskOf } from './tasks.ts'

const on = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`
const table = on('dynamodb', 'table/redeye-dev')
const leading = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys })
const event = (type: string, source = 'redeye') => ({ 'events:source': [source], 'events:detail-type': [type] })
const passTo = (service: string) => ({ 'iam:PassedToService': `${service}.amazonaws.com` })
const queueOfStage = (stage: string) => ({ 'aws:ResourceTag/redeye:stage': stage })

/** A task that could need everything: it is SQL that may go to Spark, in a private network, of a stage with a key of its own. */
const airportDay: Task = { ...taskOf('airport-day'), network: 'private' }
const lateRoutes = taskOf('send-late-routes')
const to = (target: LoadWork['target']): Task => ({ ...lateRoutes, work: { ...(lateRoutes.work as LoadWork), target } })
const everything = settings({ customerKey: true })

interface Row {
  sid: string
  allowed: Asked
  denied: Asked
}

const ofEvery = (name: string): Row[] => [
  {
    sid: 'WriteLog',
    allowed: {
      action: 'logs:PutLogEvents',
      resource: on('logs', `log-group:/aws/lambda/redeye-dev-task-airport-day-${name}:log-stream:x`),
    },
    denied: {
      action: 'logs:PutLogEvents',
      resource: on('logs', `log-group:/aws/lambda/redeye-dev-task-airport-month-${name}:log-stream:x`),
    },
  },
  {
    sid: 'LayAside',
    allowed: { action: 'sqs:SendMessage', resource: on('sqs', 'redeye-dev-dead-letters') },
    denied: { action: 'sqs:ReceiveMessage', resource: on('sqs', 'redeye-dev-dead-letters') },
  },
  {
    sid: 'UseKey',
    allowed: { action: 'kms:Decrypt', resource: on('kms', 'key/00000000-0000-0000-0000-000000000000') },
    denied: { action: 'kms:Decrypt', resource: on('kms', 'key/11111111-1111-1111-1111-111111111111') },
  },
]

const ofDecide: Row[] = [
  ...ofEvery('decide'),
  {
    sid: 'ReadLedger',
    allowed: { action: 'dynamodb:Query', resource: table, context: leading('run/flights') },
    denied: { action: 'dynamodb:GetItem', resource: table, context: leading('pause/load-routes') },
  },
  {
    sid: 'WriteLedger',
    allowed: { action: 'dynamodb:UpdateItem', resource: table, context: leading('run/airport_days') },
    denied: { action: 'dynamodb:UpdateItem', resource: table, context: leading('run/flights') },
  },
  {
    sid: 'ReadIndex',
    allowed: { action: 'dynamodb:Query', resource: `${table}/index/recent`, context: leading('run/flights') },
    denied: { action: 'dynamodb:Query', resource: `${table}/index/recent`, context: leading('secret') },
  },
  {
    sid: 'SpeakToItself',
    allowed: { action: 'events:PutEvents', resource: on('events', 'event-bus/redeye-dev'), context: event('RunDue') },
    denied: { action: 'events:PutEvents', resource: on('events', 'event-bus/redeye-dev'), context: event('DatasetReady') },
  },
  {
    sid: 'StartWork',
    allowed: { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-task-airport-day-work') },
    denied: { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-task-load-routes-work') },
  },
  {
    sid: 'SetTimers',
    allowed: { action: 'scheduler:CreateSchedule', resource: on('scheduler', 'schedule/redeye-dev/RunDue-1') },
    denied: { action: 'scheduler:CreateSchedule', resource: on('scheduler', 'schedule/redeye-prod/RunDue-1') },
  },
  {
    sid: 'LetTimersPublish',
    allowed: { action: 'iam:PassRole', resource: 'arn:aws:iam::123456789012:role/redeye-dev-schedules', context: passTo('scheduler') },
    denied: { action: 'iam:PassRole', resource: 'arn:aws:iam::123456789012:role/redeye-dev-schedules', context: passTo('lambda') },
  },
  {
    sid: 'TellPeople',
    allowed: { action: 'sns:Publish', resource: on('sns', 'redeye-dev') },
    denied: { action: 'sns:Publish', resource: on('sns', 'redeye-prod') },
  },
  {
    sid: 'ReadAncestries',
    allowed: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/ancestry.json' },
    denied: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/part-0000.parquet' },
  },
  {
    sid: 'WriteAncestries',
    allowed: { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/ancestry.json' },
    denied: { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/ancestry.json' },
  },
  {
    sid: 'FollowJobs',
    allowed: { action: 'emr-serverless:GetJobRun', resource: on('emr-serverless', '/applications/00night0000/jobruns/00job00') },
    denied: { action: 'emr-serverless:StartJobRun', resource: on('emr-serverless', '/applications/00night0000') },
  },
  {
    sid: 'ReadOutcomes',
    allowed: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/failure.json' },
    denied: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/part-0000.parquet' },
  },
  {
    sid: 'SeeWhatIsThere',
    allowed: { action: 's3:ListBucket', resource: 'arn:aws:s3:::lake', context: { 's3:prefix': 'airport_days/2001-02-14' } },
    denied: { action: 's3:ListBucket', resource: 'arn:aws:s3:::lake', context: { 's3:prefix': 'flights/2001-02-14' } },
  },
]

const ofWork: Row[] = [
  ...ofEvery('work'),
  {
    sid: 'Trace',
    allowed: { action: 'xray:PutTraceSegments', resource: '*' },
    denied: { action: 'xray:GetTraceSummaries', resource: '*' },
  },
  {
    sid: 'ReadLedger',
    allowed: { action: 'dynamodb:Query', resource: table, context: leading('graph') },
    denied: { action: 'dynamodb:Query', resource: table, context: leading('run/flights') },
  },
  {
    sid: 'WriteLedger',
    allowed: { action: 'dynamodb:UpdateItem', resource: table, context: leading('run/airport_days') },
    denied: { action: 'dynamodb:UpdateItem', resource: table, context: leading('contract') },
  },
  {
    sid: 'ReadInputs',
    allowed: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/part-0000.parquet' },
    denied: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/bookings/2001-02-14/g1-a1/part-0000.parquet' },
  },
  {
    sid: 'WriteOutput',
    allowed: { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/part-0000.parquet' },
    denied: { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/part-0000.parquet' },
  },
  {
    sid: 'SeeWhatIsThere',
    allowed: { action: 's3:ListBucket', resource: 'arn:aws:s3:::lake', context: { 's3:prefix': 'flights/2001-02-14' } },
    denied: { action: 's3:ListBucket', resource: 'arn:aws:s3:::lake', context: { 's3:prefix': 'bookings/2001-02-14' } },
  },
  {
    sid: 'TellDecideAndGoOn',
    allowed: { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-task-airport-day-decide') },
    denied: { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-task-load-routes-decide') },
  },
  {
    sid: 'JoinNetwork',
    allowed: { action: 'ec2:CreateNetworkInterface', resource: on('ec2', 'network-interface/eni-0123456789abcdef0') },
    denied: { action: 'ec2:RunInstances', resource: on('ec2', 'instance/i-0123456789abcdef0') },
  },
  {
    sid: 'StartJobs',
    allowed: { action: 'emr-serverless:StartJobRun', resource: on('emr-serverless', '/applications/00night0000') },
    denied: { action: 'emr-serverless:StartJobRun', resource: on('emr-serverless', '/applications/00other0000') },
  },
  {
    sid: 'FollowJobs',
    allowed: { action: 'emr-serverless:CancelJobRun', resource: on('emr-serverless', '/applications/00night0000/jobruns/00job00') },
    denied: { action: 'emr-serverless:CancelJobRun', resource: on('emr-serverless', '/applications/00other0000/jobruns/00job00') },
  },
  {
    sid: 'ReadJob',
    allowed: { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/_redeye/job.py' },
    denied: { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/_redeye/job.py' },
  },
  {
    sid: 'ClearTemporaries',
    allowed: {
      action: 's3:DeleteObject',
      resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/data-0/_temporary/0/_temporary/attempt_0/part-00000.parquet',
    },
    denied: { action: 's3:DeleteObject', resource: 'arn:aws:s3:::lake/airport_days/2001-02-14/g1-a1/data-0/part-00000.parquet' },
  },
  {
    sid: 'BeTheJobsRole',
    allowed: {
      action: 'iam:PassRole',
      resource: 'arn:aws:iam::123456789012:role/redeye-dev-task-airport-day-work',
      context: passTo('emr-serverless'),
    },
    denied: {
      action: 'iam:PassRole',
      resource: 'arn:aws:iam::123456789012:role/redeye-dev-task-load-routes-work',
      context: passTo('emr-serverless'),
    },
  },
]

const ofSecrets: Row[] = [
  {
    sid: 'ReadSettings',
    allowed: { action: 'ssm:GetParameter', resource: on('ssm', 'parameter/redeye/dev/secrets/CREW_DESK_TOKEN') },
    denied: { action: 'ssm:GetParameter', resource: on('ssm', 'parameter/redeye/dev/secrets/WAREHOUSE') },
  },
  {
    sid: 'ReadSecrets',
    allowed: { action: 'secretsmanager:GetSecretValue', resource: on('secretsmanager', 'secret:redeye/dev/CREW_DESK-a1B2c3') },
    denied: { action: 'secretsmanager:GetSecretValue', resource: on('secretsmanager', 'secret:redeye/dev/CREW_DESK_OLD-a1B2c3') },
  },
]

describe.each([
  ['decide', decideStatements(airportDay, everything), ofDecide],
  ['work', workStatements(airportDay, everything), ofWork],
  ['the work of a load', workStatements(lateRoutes, settings()), ofSecrets],
  [
    'the work of a load to a queue',
    workStatements(to(sqs({ connection: 'Q' })), settings()),
    [
      {
        sid: 'DeliverMessages',
        allowed: { action: 'sqs:SendMessage', resource: on('sqs', 'sessions'), context: queueOfStage('dev') },
        denied: { action: 'sqs:SendMessage', resource: on('sqs', 'sessions'), context: queueOfStage('prod') },
      },
    ],
  ],
  [
    'the work of a load to a topic',
    workStatements(to(sns({ connection: 'T' })), settings()),
    [
      {
        sid: 'DeliverMessages',
        allowed: { action: 'sns:Publish', resource: on('sns', 'prices'), context: queueOfStage('dev') },
        denied: { action: 'sns:Publish', resource: on('sns', 'prices'), context: queueOfStage('prod') },
      },
    ],
  ],
])('the role of %s', (_, statements, rows) => {
  test.each(rows)('$sid: what it is for, and not the next thing', async ({ sid, allowed, denied }) => {
    // By that statement, and whatever else the role has.
    expect(
      await may(
        statements.filter(s => s.Sid === sid),
        allowed,
      ),
    ).toBe(true)
    expect(await may(statements, denied)).toBe(false)
  })
})

test('every statement of a service is tried', () => {
  const tried = (rows: Row[]) => rows.map(r => r.sid).sort()
  const sids = (statements: { Sid: string }[]) => statements.map(s => s.Sid).sort()
  expect(sids(decideStatements(airportDay, everything))).toEqual(tried(ofDecide))
  expect(sids(workStatements(airportDay, everything))).toEqual(tried(ofWork))
})

test('a Spark job clears away what it has written aside, in its own dataset alone', async () => {
  const statements = workStatements(airportDay, everything)
  const of = (dataset: string) => `arn:aws:s3:::lake/${dataset}/2001-02-14/g1-a1/data-0/`
  const mayDelete = (resource: string) => may(statements, { action: 's3:DeleteObject', resource })
  expect(await mayDelete(`${of('airport_days')}_temporary/`)).toBe(true)
  expect(await mayDelete(`${of('airport_days')}__magic_job-1/job-1/task/part-00000.parquet.pending`)).toBe(true)
  expect(await mayDelete(`${of('flights')}_temporary/`)).toBe(false)
  expect(await mayDelete('arn:aws:s3:::lake/_redeye/job.py')).toBe(false)
  expect(
    await may(workStatements(lateRoutes, everything), { action: 's3:DeleteObject', resource: `${of('late_routes')}_temporary/` }),
  ).toBe(false)
})

test.each(demo.services.map(s => s.name))('%s may not delete what is published, read a table whole, or do anything to everything', name => {
  const task = taskOf(name)
  for (const statement of [...decideStatements(task, settings()), ...workStatements(task, settings())]) {
    if (statement.Sid !== 'ClearTemporaries') expect(statement.Action.filter(a => /Delete|Scan|\*/.test(a))).toEqual([])
    // X-Ray takes no resources; the rest names its own.
    if (statement.Sid !== 'Trace') expect(statement.Resource).not.toBe('*')
  }
})

test('a service has two roles, and only SQL that may go to Spark trusts it', () => {
  const trusts = (task: Task) => JSON.stringify(serviceRoles(task, settings()).WorkRole!.Properties!.AssumeRolePolicyDocument)
  expect(Object.keys(serviceRoles(airportDay, settings()))).toEqual(['DecideRole', 'WorkRole'])
  expect(trusts(airportDay)).toContain('emr-serverless')
  expect(trusts(lateRoutes)).not.toContain('emr-serverless')
})
