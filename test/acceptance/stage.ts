import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { eventBridgeBus } from '../../shared/aws/bus.ts'
import { type HeldLetter, sqsDeadLetters } from '../../shared/aws/dead-letters.ts'
import { names } from '../../shared/aws/deploy/names.ts'
import { documentKey } from '../../shared/aws/dynamodb-table.ts'
import { type BucketLake, bucketLake } from '../../shared/aws/lake.ts'
import { parameterName } from '../../shared/aws/secrets.ts'
import { platformValuesOf } from '../../shared/aws/stage.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import type { Stored } from '../../shared/ports/ledger.ts'
import type { Emulator } from '../aws/emulator.ts'

/** A stage in the emulator, as one who operates it sees it. */
export interface Stage {
  name: string
  env: Record<string, string>
  lake: BucketLake
  clients: Clients
  /** Sources, targets and secrets, where tasks look for them. */
  putSettings(settings: Readonly<Record<string, string>>): Promise<void>
  publish(events: readonly NewEvent[]): Promise<void>
  /** Every document of the ledger but the collector's mark, since a sweep may come at any time. */
  documents(): Promise<Stored[]>
  /** Every run and every outside version. */
  runs(): Promise<RunDoc[]>
  letters(): Promise<HeldLetter[]>
  /** Gives a function of a service (or of `platform`) something to handle, as a rule does. */
  send(service: string, name: string, payload: unknown): Promise<void>
  /** Calls a function of a service (or of `platform`), and waits for it; resolves with its error, where it had one. */
  invoke(service: string, name: string, payload: unknown): Promise<string | undefined>
}

export interface Clients {
  dynamodb: DynamoDBClient
  events: EventBridgeClient
  lambda: LambdaClient
  logs: CloudWatchLogsClient
  s3: S3Client
  sqs: SQSClient
  ssm: SSMClient
}

/** Clients of the emulator, whatever the environment says. */
export function clientsOf({ endpoint, env }: Pick<Emulator, 'endpoint' | 'env'>): Clients {
  const options = {
    endpoint,
    region: env.AWS_REGION!,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! },
  }
  return {
    dynamodb: new DynamoDBClient(options),
    events: new EventBridgeClient(options),
    lambda: new LambdaClient(options),
    logs: new CloudWatchLogsClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sqs: new SQSClient(options),
    ssm: new SSMClient(options),
  }
}

/** A deployed stage; `folder` is for copies of what is read from its lake. */
export async function openStage(emulator: Emulator, name: string, folder: string): Promise<Stage> {
  const clients = clientsOf(emulator)
  const values = await platformValuesOf(name, ['bus', 'table', 'bucket', 'dead-letters-url'], clients.ssm)
  const lake = bucketLake({ bucket: values.bucket, folder, client: clients.s3 })
  const bus = eventBridgeBus({ bus: values.bus, client: clients.events })
  const deadLetters = sqsDeadLetters(values['dead-letters-url'], clients.sqs)
  const documents = async () => (await scan(clients.dynamodb, values.table)).filter(({ key }) => key.pk !== 'collected')
  return {
    name,
    env: emulator.env,
    lake,
    clients,
    documents,
    publish: events => bus.publish(events),
    async putSettings(settings) {
      for (const [setting, value] of Object.entries(settings)) {
        // An address is no secret, and need not be paid for as one.
        const Type = /_(KEY|TOKEN)$/.test(setting) ? 'SecureString' : 'String'
        await clients.ssm.send(new PutParameterCommand({ Name: parameterName(name, setting), Value: value, Type, Overwrite: true }))
      }
    },
    runs: async () => (await documents()).flatMap(({ key, doc }) => (key.pk.startsWith('run/') ? [doc as RunDoc] : [])),
    async letters() {
      const letters = await deadLetters.take()
      await deadLetters.giveBack(letters)
      return letters
    },
    async send(service, functionName, payload) {
      const FunctionName = names.lambda(name, service, functionName)
      await clients.lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }))
    },
    async invoke(service, functionName, payload) {
      const FunctionName = names.lambda(name, service, functionName)
      const answer = await clients.lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }))
      return answer.FunctionError === undefined ? undefined : `${answer.FunctionError}: ${new TextDecoder().decode(answer.Payload)}`
    },
  }
}

async function scan(client: DynamoDBClient, TableName: string): Promise<Stored[]> {
  const found: Stored[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true }))
    for (const item of Items) {
      const { pk, sk, rev, doc } = unmarshall(item) as { pk: string; sk: string; rev: number; doc: unknown }
      found.push({ key: documentKey({ pk, sk }), rev, doc })
    }
  return found.sort((a, b) => (`${a.key.pk} ${a.key.sk}` < `${b.key.pk} ${b.key.sk}` ? -1 : 1))
}
