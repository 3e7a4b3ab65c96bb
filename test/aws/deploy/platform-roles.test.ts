import { readdirSync, readFileSync } from 'node:fs'
import { type PlatformFunction, platformFunctions, platformStatements } from '../../../shared/aws/deploy/platform/functions.ts'
import { platformStack } from '../../../shared/aws/deploy/platform/platform.ts'
import { onlySite } from '../../../shared/aws/deploy/stage-settings.ts'
import type { Resource, Statement } from '../../../shared/aws/deploy/template.ts'
import { type Asked, may } from './simulate.ts'
import { settings } from './tasks.ts'

const on = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`
const table = on('dynamodb', 'table/redeye-dev')
const bus = on('events', 'event-bus/redeye-dev')
const event = (type: string) => ({ 'events:source': ['redeye'], 'events:detail-type': [type] })
const object = 'arn:aws:s3:::lake/flights/2001-02-14/g1-a1/part-0000.parquet'
const keyed = settings({ customerKey: true, network: true })
const otherKey = 'arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const twoRegions = settings({
  region: 'eu-west-1',
  standby: 'eu-central-1',
  customerKey: true,
  site: { ...onlySite, replicatesTo: 'eu-central-1', otherKey },
})
const viaS3 = (region: string) => ({ 'kms:ViaService': `s3.${region}.amazonaws.com` })
const names = Object.keys(platformFunctions) as PlatformFunction[]

type Pair = [allowed: Asked, denied: Asked]

/** One request that each kind of statement is for, and the next one that it is not for. */
const pairs = (name: PlatformFunction): Record<string, Pair> => ({
  WriteLog: [
    { action: 'logs:PutLogEvents', resource: on('logs', `log-group:/aws/lambda/redeye-dev-platform-${name}:log-stream:x`) },
    { action: 'logs:PutLogEvents', resource: on('logs', 'log-group:/aws/lambda/redeye-prod-platform-night:log-stream:x') },
  ],
  LayAside: [
    { action: 'sqs:SendMessage', resource: on('sqs', 'redeye-dev-dead-letters') },
    { action: 'sqs:DeleteMessage', resource: on('sqs', 'redeye-dev-dead-letters') },
  ],
  UseKey: [
    { action: 'kms:Decrypt', resource: on('kms', 'key/00000000-0000-0000-0000-000000000000') },
    { action: 'kms:ScheduleKeyDeletion', resource: on('kms', 'key/00000000-0000-0000-0000-000000000000') },
  ],
  ReadLedger: [
    { action: 'dynamodb:Query', resource: table, context: { 'dynamodb:LeadingKeys': ['run/flights'] } },
    { action: 'dynamodb:Scan', resource: table },
  ],
  WriteLedger: [
    { action: 'dynamodb:UpdateItem', resource: table, context: { 'dynamodb:LeadingKeys': ['run/flights'] } },
    { action: 'dynamodb:DeleteItem', resource: table, context: { 'dynamodb:LeadingKeys': ['run/flights'] } },
  ],
  ReadIndex: [
    { action: 'dynamodb:Query', resource: `${table}/index/recent`, context: { 'dynamodb:LeadingKeys': ['request'] } },
    { action: 'dynamodb:Scan', resource: `${table}/index/recent` },
  ],
  TellPeople: [
    { action: 'sns:Publish', resource: on('sns', 'redeye-dev') },
    { action: 'sns:Publish', resource: on('sns', 'redeye-prod') },
  ],
  Publish: [
    { action: 'events:PutEvents', resource: bus, context: event(name === 'night' ? 'NightStarted' : 'RunDue') },
    { action: 'events:PutEvents', resource: bus, context: event('TaskPaused') },
  ],
  SetTimers: [
    { action: 'scheduler:CreateSchedule', resource: on('scheduler', 'schedule/redeye-dev/RunDue-1') },
    { action: 'scheduler:DeleteSchedule', resource: on('scheduler', 'schedule/redeye-dev/RunDue-1') },
  ],
  LetTimersPublish: [
    {
      action: 'iam:PassRole',
      resource: 'arn:aws:iam::123456789012:role/redeye-dev-schedules',
      context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    },
    {
      action: 'iam:PassRole',
      resource: 'arn:aws:iam::123456789012:role/admin',
      context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    },
  ],
  UseLake: [
    { action: name === 'jobs' ? 's3:GetObject' : 's3:PutObject', resource: object },
    // Only the sweep collects; and nobody removes for good.
    name === 'sweep' ? { action: 's3:DeleteObjectVersion', resource: object } : { action: 's3:DeleteObject', resource: object },
  ],
  ListLake: [
    { action: 's3:ListBucket', resource: 'arn:aws:s3:::lake' },
    { action: 's3:ListBucket', resource: 'arn:aws:s3:::another' },
  ],
  FollowJobs: [
    { action: 'emr-serverless:CancelJobRun', resource: on('emr-serverless', '/applications/00night0000/jobruns/00job00') },
    { action: 'emr-serverless:StartJobRun', resource: on('emr-serverless', '/applications/00night0000') },
  ],
  ReadStream: [
    { action: 'dynamodb:GetRecords', resource: `${table}/stream/2026-01-01T00:00:00.000` },
    { action: 'dynamodb:GetRecords', resource: on('dynamodb', 'table/another/stream/2026-01-01T00:00:00.000') },
  ],
})

describe.each(names)('the role of %s', name => {
  const statements = platformStatements(name, keyed)

  test.each(statements.map(s => s.Sid))('%s: what it is for, and not the next thing', async sid => {
    const [allowed, denied] = pairs(name)[sid]!
    expect(
      await may(
        statements.filter(s => s.Sid === sid),
        allowed,
      ),
    ).toBe(true)
    expect(await may(statements, denied)).toBe(false)
  })
})

const lakeIn = (region: string) => `arn:aws:s3:::redeye-dev-lake-123456789012-${region}`

/** Of the platform's other roles, by the ids of their resources. */
const others: Record<string, Record<string, Pair>> = {
  TimerRole: {
    PublishWhatIsDue: [
      { action: 'events:PutEvents', resource: bus, context: event('RunDue') },
      { action: 'events:PutEvents', resource: bus, context: event('NightStarted') },
    ],
    LayAside: pairs('relay').LayAside!,
    UseKey: pairs('relay').UseKey!,
  },
  NightScheduleRole: {
    BeginTheNight: [
      { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-platform-night') },
      { action: 'lambda:InvokeFunction', resource: on('lambda', 'function:redeye-dev-platform-sweep') },
    ],
    LayAside: pairs('relay').LayAside!,
    UseKey: pairs('relay').UseKey!,
  },
  ReplicationRole: {
    ReadOwnBucket: [
      { action: 's3:GetReplicationConfiguration', resource: lakeIn('eu-west-1') },
      { action: 's3:PutReplicationConfiguration', resource: lakeIn('eu-west-1') },
    ],
    ReadOwnObjects: [
      { action: 's3:GetObjectVersionForReplication', resource: `${lakeIn('eu-west-1')}/flights/all/g1-a1/part-0000.parquet` },
      { action: 's3:GetObject', resource: `${lakeIn('eu-west-1')}/flights/all/g1-a1/part-0000.parquet` },
    ],
    WriteReplicas: [
      { action: 's3:ReplicateObject', resource: `${lakeIn('eu-central-1')}/flights/all/g1-a1/part-0000.parquet` },
      { action: 's3:ReplicateObject', resource: `${lakeIn('eu-west-1')}/flights/all/g1-a1/part-0000.parquet` },
    ],
    DecryptOwn: [
      { action: 'kms:Decrypt', resource: on('kms', 'key/00000000-0000-0000-0000-000000000000'), context: viaS3('eu-west-1') },
      { action: 'kms:Decrypt', resource: on('kms', 'key/00000000-0000-0000-0000-000000000000') },
    ],
    EncryptReplicas: [
      { action: 'kms:GenerateDataKey', resource: otherKey, context: viaS3('eu-central-1') },
      { action: 'kms:Decrypt', resource: otherKey, context: viaS3('eu-central-1') },
    ],
  },
  FlowLogRole: {
    WriteLog: [
      { action: 'logs:PutLogEvents', resource: on('logs', 'log-group:/redeye/dev/network:log-stream:x') },
      { action: 'logs:PutLogEvents', resource: on('logs', 'log-group:/aws/lambda/redeye-dev-platform-night:log-stream:x') },
    ],
  },
}

// A stage in two regions has one role more.
const resources: Record<string, Resource> = {
  ...platformStack(keyed).resources,
  ReplicationRole: platformStack(twoRegions).resources.ReplicationRole!,
}
const statementsOf = (id: string) =>
  (resources[id]!.Properties!.Policies as unknown as { PolicyDocument: { Statement: Statement[] } }[])[0]!.PolicyDocument.Statement

describe.each(Object.entries(others))('%s', (id, tried) => {
  test.each(Object.entries(tried))('%s: what it is for, and not the next thing', async (sid, [allowed, denied]) => {
    expect(
      await may(
        statementsOf(id).filter(s => s.Sid === sid),
        allowed,
      ),
    ).toBe(true)
    expect(await may(statementsOf(id), denied)).toBe(false)
  })

  test('every statement is tried', () => {
    expect(statementsOf(id).map(s => s.Sid)).toEqual(Object.keys(tried))
  })
})

const engine = new URL('../../../shared/engine/', import.meta.url)

/** The types of the events that the engine sets timers for: as they are written in the call, or in the constant that it names. */
function timedTypes(): string[] {
  return readdirSync(engine).flatMap(file => {
    const code = readFileSync(new URL(file, engine), 'utf8')
    return [...code.matchAll(/timers\.set\((?:[^()]|\([^()]*\))*\)/g)].map(([call]) => {
      const constant = /, (\w+)\)$/.exec(call)?.[1]
      const [, type] = /type: '(\w+)'/.exec(constant ? (code.split(`const ${constant}: NewEvent = {`)[1] ?? '') : call) ?? []
      if (type) return type
      throw new Error(
        `${file}: ${call} does not say its event’s type; write it there, or name a constant of this file: const due: NewEvent = {…}`,
      )
    })
  })
}

test('a timer may publish exactly what the engine sets timers for', async () => {
  const timed = new Set(timedTypes())
  expect(timed.size).toBeGreaterThan(1)
  const types = readdirSync(new URL('../../../events/', import.meta.url))
    .filter(file => file.endsWith('.schema.json'))
    .map(file => file.slice(0, -'.schema.json'.length).replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()))
  for (const type of types) {
    const allowed = await may(statementsOf('TimerRole'), { action: 'events:PutEvents', resource: bus, context: event(type) })
    expect([type, allowed]).toEqual([type, timed.has(type)])
  }
})

test('every role of the platform is tried', () => {
  const roles = Object.entries(resources).flatMap(([id, { Type }]) => (Type === 'AWS::IAM::Role' ? [id] : []))
  const capital = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1)}Role`
  expect(roles.sort()).toEqual([...names.map(capital), ...Object.keys(others)].sort())
})
