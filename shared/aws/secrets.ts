import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { RedeyeError } from '../core/errors.ts'
import { awsFailure, errorName, sdkOptions } from './sdk.ts'

// A secret that is renewed is taken up within this time; asked anew each time, a warm function of many runs would be throttled.
const TTL_MS = 5 * 60_000

export interface SecretsOptions {
  stage: string
  now(): number
  ssm?: SSMClient
  secretsManager?: SecretsManagerClient
}

/** Where a setting or secret of a stage is: a parameter (SecureString or plain), or a secret of Secrets Manager. */
export const parameterName = (stage: string, name: string): string => `/redeye/${stage}/secrets/${name}`
export const secretName = (stage: string, name: string): string => `redeye/${stage}/${name}`

/**
 * Settings and secrets by the names that tasks give them: from Parameter Store, else from Secrets Manager; kept for five minutes.
 * Rejects with BAD_CREDENTIAL that says where to put a missing one.
 *
 * @example
 * const secret = stageSecrets({ stage: 'dev', now: Date.now })
 * const url = await secret('CREW_DESK')
 */
export function stageSecrets(options: SecretsOptions): (name: string) => Promise<string> {
  const { now, ssm = new SSMClient(sdkOptions) } = options
  let { secretsManager } = options
  const known = new Map<string, { value: Promise<string>; until: number }>()
  async function read(name: string): Promise<string> {
    const parameter = await fromParameters(ssm, parameterName(options.stage, name))
    if (parameter !== undefined) return parameter
    secretsManager ??= new SecretsManagerClient(sdkOptions)
    const secret = await fromSecrets(secretsManager, secretName(options.stage, name))
    if (secret !== undefined) return secret
    throw notGiven(options.stage, name)
  }
  return name => {
    const found = known.get(name)
    if (found && found.until > now()) return found.value
    const value = read(name)
    known.set(name, { value, until: now() + TTL_MS })
    // What is put there now is found by the next who asks.
    value.catch(() => known.delete(name))
    return value
  }
}

async function fromParameters(client: SSMClient, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))).Parameter?.Value
  } catch (cause) {
    if (errorName(cause) === 'ParameterNotFound') return undefined
    throw awsFailure(cause, { action: 'ssm:GetParameter', resource: `parameter${name}` })
  }
}

async function fromSecrets(client: SecretsManagerClient, name: string): Promise<string | undefined> {
  try {
    const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: name }))
    return SecretString ?? (SecretBinary && new TextDecoder().decode(SecretBinary))
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return undefined
    throw awsFailure(cause, { action: 'secretsmanager:GetSecretValue', resource: `secret:${name}` })
  }
}

function notGiven(stage: string, name: string): RedeyeError {
  const parameter = parameterName(stage, name)
  return new RedeyeError(
    'BAD_CREDENTIAL',
    `no setting or secret ${name} is given: neither the parameter ${parameter} nor the secret ${secretName(stage, name)} exists`,
    {
      remedy: `aws ssm put-parameter --type SecureString --name ${parameter} --value …`,
    },
  )
}
