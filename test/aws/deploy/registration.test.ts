import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { registeredIn } from '../../../shared/aws/deploy/registration.ts'
import { sdkError } from '../sdk.ts'

const ssm = mockClient(SSMClient)
const asked = () => registeredIn('dev', 'eu-west-1')

test('a stage without the platform’s parameters is not there, so nothing is registered', async () => {
  ssm.on(GetParameterCommand, { Name: '/redeye/dev/table' }).rejects(sdkError('ParameterNotFound', 'no', 400))
  expect(await asked()).toBeUndefined()
})

test('one that may not be looked at is not taken for one that is not there', async () => {
  ssm.on(GetParameterCommand).rejects(sdkError('AccessDeniedException', 'no', 400))
  await expect(asked()).rejects.toMatchObject({ message: expect.stringContaining('ssm:GetParameter on parameter/redeye/dev/table') })
})
