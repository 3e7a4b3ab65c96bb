import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { mockClient } from 'aws-sdk-client-mock'
import { lambdaWorkers } from '../../shared/aws/workers.ts'
import { refusals } from './sdk.ts'

const client = mockClient(LambdaClient)
beforeEach(() => {
  client.reset()
  client.on(InvokeCommand).resolves({ StatusCode: 202 })
})
const attempt = { task: 'clean-orders', dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 2 }

test('an attempt is an asynchronous invocation of the service’s own work', async () => {
  await lambdaWorkers('redeye-dev-clean-orders-work').start(attempt)
  const [call] = client.commandCalls(InvokeCommand)
  const { Payload, ...input } = call!.args[0].input
  expect(input).toEqual({ FunctionName: 'redeye-dev-clean-orders-work', InvocationType: 'Event' })
  expect(JSON.parse(String(Payload))).toEqual(attempt)
})

test('nothing is asked to stop: the lease does it', async () => {
  await lambdaWorkers('work').stop(attempt)
  expect(client.calls()).toEqual([])
})

test('whoever has no work says what is missing', async () => {
  await expect(lambdaWorkers(undefined).start(attempt)).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringContaining('REDEYE_WORK'),
  })
})

test.each(refusals)('%s', async (_, error, expected) => {
  client.on(InvokeCommand).rejects(error)
  await expect(lambdaWorkers('work').start(attempt)).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining('lambda:InvokeFunction on function:work'),
  })
})
