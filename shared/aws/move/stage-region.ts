import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { eventBridgeBus } from '../bus.ts'
import { bucketLake } from '../lake.ts'
import { DynamoLedger } from '../ledger.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { parameterName, secretName } from '../secrets.ts'
import { platformValuesOf } from '../stage.ts'
import type { Region } from './region.ts'
import { stageSwitches } from './switches.ts'

export interface StageRegionOptions {
  stage: string
  region: string
  /** Settings and secrets that tasks name: their absence counts as something missing. */
  settings: readonly string[]
  sleep(ms: number): Promise<unknown>
}

/** A deployed stage in one of its regions, for a move; rejects with NOT_DEPLOYED where there is none. */
export async function stageRegion({ stage, region, settings, sleep }: StageRegionOptions): Promise<Region> {
  const options = { ...sdkOptions, region }
  const ssm = new SSMClient(options)
  const { table, bucket, bus } = await platformValuesOf(stage, ['table', 'bucket', 'bus'], ssm)
  const switches = stageSwitches({ stage, region, sleep })
  return {
    name: region,
    ledger: new DynamoLedger({ table, client: new DynamoDBClient(options) }),
    // Nothing is fetched as a file, so the folder stays empty.
    lake: bucketLake({ bucket, folder: join(tmpdir(), 'redeye-move'), client: new S3Client(options as S3ClientConfig) }),
    bus: eventBridgeBus({ bus, client: new EventBridgeClient(options) }),
    switches: {
      set: switches.set,
      missing: async tasks => [
        ...(await switches.missing(tasks)),
        ...(await absentSettings(stage, settings, ssm, new SecretsManagerClient(options))).map(name => `the setting ${name}`),
      ],
    },
  }
}

// What one GetParameters takes.
const PARAMETERS = 10

/** The settings and secrets that are neither parameter nor secret; no value is read. */
export async function absentSettings(
  stage: string,
  settings: readonly string[],
  ssm: SSMClient,
  secretsManager: SecretsManagerClient,
): Promise<string[]> {
  const absent: string[] = []
  for (let from = 0; from < settings.length; from += PARAMETERS) {
    const Names = settings.slice(from, from + PARAMETERS).map(name => parameterName(stage, name))
    const { InvalidParameters = [] } = await ssm.send(new GetParametersCommand({ Names })).catch((cause: unknown) => {
      throw awsFailure(cause, { action: 'ssm:GetParameters', resource: `parameter${parameterName(stage, '*')}` })
    })
    for (const name of settings.slice(from, from + PARAMETERS))
      if (InvalidParameters.includes(parameterName(stage, name)) && !(await isSecret(secretsManager, secretName(stage, name))))
        absent.push(name)
  }
  return absent
}

async function isSecret(client: SecretsManagerClient, SecretId: string): Promise<boolean> {
  try {
    await client.send(new DescribeSecretCommand({ SecretId }))
    return true
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return false
    throw awsFailure(cause, { action: 'secretsmanager:DescribeSecret', resource: `secret/${SecretId}` })
  }
}
