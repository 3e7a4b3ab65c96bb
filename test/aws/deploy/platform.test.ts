import { tableArn } from '../../../shared/aws/deploy/platform/ledger.ts'
import { platformStack } from '../../../shared/aws/deploy/platform/platform.ts'
import { onlySite } from '../../../shared/aws/deploy/stage-settings.ts'
import type { Resource } from '../../../shared/aws/deploy/template.ts'
import { settings } from './tasks.ts'

const resources = (given: Parameters<typeof settings>[0] = {}) => platformStack(settings(given)).resources
const types = (all: Record<string, Resource>) => Object.values(all).map(r => r.Type)
const all = resources()

test('the ledger is streamed, restorable, indexed once, and kept; of a kind that can be given a second region', () => {
  expect(all.Table).toMatchObject({
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Type: 'AWS::DynamoDB::GlobalTable',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      Replicas: [
        {
          Region: { Ref: 'AWS::Region' },
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  })
  expect(all.Table!.Properties!.GlobalSecondaryIndexes).toHaveLength(1)
  expect(resources({ protect: false }).Table).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: { Replicas: [{ DeletionProtectionEnabled: false }] },
  })
})

test('a first deployment that fails leaves nothing that the next one would stumble over', () => {
  const first = resources({ audit: true, customerKey: true, site: { ...onlySite, newTable: true } })
  for (const { Type, DeletionPolicy, UpdateReplacePolicy } of Object.values(first))
    if (DeletionPolicy) expect([Type, DeletionPolicy, UpdateReplacePolicy]).toEqual([Type, 'RetainExceptOnCreate', 'Retain'])
  // A table that is protected stays though its stack is rolled back.
  expect(first.Table!.Properties!.Replicas).toMatchObject([{ DeletionProtectionEnabled: false }])
})

test('nothing of the lake is public, unencrypted or deleted by a lifecycle while it is current', () => {
  const { Properties } = all.Bucket!
  expect(Object.values(Properties!.PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true])
  expect(Properties!.VersioningConfiguration).toEqual({ Status: 'Enabled' })
  expect(JSON.stringify(Properties!.LifecycleConfiguration)).not.toMatch(/"(ExpirationInDays|Expiration|Transitions?)"/)
  expect(JSON.stringify(all.BucketPolicy)).toContain('"aws:SecureTransport":"false"')
})

test('what is hidden in a bucket is let go in the end, and so is what hid it', () => {
  const rules = (of: Record<string, Resource>, bucket: string) =>
    (of[bucket]!.Properties!.LifecycleConfiguration as { Rules: object[] }).Rules
  expect(rules(all, 'Bucket')).toContainEqual(
    expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 14 }, ExpiredObjectDeleteMarker: true }),
  )
  // S3 takes no ExpiredObjectDeleteMarker beside days: these remove the lone marker too.
  expect(rules(resources({ audit: true }), 'AuditBucket')).toEqual([
    { Id: 'a-year', Status: 'Enabled', ExpirationInDays: 365, NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
  ])
})

test('the relay reads from the stream’s horizon, tells what failed, and gives up into the dead letters', () => {
  expect(all.RelaySource!.Properties).toMatchObject({
    StartingPosition: 'TRIM_HORIZON',
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BisectBatchOnFunctionError: true,
    Enabled: true,
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } } },
  })
})

test('the night begins at its time in its zone', () => {
  expect(resources({ zone: 'Europe/Madrid', nightAt: '04:05' }).NightSchedule!.Properties).toMatchObject({
    ScheduleExpression: 'cron(5 4 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Madrid',
    State: 'ENABLED',
  })
})

test('a region that stands by begins, relays and sweeps nothing', () => {
  const standby = resources({ site: { ...onlySite, active: false } })
  expect(standby.NightSchedule!.Properties!.State).toBe('DISABLED')
  expect(standby.SweepRule!.Properties!.State).toBe('DISABLED')
  expect(standby.RelaySource!.Properties!.Enabled).toBe(false)
  for (const rule of ['NightRule', 'RequestsRule', 'DeliveriesRule']) expect(standby[rule]!.Properties!.State).toBe('DISABLED')
  expect(standby.NightAlarm!.Properties!.ActionsEnabled).toBe(false)
})

test('the sweep knows when nights are due, and the alarm is about what it finds: late nights, or nothing at all', () => {
  const sweep = platformStack(settings({ nightAt: '04:05' })).functions.sweep
  expect(sweep.environment.REDEYE_NIGHT_AT).toBe('04:05')
  expect(all.SweepRule!.Properties!.ScheduleExpression).toBe('rate(15 minutes)')
  expect(all.NightAlarm!.Properties).toMatchObject({
    Namespace: 'Redeye',
    MetricName: 'LateNights',
    Dimensions: [{ Name: 'stage', Value: 'dev' }],
    Period: 900,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    // A new alarm has no data and tells nobody; one that loses them does.
    TreatMissingData: 'missing',
    InsufficientDataActions: [{ Ref: 'Topic' }],
    ActionsEnabled: true,
  })
})

const regions = { region: 'eu-west-1', standby: 'eu-central-1' }
const home = resources({ ...regions, site: { ...onlySite, replicatesTo: 'eu-central-1' } })
const stream = 'arn:aws:dynamodb:eu-central-1:123456789012:table/redeye-dev/stream/2026-01-01T00:00:00.000'
const away = { home: false, active: false, stream, replicatesTo: 'eu-west-1' }

test('the ledger of two regions is in one stack, and the lake of each is replicated to the other, with what was removed', () => {
  expect((home.Table!.Properties!.Replicas as { Region: unknown }[]).map(r => r.Region)).toEqual([{ Ref: 'AWS::Region' }, 'eu-central-1'])
  expect(home.Bucket!.Properties!.ReplicationConfiguration).toEqual({
    Role: { 'Fn::GetAtt': ['ReplicationRole', 'Arn'] },
    Rules: [
      {
        Id: 'to-the-other-region',
        Status: 'Enabled',
        Priority: 1,
        Filter: { Prefix: '' },
        DeleteMarkerReplication: { Status: 'Enabled' },
        Destination: { Bucket: { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::redeye-dev-lake-\${AWS::AccountId}-eu-central-1` } },
      },
    ],
  })
  expect(all.Bucket!.Properties).not.toHaveProperty('ReplicationConfiguration')
})

test('what is replicated is encrypted by the other region’s own key, which must be there first', () => {
  const otherKey = 'arn:aws:kms:eu-central-1:123456789012:key/b'
  const keyed = resources({ ...regions, customerKey: true, site: { ...onlySite, replicatesTo: 'eu-central-1', otherKey } })
  expect(keyed.Table!.Properties!.Replicas).toMatchObject([
    { SSESpecification: { KMSMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } } },
    { Region: 'eu-central-1', SSESpecification: { KMSMasterKeyId: otherKey } },
  ])
  expect((keyed.Bucket!.Properties!.ReplicationConfiguration as { Rules: object[] }).Rules).toMatchObject([
    {
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
      Destination: { EncryptionConfiguration: { ReplicaKmsKeyID: otherKey } },
    },
  ])
  const first = resources({ ...regions, customerKey: true, site: onlySite })
  expect(first.Table!.Properties!.Replicas).toHaveLength(1)
  expect(first.Bucket!.Properties).not.toHaveProperty('ReplicationConfiguration')
})

test('the other region has the replica by its name, and the replica’s own stream; nothing of it is called as in the first', () => {
  const stack = platformStack(settings({ ...regions, site: away }))
  expect(stack.parameters.Table).toMatchObject({ Type: 'String', Default: 'redeye-dev' })
  expect(stack.resources.Table).toBeUndefined()
  expect(stack.resources.RelaySource!.Properties).toMatchObject({ EventSourceArn: stream, Enabled: false })
  expect(JSON.stringify(stack)).not.toContain('"Fn::GetAtt":["Table"')
  const ofAccount = (of: Record<string, Resource>) =>
    Object.values(of).flatMap(({ Properties }) => [Properties?.RoleName, Properties?.DashboardName].filter(Boolean))
  expect(ofAccount(stack.resources).filter(name => ofAccount(home).includes(name))).toEqual([])
  // Before the first region has made the replica there is nothing to listen to.
  expect(resources({ ...regions, site: { ...away, stream: '' } }).RelaySource).toBeUndefined()
})

test('six alarms, each told to the topic', () => {
  const alarms = Object.values(all).filter(r => r.Type === 'AWS::CloudWatch::Alarm')
  expect(alarms).toHaveLength(6)
  for (const { Properties } of alarms) expect(Properties!.AlarmActions).toEqual([{ Ref: 'Topic' }])
})

test('network, audit and key are there when asked for', () => {
  expect(types(all).filter(t => /EC2|CloudTrail|KMS/.test(t))).toEqual([])
  expect(types(resources({ network: true }))).toEqual(
    expect.arrayContaining(['AWS::EC2::VPC', 'AWS::EC2::NatGateway', 'AWS::EC2::VPCEndpoint']),
  )
  expect(types(resources({ audit: true }))).toContain('AWS::CloudTrail::Trail')
  const keyed = resources({ customerKey: true })
  expect(keyed.Key!.Properties!.EnableKeyRotation).toBe(true)
  for (const id of ['Table', 'Bucket', 'DeadLetters', 'Topic', 'Bus', 'Archive'])
    expect(JSON.stringify(keyed[id])).toContain('["Key","Arn"]')
})

test('the trail is about this stage’s table, and about none whose name begins alike', () => {
  const selectors = resources({ audit: true }).Trail!.Properties!.AdvancedEventSelectors as { FieldSelectors: { Field: string }[] }[]
  const arns = selectors.flatMap(s => s.FieldSelectors).filter(f => f.Field === 'resources.ARN')
  expect(arns).toEqual([
    { Field: 'resources.ARN', StartsWith: [{ 'Fn::Sub': `\${Bucket.Arn}/` }] },
    { Field: 'resources.ARN', Equals: [tableArn] },
  ])
})

test('a bus with a key of one’s own lays aside what it cannot decrypt, and its archive may encrypt anew', () => {
  expect(all.Bus!.Properties).not.toHaveProperty('DeadLetterConfig')
  const keyed = resources({ customerKey: true })
  expect(keyed.Bus!.Properties!.DeadLetterConfig).toEqual({ Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } })
  const { Statement } = keyed.Key!.Properties!.KeyPolicy as { Statement: object[] }
  expect(Statement).toContainEqual(
    expect.objectContaining({ Principal: { Service: ['events.amazonaws.com'] }, Action: ['kms:ReEncrypt*'], Resource: '*' }),
  )
})

test('nothing of the platform is traced', () => {
  expect(JSON.stringify(platformStack(settings()))).not.toMatch(/xray|tracing/i)
})

test('an address gets the mails', () => {
  expect(all.Topic!.Properties!.Subscription).toBeUndefined()
  expect(resources({ email: 'nights@example.com' }).Topic!.Properties!.Subscription).toEqual([
    { Protocol: 'email', Endpoint: 'nights@example.com' },
  ])
})

test('what EMR Serverless says of the ends of the stage’s jobs is heard on the account’s own bus', () => {
  const { EventBusName, EventPattern, Targets } = all.JobEvents!.Properties!
  expect(EventBusName).toBeUndefined()
  expect(EventPattern).toEqual({
    source: ['aws.emr-serverless'],
    'detail-type': ['EMR Serverless Job Run State Change'],
    detail: { applicationId: [{ Ref: 'SparkNightly' }, { Ref: 'SparkBackfill' }], state: ['SUCCESS', 'FAILED', 'CANCELLED'] },
  })
  expect(Targets).toMatchObject([{ Arn: { 'Fn::GetAtt': ['JobsLambdaFunction', 'Arn'] } }])
})

test('two applications for Spark, bounded, that stop when idle', () => {
  const spark = resources({ sparkNightlyCpus: 16 })
  expect(spark.SparkNightly!.Properties).toMatchObject({
    MaximumCapacity: { Cpu: '16 vCPU', Memory: '128 GB' },
    AutoStopConfiguration: { Enabled: true },
  })
  // A job reads the lake and nothing else, which needs no network, and no interface in it for each worker.
  expect(resources({ network: true }).SparkNightly!.Properties).not.toHaveProperty('NetworkConfiguration')
  expect(spark.SparkBackfill!.Properties).toMatchObject({ MaximumCapacity: { Cpu: '8 vCPU' } })
})
