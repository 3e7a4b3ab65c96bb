import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { RedeyeError } from '../core/errors.ts'
import { type FailedInvocation, isFailedInvocation } from '../engine/failed-invocation.ts'
import type { DeadLetters, Letter, LetterBox } from '../ports/dead-letters.ts'
import { awsFailure, sdkOptions } from './sdk.ts'

// SQS takes 256 KB; the rest is for the reason and the names.
const EVENT_BYTES = 240 * 1024
const REASON_CHARACTERS = 4000
// One request of SQS.
const BATCH = 10
// Long enough to go through a full queue and act on it; a command that dies gives the letters back after it.
const HELD_SECONDS = 120
// A receive asks some of SQS's servers, so one that is empty does not yet mean that the queue is.
const EMPTY_RECEIVES = 3

/** A letter that was taken out for looking at: it comes back by itself unless it is removed. */
export interface HeldLetter extends Letter {
  receipt: string
}

export interface DeadLetterQueue extends DeadLetters, LetterBox<HeldLetter> {}

/** The dead letters of a stage on SQS: those that handlers put there with a reason, and those that Lambda and EventBridge put there themselves. */
export function sqsDeadLetters(url: string, client: SQSClient = new SQSClient(sdkOptions)): DeadLetterQueue {
  const asked = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw awsFailure(cause, { action, resource: url })
    }
  }
  return {
    put: letter =>
      asked('sqs:SendMessage', async () => {
        await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: bodyOf(letter) }))
      }),
    take: () => asked('sqs:ReceiveMessage', () => receiveAll(client, url)),
    giveBack: letters =>
      inBatches(letters, async some => {
        const Entries = some.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt, VisibilityTimeout: 0 }))
        // One that is given back late comes back by itself.
        await asked('sqs:ChangeMessageVisibility', () => client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries })))
      }),
    remove: letters =>
      inBatches(letters, async some => {
        const Entries = some.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }))
        const { Failed = [] } = await asked('sqs:DeleteMessage', () =>
          client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries })),
        )
        if (Failed.length > 0)
          throw new RedeyeError(
            'AWS_FAILED',
            `${Failed.length} of ${some.length} letters could not be removed: ${Failed[0]!.Code} ${Failed[0]!.Message ?? ''}`,
            {
              remedy: 'list them and try again',
            },
          )
      }),
  }
}

async function inBatches(letters: readonly HeldLetter[], work: (some: readonly HeldLetter[]) => Promise<void>): Promise<void> {
  for (let from = 0; from < letters.length; from += BATCH) await work(letters.slice(from, from + BATCH))
}

/** `{ function, reason, event }`; of an event too large for the queue, the beginning of its text. */
function bodyOf({ function: name, reason, event }: Parameters<DeadLetters['put']>[0]): string {
  const text = JSON.stringify(event) ?? 'null'
  const short = reason.slice(0, REASON_CHARACTERS)
  const fits = Buffer.byteLength(text) <= EVENT_BYTES
  // A character of JSON in JSON may take two bytes for its quotes, and four of its own.
  return JSON.stringify({ function: name, reason: short, ...(fits ? { event } : { cut: text.slice(0, EVENT_BYTES / 6) }) })
}

async function receiveAll(client: SQSClient, url: string): Promise<HeldLetter[]> {
  const letters = new Map<string, HeldLetter>()
  for (let empty = 0; empty < EMPTY_RECEIVES; ) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: HELD_SECONDS,
        WaitTimeSeconds: empty === 0 ? 0 : 1,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['SentTimestamp'],
      }),
    )
    const before = letters.size
    for (const message of Messages) letters.set(message.MessageId!, letterOf(message))
    empty = letters.size === before ? empty + 1 : 0
  }
  return [...letters.values()].sort((a, b) => a.at - b.at)
}

/** Lambda's record of what it gave up on in a stream: where that is, not what it is. */
interface FailedBatch extends Pick<FailedInvocation, 'requestContext'> {
  DDBStreamBatchInfo: {
    shardId: string
    startSequenceNumber: string
    endSequenceNumber: string
    approximateArrivalOfFirstRecord: string
    batchSize: number
  }
}

/** A message of ours; Lambda's record of an invocation that failed, or of a stream's batch; or a rule's or a schedule's event, with why in attributes. */
export function letterOf(message: Message): HeldLetter {
  const held = { id: message.MessageId!, at: Number(message.Attributes?.SentTimestamp ?? 0), receipt: message.ReceiptHandle! }
  return { ...held, ...contentOf(parsed(message.Body ?? ''), message.MessageAttributes ?? {}) }
}

function contentOf(body: unknown, attributes: NonNullable<Message['MessageAttributes']>): Pick<Letter, 'function' | 'reason' | 'event'> {
  if (typeof body === 'object' && body !== null) {
    const own = body as { function?: unknown; reason?: unknown; event?: unknown; cut?: unknown }
    if (typeof own.function === 'string' && typeof own.reason === 'string')
      return { function: own.function, reason: own.reason, event: own.event ?? own.cut ?? null }
    if (isFailedInvocation(body))
      return { function: functionNamed(body.requestContext.functionArn), reason: whyFailed(body), event: body.requestPayload }
    if (isFailedBatch(body)) return { function: functionNamed(body.requestContext.functionArn), reason: whyGivenUp(body), event: body }
  }
  const attribute = (name: string) => attributes[name]?.StringValue
  const from = attribute('TARGET_ARN') ?? attribute('RULE_ARN') ?? attribute('SCHEDULE_ARN')
  const [code, reason] = [attribute('ERROR_CODE'), attribute('ErrorMessage') ?? attribute('ERROR_MESSAGE')]
  return {
    function: from === undefined ? 'unknown' : functionNamed(from),
    reason: reason ? `${code ? `${code}: ` : ''}${reason}` : 'AWS gave up on it and said nothing why',
    event: body,
  }
}

const isFailedBatch = (body: object): body is FailedBatch => 'requestContext' in body && 'DDBStreamBatchInfo' in body

/** What the function said, or where it said nothing what Lambda says. */
function whyFailed({ requestContext, responsePayload }: FailedInvocation): string {
  const { errorType, errorMessage } = responsePayload ?? {}
  return [errorType, errorMessage].filter(Boolean).join(': ') || givenUp(requestContext)
}

function whyGivenUp({ requestContext, DDBStreamBatchInfo: batch }: FailedBatch): string {
  const { shardId, startSequenceNumber: from, endSequenceNumber: to, approximateArrivalOfFirstRecord: since, batchSize } = batch
  const changes = `${batchSize} change${batchSize === 1 ? '' : 's'} of the ledger since ${since}`
  return `${givenUp(requestContext)}: nobody was told of ${changes}, ${from}${to === from ? '' : ` to ${to}`} in ${shardId}`
}

const givenUp = ({ condition, approximateInvokeCount: times }: FailedInvocation['requestContext']) =>
  `${condition} after ${times} invocation${times === 1 ? '' : 's'}`

/** The name in a function's ARN; of another ARN, what it names. */
const functionNamed = (arn: string) => /function:([^:]+)/.exec(arn)?.[1] ?? arn.split(':').slice(5).join(':')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
