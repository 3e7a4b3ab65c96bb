import { createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'

/** A request to AWS as it is billed. */
export interface Metered {
  service: string
  action: string
  /** The item's key, for requests about one item of a table; of a range its partition key. */
  item?: string
  /** Units of the table's capacity. */
  units?: number
  /** Events of a PutEvents. */
  entries?: number
}

/** Stands between functions and the emulator and counts what they ask. */
export interface Meter {
  endpoint: string
  readonly requests: Metered[]
  /** Says where the emulator is. */
  forwardTo(endpoint: string): void
  close(): Promise<void>
}

export async function startMeter(): Promise<Meter> {
  const requests: Metered[] = []
  let target: URL | undefined
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const onward = send({ host: target!.hostname, port: target!.port, method: request.method, path: request.url, headers: request.headers })
    onward.on('error', () => response.destroy())
    onward.on('response', async answer => {
      const answered = await bodyOf(answer)
      requests.push(metered(request, body, answered))
      response.writeHead(answer.statusCode!, answer.headers).end(answered)
    })
    onward.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    forwardTo: endpoint => {
      target = new URL(endpoint)
    },
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function metered({ method, url = '', headers }: IncomingMessage, body: Buffer, answer: Buffer): Metered {
  const [, service = 'unknown'] = /\/([a-z0-9-]+)\/aws4_request/.exec(headers.authorization ?? '') ?? []
  const [prefix, action] = String(headers['x-amz-target'] ?? '').split('.')
  if (service === 'dynamodb') return { service, action: action!, ...itemOf(body, answer) }
  if (service === 'events')
    return { service, action: action!, entries: (JSON.parse(body.toString()) as { Entries?: [] }).Entries?.length ?? 0 }
  if (service === 's3') return { service, action: `${method} ${url.includes('list-type') ? 'list' : 'object'}` }
  if (service === 'lambda') return { service, action: 'Invoke' }
  if (action === 'GetParameter') return { service, action: `${action} ${typeOf(answer)}` }
  return { service, action: action ?? prefix ?? method ?? '' }
}

/** Only what is encrypted is billed, by who decrypts it. */
function typeOf(answer: Buffer): string {
  const { Parameter } = JSON.parse(answer.toString()) as { Parameter?: { Type?: string } }
  return Parameter?.Type ?? 'of none'
}

function itemOf(body: Buffer, answer: Buffer): Pick<Metered, 'item' | 'units'> {
  const asked = JSON.parse(body.toString()) as { Key?: Item; ExpressionAttributeValues?: Item; ConsistentRead?: boolean }
  const range = asked.ExpressionAttributeValues?.[':pk'] ?? asked.ExpressionAttributeValues?.[':ix']
  const told = JSON.parse(answer.toString()) as Answered
  const units = told.ConsumedCapacity && (unitsRead(told, asked.ConsistentRead) ?? told.ConsumedCapacity.CapacityUnits)
  return {
    ...(asked.Key ? { item: `${asked.Key.pk!.S}@${asked.Key.sk!.S}` } : range?.S && { item: range.S }),
    // A refused write is billed as one.
    ...(told.__type?.includes('ConditionalCheckFailed') ? { units: 1 } : units !== undefined && { units }),
  }
}

type Item = Record<string, AttributeValue>
interface Answered {
  ConsumedCapacity?: { CapacityUnits: number }
  Item?: Item
  Items?: Item[]
  __type?: string
}

// A read unit is so much, or twice as much where the answer may be a moment old.
const READ_UNIT_BYTES = 4096

/** The emulator tells one unit for every read, whatever it reads; DynamoDB goes by the bytes, which are about those of the item as JSON. */
function unitsRead({ Item: one, Items: many }: Answered, consistent = false): number | undefined {
  if (!one && !many) return undefined
  const bytes = (many ?? [one!]).reduce((sum, item) => sum + Buffer.byteLength(JSON.stringify(unmarshall(item))), 0)
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5)
}
