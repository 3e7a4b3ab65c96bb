import { DescribeTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3'
import { SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import type { Osls } from '../../../shared/aws/deploy/osls.ts'
import PlatformPlugin from '../../../shared/aws/deploy/platform-plugin.ts'
import type { Resources } from '../../../shared/aws/deploy/template.ts'
import { sdkError } from '../sdk.ts'
import { root } from './tasks.ts'

const s3 = mockClient(S3Client)
const dynamodb = mockClient(DynamoDBClient)
// What is registered after a deployment is no concern of these tests.
mockClient(SSMClient).rejects(sdkError('AccessDenied'))
const told: string[] = []
const LAKE = 'redeye-dev-lake-123456789012-eu-west-1'
const AUDIT = 'redeye-dev-audit-123456789012-eu-west-1'

/** The plugin as a command finds it, and what it has told osls. */
async function plugged(command: string, param: string[]) {
  const sections: Record<string, object> = {}
  const osls: Osls = {
    serviceDir: root,
    classes: { Error },
    service: { service: 'redeye-platform', functions: {} },
    configurationInput: {},
    processedInput: { commands: [command] },
    getProvider: () => ({ getAccountId: async () => '123456789012' }),
    extendConfiguration: ([section], value) => void Object.assign(sections, { [section!]: value }),
  }
  const log = { notice: (text: string) => void told.push(text), warning() {}, error() {} }
  const plugin = new PlatformPlugin(osls, { stage: 'dev', region: 'eu-west-1', param }, { log })
  await plugin.asyncInit()
  const { Table } = (sections.resources as { Resources: Resources }).Resources
  return { plugin, table: Table!.Properties!.Replicas as { DeletionProtectionEnabled: boolean }[] }
}

const remove = async (param: string[]) => (await plugged('remove', param)).plugin.hooks['before:remove:remove']!()

/** A bucket that holds these until they are deleted, and lists a thousand at once. */
function holds(Bucket: string, held: { Key: string; VersionId: string; marker?: true }[]): typeof held {
  s3.on(ListObjectVersionsCommand, { Bucket }).callsFake(async () => {
    const page = held.slice(0, 1000)
    return { Versions: page.filter(v => !v.marker), DeleteMarkers: page.filter(v => v.marker), IsTruncated: held.length > 1000 }
  })
  s3.on(DeleteObjectsCommand, { Bucket }).callsFake(async ({ Delete }: { Delete: { Objects: { Key: string; VersionId: string }[] } }) => {
    expect(Delete.Objects.length).toBeLessThanOrEqual(1000)
    for (const { Key, VersionId } of Delete.Objects) {
      const at = held.findIndex(v => v.Key === Key && v.VersionId === VersionId)
      expect(at).not.toBe(-1)
      held.splice(at, 1)
    }
    return {}
  })
  return held
}

beforeEach(() => {
  s3.reset()
  dynamodb.reset()
  told.length = 0
  dynamodb.on(DescribeTableCommand).resolves({ Table: { DeletionProtectionEnabled: false } })
  s3.on(ListObjectVersionsCommand).rejects(sdkError('NoSuchBucket'))
})

test('a protected table is made without protection, so that it can be rolled back, and protected when its deployment has ended', async () => {
  dynamodb.on(DescribeTableCommand).rejects(sdkError('ResourceNotFoundException'))
  const { plugin, table } = await plugged('deploy', ['protect=true'])
  expect(table).toMatchObject([{ DeletionProtectionEnabled: false }])
  expect(dynamodb.commandCalls(UpdateTableCommand)).toHaveLength(0)
  await plugin.hooks['after:deploy:deploy']!().catch(() => {})
  expect(dynamodb.commandCalls(UpdateTableCommand).map(c => c.args[0].input)).toEqual([
    { TableName: 'redeye-dev', DeletionProtectionEnabled: true },
  ])
})

test('a replica that is still to come is protected when it comes', async () => {
  dynamodb.on(DescribeTableCommand).rejects(sdkError('ResourceNotFoundException'))
  dynamodb.on(UpdateTableCommand).resolvesOnce({}).rejects(sdkError('ResourceNotFoundException'))
  const { plugin } = await plugged('deploy', ['protect=true', 'customerKey=true', 'region=eu-west-1', 'standby=eu-central-1'])
  // What is registered after it is asked for, and refused.
  await expect(plugin.hooks['after:deploy:deploy']!()).rejects.toMatchObject({ message: expect.stringContaining('ssm:') })
  expect(dynamodb.commandCalls(UpdateTableCommand)).toHaveLength(2)
})

test('a table that is there is protected by its template', async () => {
  const { plugin, table } = await plugged('deploy', ['protect=true'])
  expect(table).toMatchObject([{ DeletionProtectionEnabled: true }])
  await plugin.hooks['after:deploy:deploy']!().catch(() => {})
  expect(dynamodb.commandCalls(UpdateTableCommand)).toHaveLength(0)
})

test('an unprotected stage’s buckets are emptied first, of all versions and delete markers', async () => {
  const lake = holds(LAKE, [
    ...Array.from({ length: 2500 }, (_, i) => ({ Key: `flights/${i}`, VersionId: 'a' })),
    { Key: 'flights/0', VersionId: 'b', marker: true as const },
  ])
  const log = holds(AUDIT, [{ Key: 'AWSLogs/1', VersionId: 'a' }])
  await remove(['protect=false'])
  expect([lake, log]).toEqual([[], []])
  expect(s3.commandCalls(DeleteObjectsCommand)).toHaveLength(4)
  expect(told).toEqual([`${LAKE} is emptied; versions deleted: 2501`, `${AUDIT} is emptied; versions deleted: 1`])
})

test('a protected one keeps them', async () => {
  await remove(['protect=true'])
  expect(s3.calls()).toEqual([])
  expect(told).toEqual(['dev is protected: its ledger and lake stay'])
})

test('so does one that was deployed protected, and nothing of it is removed', async () => {
  dynamodb.on(DescribeTableCommand, { TableName: 'redeye-dev' }).resolves({ Table: { DeletionProtectionEnabled: true } })
  await expect(remove(['protect=false'])).rejects.toThrow(
    /^BAD_ARGUMENT stage dev is protected as it is deployed in eu-west-1\n {2}→ .*--param protect=false/,
  )
  expect(s3.calls()).toEqual([])
})

test('what is not there needs no emptying', async () => {
  dynamodb.on(DescribeTableCommand).rejects(sdkError('ResourceNotFoundException'))
  await remove(['protect=false'])
  expect(told).toEqual([])
})

test('a version that S3 keeps is told, and not asked for for ever', async () => {
  holds(LAKE, [{ Key: 'flights/0', VersionId: 'a' }])
  s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'flights/0', Code: 'AccessDenied', Message: 'no' }] })
  await expect(remove(['protect=false'])).rejects.toMatchObject({ message: expect.stringContaining('s3:DeleteObjectVersion') })
})

test('a night at a time that the zone skips is neither packaged nor deployed, and can be removed', async () => {
  const { plugin } = await plugged('package', ['zone=Europe/Madrid', 'nightAt=02:30'])
  await expect(plugin.hooks['before:package:createDeploymentArtifacts']!()).rejects.toThrow(
    /^BAD_DATE nightAt is 02:30, and Europe\/Madrid has no such time on \d{4}-\d\d-\d\d: that night would not begin\n {2}→ choose a time/,
  )
  await remove(['protect=true', 'zone=Europe/Madrid', 'nightAt=02:30'])
})

test('before anything is changed a deployment asks what is registered', async () => {
  const { plugin } = await plugged('deploy', ['protect=false'])
  await expect(plugin.hooks['before:deploy:deploy']!()).rejects.toThrow(/^NOT_DEPLOYED .*ssm:GetParameter/)
})
