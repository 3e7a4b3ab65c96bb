import { DescribeTableCommand, DynamoDBClient, type TableDescription } from '@aws-sdk/client-dynamodb'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { RedeyeError } from '../../core/errors.ts'
import { type PauseDoc, pauseKey, writerOf } from '../../engine/keys.ts'
import { DynamoLedger } from '../ledger.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { names } from './names.ts'
import { OFFLINE } from './provider.ts'
import { onlySite, type Site, type StageSettings } from './stage-settings.ts'

/** Clients of one region. */
export interface SiteClients {
  dynamodb: DynamoDBClient
  ssm: SSMClient
}

const clientsIn = (region: string): SiteClients => ({
  dynamodb: new DynamoDBClient({ ...sdkOptions, region }),
  ssm: new SSMClient({ ...sdkOptions, region }),
})

/** The settings with what this deployment is in its region. A stage in one region asks nothing; commands that reach nothing assume. */
export async function sited(
  settings: StageSettings,
  region: string,
  commands: readonly string[],
  clients: (region: string) => SiteClients = clientsIn,
): Promise<StageSettings> {
  if (settings.standby === '') return settings
  const home = region === settings.region
  const other = otherRegion(settings, region)
  const { stage, customerKey } = settings
  if (OFFLINE.includes(commands[0] ?? 'help')) {
    const otherKey = customerKey && { otherKey: `arn:aws:kms:${other}:000000000000:key/of-the-other-region` }
    return { ...settings, site: { ...onlySite, home, active: home, replicatesTo: other, ...otherKey } }
  }
  const { dynamodb } = clients(region)
  const { ssm } = clients(other)
  const table = await tableOf(dynamodb, names.table(stage))
  const stream = table?.LatestStreamArn
  // Once there is a replica the own region knows its key, and asks the other one for nothing.
  const otherKey = customerKey ? (replicaKey(table, other) ?? (await keyOf(stage, ssm))) : undefined
  const site: Site = {
    home,
    active: stream === undefined ? home : (await writerIn(settings, dynamodb)) === region,
    stream: home ? '' : (stream ?? ''),
    replicatesTo: (!customerKey || otherKey) && (await hasLake(other, stage, ssm)) ? other : '',
    ...(otherKey && { otherKey }),
  }
  return { ...settings, site }
}

const replicaKey = (table: TableDescription | undefined, region: string): string | undefined =>
  table?.Replicas?.find(r => r.RegionName === region)?.KMSMasterKeyId

/** The key that the platform of another region says it has; undefined where it says none, or nothing. */
async function keyOf(stage: string, client: SSMClient): Promise<string | undefined> {
  return client.send(new GetParameterCommand({ Name: names.parameter(stage, 'key') })).then(
    answer => answer.Parameter?.Value,
    () => undefined,
  )
}

/** The other of a stage's two regions; throws BAD_ARGUMENT for a region that is neither. */
export function otherRegion({ stage, region, standby }: Pick<StageSettings, 'stage' | 'region' | 'standby'>, one: string): string {
  if (standby !== '' && one === region) return standby
  if (standby !== '' && one === standby) return region
  throw new RedeyeError('BAD_ARGUMENT', `stage ${stage} is not in ${one}`, {
    remedy:
      standby === ''
        ? 'it is in one region; a second one is standby under params in serverless.yml'
        : `it is in ${region} and ${standby}, by region and standby under params in serverless.yml`,
  })
}

/**
 * The regions in which the platform is deployed one after the other, given whether the second has it already. At first the second one goes
 * before, for the first needs its lake, and its key where there is one; and then again, for it needs the table's replica.
 */
export const platformOrder = (regions: readonly string[], isThere: boolean): string[] =>
  isThere ? [...regions] : [regions[1]!, ...regions]

/** The region that writes, as the ledger in this one knows. */
async function writerIn({ stage, region }: StageSettings, client: DynamoDBClient): Promise<string> {
  const switched = await new DynamoLedger({ table: names.table(stage), client }).get<PauseDoc>(pauseKey('all'))
  return writerOf(switched?.doc) ?? region
}

/** The region's table; undefined where there is none. */
async function tableOf(client: DynamoDBClient, TableName: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return undefined
    throw awsFailure(cause, { action: 'dynamodb:DescribeTable', resource: `table/${TableName}` })
  }
}

/** Whether a region has the stage's bucket. One that does not answer had it: what is replicated there is not to stop for that. */
export async function hasLake(region: string, stage: string, client: SSMClient = clientsIn(region).ssm): Promise<boolean> {
  return client.send(new GetParameterCommand({ Name: names.parameter(stage, 'bucket') })).then(
    () => true,
    cause => errorName(cause) !== 'ParameterNotFound',
  )
}
