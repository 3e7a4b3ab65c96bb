import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json } from '../../shared/core/schema.ts'
import type { Delivery } from '../../shared/ports/target.ts'
import { type HttpApiOptions, httpApi } from '../../shared/targets/http-api.ts'
import { columns, deliveryOf, receiptsOf, things, worldOf } from './delivery.ts'

interface Received {
  key: string
  fence: string
  authorization: string | undefined
  ids: number[]
}
type Answering = (received: Received, times: number) => { status: number; headers?: Record<string, string>; body?: string } | undefined

/** A service on loopback that answers 200 unless told otherwise, and keeps what it took. */
async function service(answering: Answering = () => undefined) {
  const received: Received[] = []
  const times = new Map<string, number>()
  let now = 0
  let most = 0
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++now)
    const one = { ...headersOf(request), ids: (JSON.parse(await textOf(request)) as { id: number }[]).map(row => row.id) }
    times.set(one.key, (times.get(one.key) ?? 0) + 1)
    const answer = answering(one, times.get(one.key)!) ?? { status: 200 }
    if (answer.status < 400) received.push(one)
    await new Promise(resolve => setTimeout(resolve, 2))
    now--
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { received, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close, mostAtOnce: () => most, times }
}

function headersOf(request: IncomingMessage) {
  return {
    key: String(request.headers['idempotency-key']),
    fence: String(request.headers['redeye-fence']),
    authorization: request.headers.authorization,
  }
}
async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += part
  return text
}

let running: Awaited<ReturnType<typeof service>> | undefined
afterEach(() => running?.close())
async function start(answering?: Answering) {
  return (running = await service(answering))
}

const settings = (address: string) => ({ DESK: address, TOKEN: 's3cret', USER: 'ann', PASSWORD: 'pass' })
const target = (more: Partial<HttpApiOptions> = {}) => httpApi({ connection: 'DESK', path: '/things', batch: 4, ...more })
function send(
  address: string,
  rows: Record<string, unknown>[],
  more: Partial<Delivery> & { saved?: Json[]; waits?: number[] } = {},
  options: Partial<HttpApiOptions> = {},
) {
  return receiptsOf(target(options), deliveryOf(rows, { world: worldOf(settings(address), more.waits), ...more }))
}

describe('a delivery', () => {
  test('sends the rows in batches, each under a key of its own, and gives a receipt for each', async () => {
    const { address, received } = await start()
    const receipts = await send(address, things(10), {}, { concurrency: 1 })
    expect(received.map(one => [one.key, one.ids])).toEqual([
      ['load-things/2001-02-14/v1/g1.a1/b0', [1, 2, 3, 4]],
      ['load-things/2001-02-14/v1/g1.a1/b1', [5, 6, 7, 8]],
      ['load-things/2001-02-14/v1/g1.a1/b2', [9, 10]],
    ])
    expect(receipts).toEqual(received.map((one, batch) => ({ batch, rows: one.ids.length, token: one.key, answer: '200' })))
  })

  test('has no more requests under way than it may', async () => {
    const { address, mostAtOnce, received } = await start()
    await send(address, things(40), {}, { concurrency: 3 })
    expect(mostAtOnce()).toBeLessThanOrEqual(3)
    expect(received.flatMap(one => one.ids).sort((a, b) => a - b)).toEqual(things(40).map(row => row.id))
  })

  test('without rows sends nothing', async () => {
    const { address, received } = await start()
    expect(await send(address, [])).toEqual([])
    expect(received).toEqual([])
  })

  test('writes numbers with all their digits', async () => {
    const { address, received } = await start()
    await send(address, [{ id: 7n }])
    expect(received[0]!.ids).toEqual([7])
  })

  test.each([
    [{ bearer: 'TOKEN' }, 'Bearer s3cret'],
    [{ basic: { user: 'USER', password: 'PASSWORD' } }, `Basic ${btoa('ann:pass')}`],
    [{ header: 'Authorization', secret: 'TOKEN' }, 's3cret'],
  ])('proves who sends it by %j', async (auth, header) => {
    const { address, received } = await start()
    await send(address, things(1), {}, { auth })
    expect(received[0]!.authorization).toBe(header)
  })
})

describe('a busy service', () => {
  test('is asked again after the time it names, under the same key', async () => {
    const { address, received, times } = await start((_, n) => (n === 1 ? { status: 429, headers: { 'retry-after': '7' } } : undefined))
    const waits: number[] = []
    await send(address, things(2), { waits })
    expect(waits).toEqual([7000])
    expect(received).toHaveLength(1)
    expect([...times]).toEqual([['load-things/2001-02-14/v1/g1.a1/b0', 2]])
  })

  test('is asked after ever longer times when it names none', async () => {
    const { address } = await start((_, n) => (n <= 3 ? { status: 503 } : undefined))
    const waits: number[] = []
    await send(address, things(1), { waits })
    expect(waits).toEqual([1000, 2000, 4000])
  })

  test('may name a date', async () => {
    const { address } = await start((_, n) =>
      n === 1 ? { status: 503, headers: { 'retry-after': 'Thu, 15 Feb 2001 05:00:12 GMT' } } : undefined,
    )
    const waits: number[] = []
    await send(address, things(1), { waits })
    expect(waits).toEqual([12_000])
  })

  test.each([
    ['for long', { status: 503 }],
    ['and asks for more patience than a worker has', { status: 429, headers: { 'retry-after': '3600' } }],
  ])('%s fails the attempt, which is retried', async (_, answer) => {
    const { address } = await start(() => answer)
    await expect(send(address, things(1))).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
  })

  test('that cannot be reached is as busy', async () => {
    const { address, close } = await start()
    close()
    await expect(send(address, things(1))).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
  })
})

describe('a refusal', () => {
  test.each([
    [400, 'BAD_TARGET'],
    [401, 'BAD_CREDENTIAL'],
    [403, 'BAD_CREDENTIAL'],
    [412, 'STALE_ATTEMPT'],
  ])('by %i is the code %s, with the answer’s words and no retry', async (status, code) => {
    const { address } = await start(() => ({ status, body: 'we do not want this' }))
    await expect(send(address, things(9), {}, { concurrency: 1 })).rejects.toMatchObject({
      code,
      failure: 'user',
      message: expect.stringContaining('we do not want this'),
    })
    expect([...running!.times.values()]).toEqual([1])
  })

  test('of a setting that is no address says what one looks like', async () => {
    await expect(send('crew desk', things(1))).rejects.toMatchObject({ code: 'BAD_TARGET', remedy: expect.stringContaining('https://') })
  })

  test('never shows what a URL carries in secret', async () => {
    const { address } = await start(() => ({ status: 400 }))
    const carrying = address.replace('//', '//ann:s3cret@')
    const error: Error = await send(carrying, things(1)).catch(e => e)
    expect(error.message).not.toContain('s3cret')
  })
})

describe('the next attempt', () => {
  test('sends what was not accepted, and gives receipts for everything', async () => {
    const failing = await start(({ key }) => (key.endsWith('b2') ? { status: 400 } : undefined))
    const saved: Json[] = []
    await expect(send(failing.address, things(20), { saved }, { concurrency: 1 })).rejects.toThrow()
    failing.close()

    const { address, received } = await start()
    const receipts = await send(address, things(20), { attempt: 2, position: saved.at(-1) }, { concurrency: 1 })
    expect(received.map(one => one.key)).toEqual([
      // Sent before, and perhaps taken, or noted with those that were: the same key.
      'load-things/2001-02-14/v1/g1.a1/b2',
      'load-things/2001-02-14/v1/g1.a1/b3',
      'load-things/2001-02-14/v1/g1.a1/b4',
    ])
    expect(received.every(one => one.fence === '1.2')).toBe(true)
    expect(receipts.map(receipt => [receipt.batch, receipt.rows, receipt.answer])).toEqual([
      [0, 4, 'accepted before'],
      [1, 4, 'accepted before'],
      [2, 4, '200'],
      [3, 4, '200'],
      [4, 4, '200'],
    ])
  })

  test('is not promised what could not be saved: nothing goes out before', async () => {
    const { address, received } = await start()
    const save = async () => {
      throw new Error('the lake is gone')
    }
    await expect(send(address, things(9), { save })).rejects.toThrow('the lake is gone')
    expect(received).toEqual([])
  })

  test('is told of ever more batches at once', async () => {
    const { address } = await start()
    const saved: Json[] = []
    await send(address, things(100), { saved }, { concurrency: 4 })
    // Before the first four, before the next sixteen, before the rest; a delivery that is whole has no next attempt.
    expect(saved.map(position => (position as { sent: number }).sent)).toEqual([4, 20, 100])
    expect(saved.at(-1)).toMatchObject({ sentBy: [[0, 1]] })
  })

  test.each([1, 2, 5])('delivers every row once, wherever the one before died (%i at once)', async concurrency => {
    const rows = things(30)
    const complete = await start()
    const positions: Json[] = []
    await send(complete.address, rows, { saved: positions }, { concurrency })
    complete.close()
    for (const position of positions) {
      // A receiver that honours keys, and took everything before we died without hearing of it.
      const taken = new Map(complete.received.map(one => [one.key, one.ids]))
      const { address, received, close } = await start()
      await send(address, rows, { attempt: 2, position }, { concurrency })
      for (const one of received) if (!taken.has(one.key)) taken.set(one.key, one.ids)
      const sentBefore = (position as { sent: number }).sent
      const delivered = [...taken].filter(([key]) => key.includes('.a2/') || Number(key.split('/b')[1]) < sentBefore)
      expect(delivered.flatMap(([, ids]) => ids).sort((a, b) => a - b)).toEqual(rows.map(row => row.id))
      close()
    }
  })

  test('cuts batches where the first did, even when the task now says another size', async () => {
    const { address, received } = await start()
    const position = { size: 4, accepted: 1, beyond: [], sentBy: [[0, 1]], sent: 1 } as unknown as Json
    await send(address, things(10), { attempt: 2, position }, { batch: 3, concurrency: 1 })
    expect(received.map(one => one.ids)).toEqual([
      [5, 6, 7, 8],
      [9, 10],
    ])
  })
})

test('faults name what is wrong with the options', () => {
  expect(target().faults(columns, [])).toEqual([])
  expect(httpApi({ connection: '', path: 'things', batch: 0, concurrency: 1.5 }).faults(columns, [])).toHaveLength(4)
})

test.each<[string, object, string]>([
  ['an option', { concurency: 2 }, 'httpApi has no option "concurency"; did you mean concurrency?'],
  ['auth', { auth: { bearrer: 'TOKEN' } }, 'auth has no option "bearrer"; did you mean bearer?'],
])('a name that is no option is a fault: of %s', (_, options, fault) => {
  expect(target(options).faults(columns, [])).toEqual([fault])
})
