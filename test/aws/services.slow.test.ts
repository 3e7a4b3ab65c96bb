import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { zipSync } from 'fflate'
import { eventBridgeBus } from '../../shared/aws/bus.ts'
import { sqsDeadLetters } from '../../shared/aws/dead-letters.ts'
import { bucketLake, lakeClient } from '../../shared/aws/lake.ts'
import { snsNotifier } from '../../shared/aws/notifier.ts'
import { sdkOptions } from '../../shared/aws/sdk.ts'
import { parameterName, secretName, stageSecrets } from '../../shared/aws/secrets.ts'
import { lambdaWorkers } from '../../shared/aws/workers.ts'
import { sns } from '../../shared/targets/sns.ts'
import { sqs } from '../../shared/targets/sqs.ts'
import { deliveryOf, receiptsOf, things, worldOf } from '../targets/delivery.ts'
import { type Emulator, startEmulator } from './emulator.ts'

let emulator: Emulator
let before: NodeJS.ProcessEnv
let queues: SQSClient
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'redeye-services-'))
  emulator = await startEmulator({ atOnce: 1 })
  before = { ...process.env }
  Object.assign(process.env, emulator.env)
  queues = new SQSClient(sdkOptions)
})
afterAll(async () => {
  queues?.destroy()
  process.env = before
  await emulator?.stop()
  rmSync(folder, { recursive: true })
})

/** A queue that topics may fill. */
async function newQueue(name: string, attributes: Record<string, string> = {}) {
  const mayFill = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [mayFill] })
  const url = (await queues.send(new CreateQueueCommand({ QueueName: name, Attributes: { ...attributes, Policy } }))).QueueUrl!
  const { Attributes } = await queues.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }))
  return { url, arn: Attributes!.QueueArn! }
}

/** What lies in a queue, when there is as much as is asked for. */
async function messagesOf(url: string, count: number) {
  const found = new Map<string, { body: string; attributes: Record<string, string> }>()
  while (found.size < count) {
    const asked = { QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }
    for (const m of (await queues.send(new ReceiveMessageCommand(asked))).Messages ?? []) {
      const attributes = Object.fromEntries(Object.entries(m.MessageAttributes ?? {}).map(([name, a]) => [name, a.StringValue!]))
      found.set(m.MessageId!, { body: m.Body!, attributes })
    }
  }
  return [...found.values()]
}

test('a secret is a SecureString, else a secret of Secrets Manager, else nowhere', async () => {
  const ssm = new SSMClient(sdkOptions)
  await ssm.send(new PutParameterCommand({ Name: parameterName('dev', 'CREW_DESK'), Value: 'https://desk', Type: 'SecureString' }))
  const manager = new SecretsManagerClient(sdkOptions)
  await manager.send(new CreateSecretCommand({ Name: secretName('dev', 'CREW_TOKEN'), SecretString: 'token' }))
  const secret = stageSecrets({ stage: 'dev', now: Date.now })
  expect(await secret('CREW_DESK')).toBe('https://desk')
  expect(await secret('CREW_TOKEN')).toBe('token')
  await expect(secret('NOWHERE')).rejects.toMatchObject({ code: 'BAD_CREDENTIAL' })
})

test('an alert reaches who subscribed', async () => {
  const { url, arn } = await newQueue('mailbox')
  const client = new SNSClient(sdkOptions)
  const topic = (await client.send(new CreateTopicCommand({ Name: 'redeye-dev' }))).TopicArn!
  await client.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: arn }))
  const error = { failure: 'user', code: 'BAD_ROW', message: 'no' } as const
  await snsNotifier(topic, 'dev').alert({ task: 'clean', partition: '2001-02-14', generation: 1, error, waiting: [] })
  const [mail] = await messagesOf(url, 1)
  expect(JSON.parse(mail!.body)).toMatchObject({
    Subject: 'Redeye dev: clean@2001-02-14 failed (user)',
    Message: expect.stringContaining('user, BAD_ROW: no'),
  })
})

test('letters are listed with their reasons, given back, and removed', async () => {
  const { url } = await newQueue('letters')
  const letters = sqsDeadLetters(url)
  for (let n = 0; n < 23; n++) await letters.put({ function: 'a', reason: `reason ${n}`, event: { n } })
  const taken = await letters.take()
  expect(taken.map(l => l.event)).toEqual(expect.arrayContaining([{ n: 0 }, { n: 22 }]))
  expect(taken).toHaveLength(23)
  await letters.remove(taken.slice(0, 20))
  await letters.giveBack(taken.slice(20))
  const left = await letters.take()
  expect(left.map(l => l.reason).sort()).toEqual(
    taken
      .slice(20)
      .map(l => l.reason)
      .sort(),
  )
})

test('an attempt invokes the service’s work with its name', async () => {
  const iam = new IAMClient(sdkOptions)
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  }
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'echo', AssumeRolePolicyDocument: JSON.stringify(trust) }))
  // The emulator's functions run on this machine, so what this one heard is a file.
  const heard = join(folder, 'heard.json')
  const code = `exports.handler = async event => require('node:fs').writeFileSync(process.env.HEARD + '.part', JSON.stringify(event)) ??
    require('node:fs').renameSync(process.env.HEARD + '.part', process.env.HEARD)`
  await new LambdaClient(sdkOptions).send(
    new CreateFunctionCommand({
      FunctionName: 'redeye-dev-clean-work',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: Role!.Arn,
      Code: { ZipFile: zipSync({ 'index.js': new TextEncoder().encode(code) }) },
      Environment: { Variables: { HEARD: heard } },
    }),
  )
  const attempt = { task: 'clean', dataset: 'cleaned', partition: '2001-02-14', generation: 1, attempt: 2 }
  // One at a time, and all of them in the end.
  for (let i = 0; i < 3; i++) {
    rmSync(heard, { force: true })
    for (let j = 0; j < 3; j++) await lambdaWorkers('redeye-dev-clean-work').start(attempt)
    while (!existsSync(heard)) await wait(50)
  }
  expect(JSON.parse(readFileSync(heard, 'utf8'))).toEqual(attempt)
  await expect(lambdaWorkers('redeye-dev-never-work').start(attempt)).rejects.toMatchObject({ code: 'NOT_DEPLOYED' })
})

test('rows go to a queue and to a topic', async () => {
  const { url } = await newQueue('things')
  await receiptsOf(sqs({ connection: 'Q' }), deliveryOf(things(12), { world: worldOf({ Q: url }) }))
  const messages = await messagesOf(url, 12)
  expect(messages.map(m => JSON.parse(m.body).id).sort((a, b) => a - b)).toEqual(things(12).map(t => t.id))
  expect(messages.find(m => JSON.parse(m.body).id === 7)!.attributes).toMatchObject({ id: 'things@2001-02-14#1/[7]', generation: '1' })
  const client = new SNSClient(sdkOptions)
  const topic = (await client.send(new CreateTopicCommand({ Name: 'things' }))).TopicArn!
  const { url: inbox, arn } = await newQueue('topic-inbox')
  await client.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: arn, Attributes: { RawMessageDelivery: 'true' } }))
  await receiptsOf(sns({ connection: 'T' }), deliveryOf(things(12), { world: worldOf({ T: topic }) }))
  expect(await messagesOf(inbox, 12)).toHaveLength(12)
})

test('a FIFO queue keeps what is delivered twice once', async () => {
  const { url } = await newQueue('things.fifo', { FifoQueue: 'true' })
  for (const attempt of [1, 2]) await receiptsOf(sqs({ connection: 'Q' }), deliveryOf(things(3), { attempt, world: worldOf({ Q: url }) }))
  const { Attributes } = await queues.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }),
  )
  expect(Attributes!.ApproximateNumberOfMessages).toBe('3')
})

test('whoever may not is told which action on what, and how to grant it', async () => {
  const iam = new IAMClient(sdkOptions)
  await iam.send(new CreateUserCommand({ UserName: 'nobody' }))
  const none = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' }] }
  await iam.send(new PutUserPolicyCommand({ UserName: 'nobody', PolicyName: 'own', PolicyDocument: JSON.stringify(none) }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }))
  const { url } = await newQueue('closed')
  await lakeClient().send(new CreateBucketCommand({ Bucket: 'redeye-dev' }))
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: AccessKey!.AccessKeyId, AWS_SECRET_ACCESS_KEY: AccessKey!.SecretAccessKey })
  try {
    const refused = (action: string) => ({
      code: 'NOT_DEPLOYED',
      failure: 'user',
      message: expect.stringContaining(action),
      remedy: expect.stringContaining(`allow ${action} on`),
    })
    const attempt = { task: 'a', dataset: 'b', partition: 'c', generation: 1, attempt: 1 }
    await expect(eventBridgeBus({ bus: 'default' }).publish([{ type: 'NightStarted', detail: { date: 'x' } }])).rejects.toMatchObject(
      refused('events:PutEvents'),
    )
    await expect(sqsDeadLetters(url).put({ function: 'a', reason: 'b', event: 1 })).rejects.toMatchObject(refused('sqs:SendMessage'))
    await expect(snsNotifier('arn:aws:sns:eu-west-1:000000000000:redeye-dev', 'dev').platform('x')).rejects.toMatchObject(
      refused('sns:Publish'),
    )
    await expect(lambdaWorkers('redeye-dev-clean-work').start(attempt)).rejects.toMatchObject(refused('lambda:InvokeFunction'))
    await expect(stageSecrets({ stage: 'dev', now: Date.now })('CREW_DESK')).rejects.toMatchObject(refused('ssm:GetParameter'))
    const lake = bucketLake({ bucket: 'redeye-dev', folder: '/nowhere', client: lakeClient() })
    await expect(lake.put('a/b', 'x')).rejects.toMatchObject(refused('s3:PutObject'))
    await expect(Array.fromAsync(lake.list('a/'))).rejects.toMatchObject(refused('s3:ListBucket'))
  } finally {
    Object.assign(process.env, emulator.env)
  }
})
