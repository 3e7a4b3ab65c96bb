import { createHash } from 'node:crypto'
import { RedeyeError } from '../core/errors.ts'
import type { Json } from '../core/schema.ts'
import type { Delivery, Receipt } from '../ports/target.ts'
import { batchesOf } from './batches.ts'
import { jsonOf } from './json-row.ts'
import { idPrefix, messageIds } from './message-id.ts'
import { accepting, isAccepted, resume, sending } from './progress.ts'

/** A row as a message. */
export interface RowMessage {
  /** `sessions@2001-02-14#1/["v00017",2]`: made of version and key, so that whoever sends the row again sends the same id. */
  id: string
  body: string
  /** The partition: a FIFO queue or topic keeps the messages of one group in the order in which they came. */
  group: string
  /** What a receiver may filter or fence by; `generation` and `attempt` are the sender's. */
  attributes: Record<string, string>
}

/** A message that was not taken, with the reason, and whether the sender is to blame. */
export interface Refused {
  message: RowMessage
  reason: string
  senders: boolean
}

/** Where messages go. */
export interface MessageService {
  /** What errors name: the setting that says where it is. */
  name: string
  /** What a policy must allow: `sqs:SendMessage`. */
  action: string
  /** Whether it keeps messages in order, so that none may be sent before those in front of it were taken. */
  fifo: boolean
  /** Sends some messages, at most ten and 256 KB; gives those that were not taken, and rejects as the SDK does. */
  send(messages: readonly RowMessage[], signal: AbortSignal): Promise<Refused[]>
}

/**
 * What every client is made with. Both services answer within a second: one that takes no connection for 3 s or says nothing for 10 s has
 * lost it. Four tries of this, as often as below, are over in minutes, so that the attempt ends by itself and says why.
 */
export const clientOptions = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 3000, socketTimeout: 10_000 },
}

// A receipt, and a saved position, for so many rows: fifty requests, some seconds. What dies in between sends them again, under the same ids.
const BATCH = 500
// What SQS and SNS take at once.
const MESSAGES = 10
const BYTES = 256 * 1024
// As long as for other targets: half a minute in all, then it is the next attempt's.
const SENDINGS = 6
const FIRST_WAIT_MS = 1000
// Requests of one batch on their way at once; a standard queue takes thousands a second.
const AT_ONCE = 5

/** Delivers a partition's rows, a message each; what an earlier attempt has sent is not sent again. */
export async function* deliverMessages(service: MessageService, delivery: Delivery): AsyncIterable<Receipt> {
  let progress = resume(delivery.position, BATCH)
  for await (const { batch, rows } of batchesOf(delivery.rows, progress.size)) {
    delivery.signal.throwIfAborted()
    const token = `${idPrefix(delivery)}b${batch}`
    if (isAccepted(progress, batch)) {
      yield { batch, rows: rows.length, token, answer: 'sent before' }
      continue
    }
    const messages = messagesOf(delivery, rows)
    await sendAll(service, delivery, requestsOf(messages))
    progress = accepting(sending(progress, batch, delivery.attempt), batch)
    await delivery.save(progress as unknown as Json)
    yield { batch, rows: rows.length, token, answer: 'sent' }
  }
}

async function sendAll(service: MessageService, delivery: Delivery, requests: RowMessage[][]): Promise<void> {
  let left = requests
  for (let sendings = 1; ; sendings++) {
    const { refused, unsent } = await sendSome(service, delivery, left)
    const [first] = refused
    if (!first) return
    const wrong = refused.find(r => r.senders)
    if (wrong)
      throw new RedeyeError('BAD_TARGET', `${service.name} does not take ${wrong.message.id}: ${wrong.reason}`, {
        remedy: 'compare the rows with what it takes: 256 KB a message, and of a FIFO one its own attributes',
      })
    if (sendings === SENDINGS)
      throw new RedeyeError(
        'TARGET_UNAVAILABLE',
        `${service.name} did not take ${first.message.id} and ${refused.length - 1 + unsent.flat().length} more: ${first.reason}`,
        {
          remedy: 'the load is retried by itself, from the first batch that was not taken',
        },
      )
    await delivery.world.sleep(FIRST_WAIT_MS * 2 ** (sendings - 1), delivery.signal)
    left = [...requestsOf(refused.map(r => r.message)), ...unsent]
  }
}

/**
 * Sends requests, several at once; to what keeps messages in order one after the other, and none after the first that had a message refused.
 * Others of that request may have been taken: those nine at most come before the message, whatever the service does.
 */
async function sendSome(
  service: MessageService,
  delivery: Delivery,
  requests: RowMessage[][],
): Promise<{ refused: Refused[]; unsent: RowMessage[][] }> {
  const atOnce = service.fifo ? 1 : AT_ONCE
  const refused: Refused[] = []
  let from = 0
  for (; from < requests.length && !(service.fifo && refused.length > 0); from += atOnce)
    refused.push(...(await Promise.all(requests.slice(from, from + atOnce).map(request => sendOne(service, delivery, request)))).flat())
  return { refused, unsent: requests.slice(from) }
}

/** One request; of one that was refused as a whole, every message. */
async function sendOne(service: MessageService, { signal }: Delivery, messages: RowMessage[]): Promise<Refused[]> {
  signal.throwIfAborted()
  try {
    const refused = await service.send(messages, signal)
    return refused.sort((a, b) => messages.indexOf(a.message) - messages.indexOf(b.message))
  } catch (cause) {
    // Why the attempt ended, and not that its request did.
    signal.throwIfAborted()
    return refusedWhole(service, messages, cause)
  }
}

/** Messages in requests as large as they may be. */
function requestsOf(messages: readonly RowMessage[]): RowMessage[][] {
  const requests: RowMessage[][] = []
  let bytes = 0
  for (const message of messages) {
    const size = sizeOf(message)
    const last = requests[requests.length - 1]
    if (last && last.length < MESSAGES && bytes + size <= BYTES) {
      last.push(message)
      bytes += size
    } else {
      requests.push([message])
      bytes = size
    }
  }
  return requests
}

/** As SQS and SNS count: the body, and names, types and values of the attributes. */
function sizeOf({ body, attributes, id }: RowMessage): number {
  const others = Object.entries({ ...attributes, id }).reduce(
    (sum, [name, value]) => sum + name.length + 'String'.length + Buffer.byteLength(value),
    0,
  )
  return Buffer.byteLength(body) + others
}

function messagesOf(delivery: Delivery, rows: Record<string, unknown>[]): RowMessage[] {
  const { dataset, partition, version, generation, attempt } = delivery
  return messageIds(delivery, rows).map((id, i) => ({
    id,
    body: jsonOf(rows[i]),
    group: `${dataset}@${partition}`,
    attributes: { dataset, partition, version: String(version), generation: String(generation), attempt: String(attempt) },
  }))
}

/** A message's id where only 128 characters of a small alphabet are taken. */
export const shortId = (id: string): string => createHash('sha256').update(id).digest('hex')

/** What is wrong with the options of a target that makes messages of rows. */
export function messageFaults(target: string, connection: string, key: readonly string[]): string[] {
  const found: string[] = []
  if (connection === '') found.push(`${target} needs the name of a setting as \`connection\``)
  if (key.length === 0) found.push(`${target} makes message ids of the rows’ key, and the dataset declares none`)
  return found
}

const mayPass =
  /Throttl|TooManyRequests|RequestLimit|ServiceUnavailable|Internal|Timeout|ETIMEDOUT|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|KmsThrottl|OverLimit/i

/** A request as a whole that was refused: a busy service's messages are sent again, a missing one or a missing permission is told. */
function refusedWhole({ name, action }: MessageService, messages: readonly RowMessage[], cause: unknown): Refused[] {
  const error = String((cause as { name?: unknown }).name ?? 'Error')
  const text = `${error}: ${(cause as Error).message}`
  if (mayPass.test(error) || mayPass.test(String((cause as { code?: unknown }).code ?? '')))
    return messages.map(message => ({ message, reason: text, senders: false }))
  if (/AccessDenied|AuthorizationError|NotAuthorized|Credentials|InvalidClientToken|ExpiredToken/i.test(error))
    throw new RedeyeError('BAD_CREDENTIAL', `${action} on ${name} is not allowed: ${text}`, {
      remedy: `allow ${action} on it in the role of the task’s work, and in its own policy where it is another account’s`,
      cause,
    })
  throw new RedeyeError('BAD_TARGET', `${name} cannot be used: ${text}`, { remedy: 'compare the setting with what there is', cause })
}
