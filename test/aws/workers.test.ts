import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { mockClient } from 'aws-sdk-client-mock'
import { lambdaWorkers } from '../../shared/aws/workers.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { refusals } from './sdk.ts'

let client = mockClient(LambdaClient)
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

/** The headers of an attempt's invocation, as they leave for Lambda. */
async function headersOf(traces: number): Promise<Record<string, string | undefined>> {
  client.restore()
  const sent: { headers: Record<string, string> }[] = []
  const requestHandler = {
    handle: async (request: { headers: Record<string, string> }) => {
      sent.push(request)
      return { response: { statusCode: 202, headers: {} } }
    },
  }
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const invoker = new LambdaClient({ region: 'eu-west-1', credentials, requestHandler: requestHandler as never })
  await lambdaWorkers('redeye-dev-clean-orders-work', traces, invoker).start(attempt)
  client = mockClient(LambdaClient)
  return sent[0]!.headers
}

test('whether it is traced goes with it, and the SDK says nothing else', async () => {
  process.env.AWS_LAMBDA_FUNCTION_NAME = 'decide'
  process.env._X_AMZN_TRACE_ID = 'Root=1-58406520-a006649127e371903a2de979;Parent=4c721bf33e3caf8f;Sampled=0;Lineage=a:1'
  try {
    expect((await headersOf(1))['X-Amzn-Trace-Id']).toBe('Root=1-58406520-a006649127e371903a2de979;Sampled=1;Lineage=a:1')
    // Nothing of this where nothing is traced: then it is the SDK's to say.
    expect((await headersOf(0))['X-Amzn-Trace-Id']).toBe(process.env._X_AMZN_TRACE_ID)
  } finally {
    delete process.env.AWS_LAMBDA_FUNCTION_NAME
    delete process.env._X_AMZN_TRACE_ID
  }
})

test('it carries the run as it was claimed, unless that is large', async () => {
  const doc = { v: 1, ...attempt, state: 'running' } as RunDoc
  const carried = async (run: { rev: number; doc: RunDoc }) => {
    client.resetHistory()
    await lambdaWorkers('work').start({ ...attempt, run })
    return JSON.parse(String(client.commandCalls(InvokeCommand)[0]!.args[0].input.Payload))
  }
  expect(await carried({ rev: 3, doc })).toEqual({ ...attempt, run: { rev: 3, doc } })
  expect(await carried({ rev: 3, doc: { ...doc, stale: ['x'.repeat(100_000)] } })).toEqual(attempt)
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
