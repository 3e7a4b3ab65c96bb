import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ListBucketsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3'
import { parse, stringify } from 'yaml'
import { startEmulator } from '../aws/emulator.ts'
import { runSls } from './deploy.ts'
import { copyProject } from './project.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-adhoc-'))
const emulator = await startEmulator({ region: 'eu-west-1' })
try {
  const root = join(folder, 'project')
  copyProject(root, ['two', 'prot'])
  const file = join(root, 'serverless.yml')
  const config = parse(readFileSync(file, 'utf8'))
  Object.assign(config.params.two, { region: 'eu-west-1', standby: 'eu-central-1' })
  Object.assign(config.params.prot, { protect: true })
  writeFileSync(file, stringify(config))
  const sls = async (command: string, stage: string, region: string, ...more: string[]) => {
    const began = Date.now()
    try {
      await runSls(root, [command, '--stage', stage, '--region', region, ...more], emulator.env)
      console.log(command, stage, region, 'ok', Date.now() - began)
    } catch (error) {
      console.log(command, stage, region, 'FAILED', String((error as Error).message).slice(-1500))
    }
  }
  const credentials = { accessKeyId: emulator.env.AWS_ACCESS_KEY_ID!, secretAccessKey: emulator.env.AWS_SECRET_ACCESS_KEY! }
  const s3 = new S3Client({ endpoint: emulator.endpoint, region: 'eu-west-1', credentials, forcePathStyle: true })
  const dynamodb = new DynamoDBClient({ endpoint: emulator.endpoint, region: 'eu-west-1', credentials })
  const look = async (what: string) => {
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    for (const { Name } of Buckets) {
      const { Versions = [] } = await s3
        .send(new ListObjectVersionsCommand({ Bucket: Name }))
        .catch(e => ({ Versions: [{ Key: String(e) }] }))
      console.log(what, Name, Versions.length, Versions[0]?.Key)
    }
    for (const TableName of ['redeye-two', 'redeye-prot'])
      console.log(
        what,
        TableName,
        await dynamodb.send(new DescribeTableCommand({ TableName })).then(
          t => t.Table!.DeletionProtectionEnabled,
          e => e.name,
        ),
      )
  }
  await sls('deploy', 'prot', 'eu-west-1')
  await look('after prot')
  await sls('deploy', 'prot', 'eu-west-1')
  await look('again prot')
  await sls('remove', 'prot', 'eu-west-1', '--param', 'protect=false')
  for (const region of ['eu-central-1', 'eu-west-1', 'eu-central-1']) await sls('deploy', 'two', region)
  await look('after two')
  await sls('remove', 'two', 'eu-central-1')
  await sls('remove', 'two', 'eu-west-1')
  await look('removed two')
} finally {
  await emulator.stop()
}
