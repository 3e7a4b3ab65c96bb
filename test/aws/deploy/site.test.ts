import { DescribeTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { marshall } from '@aws-sdk/util-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { otherRegion, platformOrder, sited } from '../../../shared/aws/deploy/site.ts'
import { sdkError } from '../sdk.ts'
import { settings } from './tasks.ts'

const dynamodb = mockClient(DynamoDBClient)
const ssm = mockClient(SSMClient)
const both = settings({ region: 'eu-west-1', standby: 'eu-central-1' })
const stream = 'arn:aws:dynamodb:eu-central-1:123456789012:table/redeye-dev/stream/2026-01-01T00:00:00.000'
const siteIn = async (region: string, command = 'deploy') => (await sited(both, region, [command])).site
const written = (doc: object) =>
  dynamodb
    .on(GetItemCommand)
    .resolves({ Item: marshall({ pk: 'pause/all', sk: '-', rev: 3, doc: { v: 1, task: 'all', paused: false, at: 0, ...doc } }) })

beforeEach(() => {
  dynamodb.reset()
  ssm.reset()
  dynamodb.on(DescribeTableCommand).resolves({ Table: { LatestStreamArn: stream } })
  dynamodb.on(GetItemCommand).resolves({})
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: 'a-bucket' } })
})

test('a stage in one region asks nothing', async () => {
  expect((await sited(settings(), 'eu-west-1', ['deploy'])).site).toEqual({ home: true, active: true, stream: '', replicatesTo: '' })
  expect(dynamodb.calls()).toHaveLength(0)
})

test('the stage’s own region writes unless the ledger says otherwise', async () => {
  expect(await siteIn('eu-west-1')).toEqual({ home: true, active: true, stream: '', replicatesTo: 'eu-central-1' })
  expect(await siteIn('eu-central-1')).toEqual({ home: false, active: false, stream, replicatesTo: 'eu-west-1' })
  written({ writer: 'eu-central-1' })
  expect(await siteIn('eu-west-1')).toMatchObject({ home: true, active: false })
  expect(await siteIn('eu-central-1')).toMatchObject({ home: false, active: true })
  expect(dynamodb.commandCalls(DescribeTableCommand)[0]!.args[0].input).toEqual({ TableName: 'redeye-dev' })
})

test('what is not there yet: the other region’s lake, or the table’s replica', async () => {
  ssm.on(GetParameterCommand, { Name: '/redeye/dev/bucket' }).rejects(sdkError('ParameterNotFound'))
  expect(await siteIn('eu-west-1')).toMatchObject({ replicatesTo: '' })
  dynamodb.on(DescribeTableCommand).rejects(sdkError('ResourceNotFoundException'))
  expect(await siteIn('eu-central-1')).toMatchObject({ active: false, stream: '' })
  expect(await siteIn('eu-west-1')).toMatchObject({ active: true })
})

test('a region that does not answer keeps its replication', async () => {
  ssm.on(GetParameterCommand).rejects(sdkError('TimeoutError'))
  expect(await siteIn('eu-west-1')).toMatchObject({ replicatesTo: 'eu-central-1' })
})

test('what reaches nothing assumes both regions', async () => {
  expect(await siteIn('eu-central-1', 'package')).toEqual({ home: false, active: false, stream: '', replicatesTo: 'eu-west-1' })
  expect(dynamodb.calls()).toHaveLength(0)
})

test('another region is none of the stage’s', () => {
  expect(otherRegion(both, 'eu-central-1')).toBe('eu-west-1')
  expect(() => otherRegion(both, 'us-east-1')).toThrow('stage dev is not in us-east-1')
  expect(() => otherRegion(settings(), 'eu-west-1')).toThrow('stage dev is not in eu-west-1')
})

test('where the stage has keys of its own, nothing is replicated before the other region has one', async () => {
  const keyed = { ...both, customerKey: true }
  const at = async (command = 'deploy') => (await sited(keyed, 'eu-west-1', [command])).site
  const key = (id: string) => `arn:aws:kms:eu-central-1:123456789012:key/${id}`
  ssm.on(GetParameterCommand, { Name: '/redeye/dev/key' }).rejects(sdkError('ParameterNotFound'))
  expect(await at()).toEqual({ home: true, active: true, stream: '', replicatesTo: '' })
  ssm.on(GetParameterCommand, { Name: '/redeye/dev/key' }).resolves({ Parameter: { Value: key('a') } })
  expect(await at()).toMatchObject({ replicatesTo: 'eu-central-1', otherKey: key('a') })
  // A region that does not answer keeps its replica, by the key that the own one knows.
  dynamodb
    .on(DescribeTableCommand)
    .resolves({ Table: { LatestStreamArn: stream, Replicas: [{ RegionName: 'eu-central-1', KMSMasterKeyId: key('b') }] } })
  ssm.on(GetParameterCommand).rejects(sdkError('TimeoutError'))
  expect(await at()).toMatchObject({ replicatesTo: 'eu-central-1', otherKey: key('b') })
  expect(await at('package')).toMatchObject({
    replicatesTo: 'eu-central-1',
    otherKey: expect.stringContaining('arn:aws:kms:eu-central-1:'),
  })
})

test('at first the second region’s platform goes before, for its lake and its key, and again after, for the table’s replica', () => {
  expect(platformOrder(['eu-west-1'], true)).toEqual(['eu-west-1'])
  expect(platformOrder(['eu-west-1', 'eu-central-1'], false)).toEqual(['eu-central-1', 'eu-west-1', 'eu-central-1'])
  expect(platformOrder(['eu-west-1', 'eu-central-1'], true)).toEqual(['eu-west-1', 'eu-central-1'])
})
