import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { names, type PlatformValue, platformValues } from '../../../shared/aws/deploy/names.ts'
import { isBehind } from '../../../shared/aws/deploy/platform-change.ts'
import { sdkError } from '../sdk.ts'

const [lambda, ssm] = [mockClient(LambdaClient), mockClient(SSMClient)]
const changedAt = (name: PlatformValue, at: string) => ({ Name: names.parameter('dev', name), LastModifiedDate: new Date(at) })
const asked = () => isBehind('dev', 'airport-day', 'eu-west-1')

beforeEach(() => {
  lambda.reset()
  ssm.reset()
  lambda
    .on(GetFunctionCommand, { FunctionName: names.lambda('dev', 'airport-day', 'decide') })
    .resolves({ Configuration: { LastModified: '2026-03-02T12:00:00.000+0000' } })
  ssm
    .on(GetParametersCommand)
    .resolves({ Parameters: [changedAt('bus', '2026-03-01T00:00:00Z'), changedAt('key', '2026-03-02T11:59:00Z')] })
})

test('a service that was deployed after all that the platform tells is not behind, and each value is asked for', async () => {
  expect(await asked()).toBe(false)
  expect(ssm.commandCalls(GetParametersCommand).flatMap(c => c.args[0].input.Names)).toHaveLength(platformValues.length)
})

test('one that was deployed before any of it is', async () => {
  ssm
    .on(GetParametersCommand)
    .resolvesOnce({ Parameters: [changedAt('bus', '2026-03-01T00:00:00Z')] })
    .resolves({ Parameters: [changedAt('key', '2026-03-02T12:00:01Z')] })
  expect(await asked()).toBe(true)
})

test('one that is not there has nothing to catch up with; one that may not be looked at counts as behind', async () => {
  lambda.on(GetFunctionCommand).rejects(sdkError('ResourceNotFoundException'))
  expect(await asked()).toBe(false)
  lambda.on(GetFunctionCommand).rejects(sdkError('AccessDeniedException'))
  expect(await asked()).toBe(true)
  lambda.on(GetFunctionCommand).rejects(sdkError('TimeoutError'))
  await expect(asked()).rejects.toMatchObject({ message: expect.stringContaining('lambda:GetFunction') })
})
