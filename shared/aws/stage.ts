import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { SQSClient } from '@aws-sdk/client-sqs'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { RedeyeError } from '../core/errors.ts'
import type { Bus } from '../ports/bus.ts'
import type { LetterBox } from '../ports/dead-letters.ts'
import { eventBridgeBus } from './bus.ts'
import { sqsDeadLetters } from './dead-letters.ts'
import { names, type PlatformValue } from './deploy/names.ts'
import { awsFailure, sdkOptions } from './sdk.ts'

/** What the platform of a stage says of itself, from its SSM parameters; rejects with NOT_DEPLOYED where it is not there. */
export async function platformValuesOf<V extends PlatformValue>(
  stage: string,
  values: readonly V[],
  client: SSMClient,
): Promise<Record<V, string>> {
  const named = new Map(values.map(value => [names.parameter(stage, value), value]))
  const { Parameters = [], InvalidParameters = [] } = await client
    .send(new GetParametersCommand({ Names: [...named.keys()] }))
    .catch((cause: unknown) => {
      throw awsFailure(cause, { action: 'ssm:GetParameters', resource: `parameter/redeye/${stage}/*` })
    })
  if (InvalidParameters.length > 0)
    throw new RedeyeError(
      'NOT_DEPLOYED',
      `there is no stage ${stage} in ${await client.config.region()}: the parameter ${InvalidParameters[0]} does not exist`,
      {
        remedy: 'deploy the platform, or name another --stage, AWS_PROFILE or AWS_REGION',
        failure: 'user',
      },
    )
  return Object.fromEntries(Parameters.map(p => [named.get(p.Name!)!, p.Value!])) as Record<V, string>
}

/** The dead letters of a deployed stage, and the bus on which they can be sent again. */
export async function stageLetters(stage: string, region: string): Promise<{ letters: LetterBox; bus: Bus }> {
  const options = { ...sdkOptions, region }
  const values = await platformValuesOf(stage, ['dead-letters-url', 'bus'], new SSMClient(options))
  return {
    letters: sqsDeadLetters(values['dead-letters-url'], new SQSClient(options)),
    bus: eventBridgeBus({ bus: values.bus, client: new EventBridgeClient(options) }),
  }
}
