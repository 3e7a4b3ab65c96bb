import { CancelJobRunCommand, EMRServerlessClient, GetJobRunCommand, StartJobRunCommand } from '@aws-sdk/client-emr-serverless'
import { mockClient } from 'aws-sdk-client-mock'
import { emrServerlessSpark } from '../../shared/aws/spark.ts'
import { refusals } from './sdk.ts'

const client = mockClient(EMRServerlessClient)
beforeEach(() => {
  client.reset()
  client.on(StartJobRunCommand).resolves({ applicationId: 'a1', jobRunId: 'r1', arn: 'arn' })
})
const spark = emrServerlessSpark({
  applications: { nightly: 'a1', backfill: 'a2' },
  role: 'arn:aws:iam::123456789012:role/work',
  bucket: 'lake',
})
const attempt = { task: 'clean-orders', dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 2 }
const plan = 'clean/2001-02-14/g1-a2/plan.json'
const absent = Object.assign(new Error('no such job'), { name: 'ResourceNotFoundException' })

describe('a submission', () => {
  test('names the plan, the attempt and the role, and has an end', async () => {
    expect(await spark.submit({ attempt, plan, timeoutMs: 90_000 })).toBe('a1/r1')
    const [call] = client.commandCalls(StartJobRunCommand)
    expect(call!.args[0].input).toEqual({
      applicationId: 'a1',
      clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      executionRoleArn: 'arn:aws:iam::123456789012:role/work',
      name: 'clean-orders@2001-02-14 g1-a2',
      jobDriver: {
        sparkSubmit: { entryPoint: 's3://lake/_redeye/job.py', entryPointArguments: ['s3://lake', plan, JSON.stringify(attempt)] },
      },
      executionTimeoutMinutes: 2,
    })
  })

  test.each([
    [{ memoryGb: 30 }, { cores: 4, memory: '27927m' }],
    [
      { memoryGb: 60, diskGb: 200 },
      { cores: 8, memory: '55854m', disk: '200g' },
    ],
    [{ memoryGb: 120 }, { cores: 16, memory: '111709m' }],
    [{ diskGb: 50 }, { disk: '50g' }],
  ])('of workers of %j says so of driver and executors', async (size, expected: { cores?: number; memory?: string; disk?: string }) => {
    await spark.submit({ attempt, plan, size })
    const [call] = client.commandCalls(StartJobRunCommand)
    const said = call!.args[0].input.jobDriver!.sparkSubmit!.sparkSubmitParameters!
    const { cores, memory, disk } = expected
    const of = (worker: string) => [
      ...(cores ? [`--conf spark.${worker}.cores=${cores}`, `--conf spark.${worker}.memory=${memory}`] : []),
      ...(disk ? [`--conf spark.emr-serverless.${worker}.disk=${disk}`] : []),
    ]
    expect(said).toBe([...of('driver'), ...of('executor')].join(' '))
  })

  test('has the same token for the same attempt, and another for the next', async () => {
    await spark.submit({ attempt, plan })
    await spark.submit({ attempt, plan })
    await spark.submit({ attempt: { ...attempt, attempt: 3 }, plan })
    const [a, b, c] = client.commandCalls(StartJobRunCommand).map(call => call.args[0].input.clientToken)
    expect([a === b, a === c]).toEqual([true, false])
  })

  test('of a backfill goes to the application of its own', async () => {
    expect(await spark.submit({ attempt, plan, lane: 'backfill' })).toBe('a2/r1')
  })

  test.each(refusals)('%s', async (_, error, expected) => {
    client.on(StartJobRunCommand).rejects(error)
    await expect(spark.submit({ attempt, plan })).rejects.toMatchObject({
      code: 'AWS_FAILED',
      ...expected,
      message: expect.stringContaining('emr-serverless:StartJobRun on application a1'),
    })
  })
})

describe('a status', () => {
  const job = (state: string, more = {}) =>
    client.on(GetJobRunCommand).resolves({
      jobRun: {
        state,
        jobDriver: { sparkSubmit: { entryPoint: 'e', entryPointArguments: ['l', plan, JSON.stringify(attempt)] } },
        ...more,
      },
    } as never)

  test.each([
    ['SUBMITTED', 'running'],
    ['PENDING', 'running'],
    ['QUEUED', 'running'],
    ['SCHEDULED', 'running'],
    ['RUNNING', 'running'],
    ['CANCELLING', 'running'],
    ['SUCCESS', 'succeeded'],
    ['FAILED', 'failed'],
    ['CANCELLED', 'cancelled'],
  ])('%s is %s', async (state, expected) => {
    job(state)
    expect(await spark.status('a1/r1')).toEqual({ attempt, state: expected })
    expect(client.commandCalls(GetJobRunCommand)[0]!.args[0].input).toEqual({ applicationId: 'a1', jobRunId: 'r1' })
  })

  test('says why', async () => {
    job('FAILED', { stateDetails: 'Job failed, exit code 137' })
    expect(await spark.status('a1/r1')).toEqual({ attempt, state: 'failed', message: 'Job failed, exit code 137' })
  })

  test('is unknown of a job that is not there, or is not ours', async () => {
    client.on(GetJobRunCommand).rejects(absent)
    expect(await spark.status('a1/r1')).toBeUndefined()
    for (const entryPointArguments of [undefined, ['x'], ['x', 'y', 'no json']]) {
      client
        .on(GetJobRunCommand)
        .resolves({ jobRun: { state: 'RUNNING', jobDriver: { sparkSubmit: { entryPoint: 'e', entryPointArguments } } } } as never)
      expect(await spark.status('a1/r1')).toBeUndefined()
    }
  })

  test.each(refusals)('%s', async (_, error, expected) => {
    client.on(GetJobRunCommand).rejects(error)
    const asked = spark.status('a1/r1')
    if (error.name === 'ResourceNotFoundException') return expect(await asked).toBeUndefined()
    await expect(asked).rejects.toMatchObject({
      code: 'AWS_FAILED',
      ...expected,
      message: expect.stringContaining('GetJobRun on job a1/r1'),
    })
  })
})

describe('a cancel', () => {
  test('ends the job', async () => {
    client.on(CancelJobRunCommand).resolves({ applicationId: 'a1', jobRunId: 'r1' })
    await spark.cancel('a1/r1')
    expect(client.commandCalls(CancelJobRunCommand)[0]!.args[0].input).toEqual({ applicationId: 'a1', jobRunId: 'r1' })
  })

  test('of a job that is over, or not there, is nothing', async () => {
    for (const error of [absent, Object.assign(new Error('already over'), { name: 'ValidationException' })]) {
      client.on(CancelJobRunCommand).rejects(error)
      await spark.cancel('a1/r1')
    }
    expect(client.calls()).toHaveLength(2)
  })

  test('that is throttled fails', async () => {
    client.on(CancelJobRunCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }))
    await expect(spark.cancel('a1/r1')).rejects.toMatchObject({ code: 'AWS_FAILED', failure: 'transient' })
  })
})
