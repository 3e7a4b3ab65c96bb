import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { names, platformValues } from './names.ts'

// What SSM takes at once.
const NAMES_A_REQUEST = 10

/**
 * Whether a value that the platform tells its services was changed after a service was deployed. One that may not be looked at counts as
 * behind; one that is not there does not.
 */
export async function isBehind(stage: string, service: string, region: string): Promise<boolean> {
  const [deployedAt, changedAt] = await Promise.all([lastDeployed(stage, service, region), platformChangedAt(stage, region)])
  return deployedAt < changedAt
}

async function platformChangedAt(stage: string, region: string): Promise<number> {
  const client = new SSMClient({ ...sdkOptions, region })
  const all = platformValues.map(value => names.parameter(stage, value))
  let changedAt = 0
  for (let from = 0; from < all.length; from += NAMES_A_REQUEST) {
    const command = new GetParametersCommand({ Names: all.slice(from, from + NAMES_A_REQUEST) })
    const { Parameters = [] } = await client.send(command).catch(cause => {
      throw awsFailure(cause, { action: 'ssm:GetParameters', resource: `parameter/redeye/${stage}/*` })
    })
    for (const { LastModifiedDate } of Parameters) changedAt = Math.max(changedAt, LastModifiedDate?.getTime() ?? 0)
  }
  return changedAt
}

/** When a service's function was last changed, which every deployment that is not left out does. */
async function lastDeployed(stage: string, service: string, region: string): Promise<number> {
  const FunctionName = names.lambda(stage, service, 'decide')
  try {
    const { Configuration } = await new LambdaClient({ ...sdkOptions, region }).send(new GetFunctionCommand({ FunctionName }))
    return Date.parse(Configuration?.LastModified ?? '')
  } catch (cause) {
    const name = errorName(cause)
    if (name === 'ResourceNotFoundException') return Number.POSITIVE_INFINITY
    if (name === 'AccessDeniedException') return 0
    throw awsFailure(cause, { action: 'lambda:GetFunction', resource: `function:${FunctionName}` })
  }
}
