import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation'
import { type ReplicaUpdate, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda'
import { PutBucketReplicationCommand, type ReplicationRule } from '@aws-sdk/client-s3'
import { parse, stringify } from 'yaml'
import { names } from '../../shared/aws/deploy/names.ts'
import { type Emulator, startEmulator } from '../aws/emulator.ts'
import { runSls } from './deploy.ts'
import { copyProject } from './project.ts'
import { redeye } from './redeye-command.ts'
import { say } from './say.ts'
import { openStage, type Stage } from './stage.ts'

export const HOME = 'eu-west-1'
export const STANDBY = 'eu-central-1'
export const SERVICES = ['site-logs', 'web-sessions']

/** A stage that is deployed in two regions of one emulator, and replicated. */
export interface TwoRegions {
  root: string
  home: Stage
  standby: Stage
  /** The folder that the site's logs are read from. */
  logs: string
  redeye(...args: string[]): ReturnType<typeof redeye>
  close(): Promise<void>
}

/** Deploys two services and the platform to both regions, in the order of docs/regions.md. */
export async function setUpRegions(stage: string): Promise<TwoRegions> {
  const undo: (() => unknown)[] = []
  const close = async () => {
    for (const step of undo.toReversed()) await step()
  }
  try {
    const emulator = await startEmulator({ region: HOME })
    undo.push(() => emulator.stop())
    // With the emulator it ends, whatever ends this process.
    const { folder } = emulator
    const root = smallProject(join(folder, 'project'), stage)
    const logs = join(folder, 'logs')
    mkdirSync(logs)
    const run: TwoRegions['redeye'] = (...args) => redeye(root, [...args, '--stage', stage], emulator.env)
    const deploy = (region: string, service?: string) =>
      runSls(service ? join(root, 'services', service) : root, ['deploy', '--stage', stage, '--region', region], emulator.env)
    const deployServices = (region: string) => Promise.all(SERVICES.map(service => deploy(region, service)))
    say('deploying the second region, whose lake the first one’s is to be replicated to')
    await deploy(STANDBY)
    say('deploying the first region, whose table is to be replicated')
    await deploy(HOME)
    await doWhatCloudFormationWould(emulator, stage, HOME)
    say('deploying the second region again, now that there is a replica, beside the services of the first')
    await Promise.all([deploy(STANDBY), deployServices(HOME)])
    await doWhatCloudFormationWould(emulator, stage, STANDBY)
    await deployServices(STANDBY)
    say('all is deployed')
    const open = (region: string) => openStage(inRegion(emulator, region), stage, join(folder, `copies-${region}`))
    return { root, logs, home: await open(HOME), standby: await open(STANDBY), redeye: run, close }
  } catch (error) {
    await close()
    throw error
  }
}

const inRegion = (emulator: Emulator, region: string): Emulator => ({
  ...emulator,
  env: { ...emulator.env, AWS_REGION: region, AWS_DEFAULT_REGION: region },
})

/** Redeye's own project with two of its services, and a dataset that is made outside. */
function smallProject(root: string, stage: string): string {
  const { services, folder } = copyProject(root, [stage])
  for (const service of services.filter(name => !SERVICES.includes(name))) rmSync(folder(service), { recursive: true })
  const file = join(root, 'serverless.yml')
  const config = parse(readFileSync(file, 'utf8')) as { params: Record<string, object> }
  config.params[stage] = { ...config.params[stage], region: HOME, standby: STANDBY }
  writeFileSync(file, stringify(config))
  writeFileSync(
    join(root, 'datasets', 'landing-fees.ts'),
    `import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const landingFees = dataset('landing_fees', { partition: days, columns: { airport: 'string', dollars: 'double' }, outside: true })
`,
  )
  appendFileSync(join(root, 'datasets', 'index.ts'), "export { landingFees } from './landing-fees.ts'\n")
  return root
}

type Template = {
  Resources: Record<string, { Properties: Record<string, unknown> }>
}

/**
 * The emulator takes a table with replicas and a bucket that replicates, and makes neither replicate; asked directly it does. And it says of
 * every new source of a function that it is enabled. So what the deployed template says of the three is said again here, in its own words.
 */
async function doWhatCloudFormationWould(emulator: Emulator, stage: string, region: string): Promise<void> {
  const { env } = inRegion(emulator, region)
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! }
  const cloudformation = new CloudFormationClient({ endpoint: emulator.endpoint, region, credentials })
  const { TemplateBody } = await cloudformation.send(new GetTemplateCommand({ StackName: names.stack(stage) }))
  cloudformation.destroy()
  const { Table, Bucket, ReplicationRole, RelaySource } = (JSON.parse(TemplateBody!) as Template).Resources
  const { clients } = await openStage(inRegion(emulator, region), stage, tmpdir())
  const { EventSourceMappings = [] } = await clients.lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: names.lambda(stage, 'platform', 'relay') }),
  )
  for (const { UUID } of EventSourceMappings)
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: RelaySource!.Properties.Enabled as boolean }))
  const others = ((Table?.Properties.Replicas ?? []) as { Region: unknown }[]).map(r => r.Region).filter(r => typeof r === 'string')
  const TableName = names.table(stage)
  const ReplicaUpdates = others.map((RegionName): ReplicaUpdate => ({ Create: { RegionName } }))
  if (ReplicaUpdates.length > 0) await clients.dynamodb.send(new UpdateTableCommand({ TableName, ReplicaUpdates })).catch(unlessThere)
  const replication = Bucket!.Properties.ReplicationConfiguration as { Rules: ReplicationRule[] } | undefined
  if (!replication) return
  const [account, partition] = ['000000000000', 'aws']
  const resolved = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value, (_, part) => part?.['Fn::Sub'] ?? part)
        .replaceAll(`\${AWS::Partition}`, partition)
        .replaceAll(`\${AWS::AccountId}`, account),
    ) as ReplicationRule[]
  await clients.s3.send(
    new PutBucketReplicationCommand({
      Bucket: names.bucket(stage, account, region),
      ReplicationConfiguration: {
        Role: `arn:aws:iam::${account}:role/${ReplicationRole!.Properties.RoleName as string}`,
        Rules: resolved(replication.Rules),
      },
    }),
  )
}

/** The second time the replica is there. */
function unlessThere(cause: unknown): void {
  if (!/already/i.test((cause as Error).message)) throw cause
}
