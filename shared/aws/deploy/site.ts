import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
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
  if (OFFLINE.includes(commands[0] ?? 'help')) return { ...settings, site: { ...onlySite, home, active: home, replicatesTo: other } }
  const { dynamodb } = clients(region)
  const stream = await streamOf(dynamodb, names.table(settings.stage))
  const site: Site = {
    home,
    active: stream === undefined ? home : (await writerIn(settings, dynamodb)) === region,
    stream: home ? '' : (stream ?? ''),
    replicatesTo: (await hasLake(other, settings.stage, clients(other).ssm)) ? other : '',
  }
  return { ...settings, site }
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

/** The regions in which the platform is deployed one after the other, given whether the second has it already. */
export const platformOrder = (regions: readonly string[], isThere: boolean): string[] =>
  isThere ? [...regions] : [...regions, regions[0]!]

/** The region that writes, as the ledger in this one knows. */
async function writerIn({ stage, region }: StageSettings, client: DynamoDBClient): Promise<string> {
  const switched = await new DynamoLedger({ table: names.table(stage), client }).get<PauseDoc>(pauseKey('all'))
  return writerOf(switched?.doc) ?? region
}

/** The stream of the region's table; undefined where there is no table. */
async function streamOf(client: DynamoDBClient, TableName: string): Promise<string | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table?.LatestStreamArn
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
