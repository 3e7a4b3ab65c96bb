import { platformStack } from '../../../shared/aws/deploy/platform/platform.ts'
import type { Resource } from '../../../shared/aws/deploy/template.ts'
import { settings } from './tasks.ts'

const resources = (given: Parameters<typeof settings>[0] = {}) => platformStack(settings(given)).resources
const types = (all: Record<string, Resource>) => Object.values(all).map(r => r.Type)
const all = resources()

test('the ledger is streamed, restorable, indexed once, and kept', () => {
  expect(all.Table).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  })
  expect(all.Table!.Properties!.GlobalSecondaryIndexes).toHaveLength(1)
  expect(resources({ protect: false }).Table).toMatchObject({ DeletionPolicy: 'Delete', Properties: { DeletionProtectionEnabled: false } })
})

test('nothing of the lake is public, unencrypted or deleted by a lifecycle while it is current', () => {
  const { Properties } = all.Bucket!
  expect(Object.values(Properties!.PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true])
  expect(Properties!.VersioningConfiguration).toEqual({ Status: 'Enabled' })
  expect(JSON.stringify(Properties!.LifecycleConfiguration)).not.toMatch(/"(ExpirationInDays|Expiration|Transitions?)"/)
  expect(JSON.stringify(all.BucketPolicy)).toContain('"aws:SecureTransport":"false"')
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
  const standby = resources({ active: false })
  expect(standby.NightSchedule!.Properties!.State).toBe('DISABLED')
  expect(standby.SweepRule!.Properties!.State).toBe('DISABLED')
  expect(standby.RelaySource!.Properties!.Enabled).toBe(false)
})

test('six alarms, each told to the topic', () => {
  const alarms = Object.values(all).filter(r => r.Type === 'AWS::CloudWatch::Alarm')
  expect(alarms).toHaveLength(6)
  for (const { Properties } of alarms) expect(Properties!.AlarmActions).toEqual([{ Ref: 'Topic' }])
})

test('the dashboard finds functions by their names', () => {
  expect(JSON.stringify(all.Dashboard)).toContain('SEARCH(')
  expect(JSON.stringify(all.Dashboard)).not.toContain('airport')
})

test('network, audit and key are there when asked for', () => {
  expect(types(all).filter(t => /EC2|CloudTrail|KMS/.test(t))).toEqual([])
  expect(types(resources({ network: true }))).toEqual(
    expect.arrayContaining(['AWS::EC2::VPC', 'AWS::EC2::NatGateway', 'AWS::EC2::VPCEndpoint']),
  )
  expect(types(resources({ audit: true }))).toContain('AWS::CloudTrail::Trail')
  const keyed = resources({ customerKey: true })
  expect(keyed.Key!.Properties!.EnableKeyRotation).toBe(true)
  for (const id of ['Table', 'Bucket', 'DeadLetters', 'Topic', 'Bus']) expect(JSON.stringify(keyed[id])).toContain('["Key","Arn"]')
})

test('an address gets the mails', () => {
  expect(all.Topic!.Properties!.Subscription).toBeUndefined()
  expect(resources({ email: 'nights@example.com' }).Topic!.Properties!.Subscription).toEqual([
    { Protocol: 'email', Endpoint: 'nights@example.com' },
  ])
})

test('two applications for Spark, bounded, that stop when idle', () => {
  const spark = resources({ sparkNightlyCpus: 16 })
  expect(spark.SparkNightly!.Properties).toMatchObject({
    MaximumCapacity: { Cpu: '16 vCPU', Memory: '128 GB' },
    AutoStopConfiguration: { Enabled: true },
  })
  expect(spark.SparkBackfill!.Properties).toMatchObject({ MaximumCapacity: { Cpu: '8 vCPU' } })
})
