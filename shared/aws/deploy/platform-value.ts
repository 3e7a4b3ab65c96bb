import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { RedeyeError } from '../../core/errors.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { names, type PlatformValue } from './names.ts'

/** A value that the deployed platform of a stage tells; throws NOT_DEPLOYED where there is none. */
export async function platformValue(stage: string, region: string, value: PlatformValue): Promise<string> {
  const name = names.parameter(stage, value)
  try {
    const { Parameter } = await new SSMClient({ ...sdkOptions, region }).send(new GetParameterCommand({ Name: name }))
    return Parameter!.Value!
  } catch (cause) {
    if (errorName(cause) !== 'ParameterNotFound') throw awsFailure(cause, { action: 'ssm:GetParameter', resource: `parameter${name}` })
    throw new RedeyeError('NOT_DEPLOYED', `the platform of stage ${stage} is not deployed in ${region}: there is no parameter ${name}`, {
      remedy: `deploy it first, in the project's folder: sls deploy --stage ${stage}`,
    })
  }
}
