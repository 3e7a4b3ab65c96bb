import { RedeyeError } from '../core/errors.ts'
import { type Names, optionFaults } from '../core/option-faults.ts'
import type { Json } from '../core/schema.ts'
import { authHeaders, authNames, authSecrets, type HttpAuth, send } from '../ports/http.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { batchesOf } from './batches.ts'
import { jsonOf } from './json-row.ts'
import { accepting, firstSender, isAccepted, type Progress, resume, sending } from './progress.ts'

export interface HttpApiOptions {
  /** The name of the setting that holds the service's address: `https://desk.example.com`. */
  connection: string
  /** What is added to the address: `/late-routes`. */
  path: string
  method?: 'POST' | 'PUT' | 'PATCH'
  auth?: HttpAuth
  /** Rows a request; 500 unless given. */
  batch?: number
  /** Requests at once; 4 unless given. */
  concurrency?: number
}
const names: Names<HttpApiOptions> = { connection: true, path: true, method: true, auth: authNames, batch: true, concurrency: true }

/**
 * Sends a partition's rows as JSON arrays, a few requests at once. Every batch carries an `Idempotency-Key` that names the partition,
 * the version, the generation, and the attempt that first sent it; it stays the same however often the batch is sent. `Redeye-Fence` says the
 * sender's own `generation.attempt`: a receiver that has seen a higher one refuses with 412, which is STALE_ATTEMPT.
 * What was accepted is not sent again by the next attempt.
 *
 * @example
 * httpApi({ connection: 'CREW_DESK', path: '/late-routes', auth: { bearer: 'CREW_DESK_TOKEN' }, batch: 100 })
 */
export function httpApi(options: HttpApiOptions): Target {
  return {
    target: 'http-api',
    describe: () => `${options.method ?? 'POST'} ${options.path} of ${options.connection}`,
    secrets: [options.connection, ...authSecrets(options.auth)],
    faults: () => optionFaults('httpApi', options, names, () => faults(options)),
    deliver: delivery => deliver(options, delivery),
  }
}

// A few hundred small rows make a body of tens of kilobytes, which every gateway takes.
const BATCH = 500
// Few enough that a service sized for one caller is not flooded.
const CONCURRENCY = 4
const STALE = 412
// A note in the lake costs more than a request, and one about batches that are never sent does no harm: each is about so many times as many as
// the one before, so a delivery of any length takes few.
const AHEAD = 4

function faults(options: HttpApiOptions): string[] {
  const found: string[] = []
  if (options.connection === '') found.push('httpApi needs the name of a setting as `connection`')
  if (!options.path.startsWith('/')) found.push(`the path "${options.path}" must begin with /`)
  const whole = (n: number | undefined) => n === undefined || (Number.isInteger(n) && n >= 1)
  if (!whole(options.batch)) found.push(`batch takes a whole number from 1, not ${options.batch}`)
  if (!whole(options.concurrency)) found.push(`concurrency takes a whole number from 1, not ${options.concurrency}`)
  return found
}

/** What travels with every request of a delivery. */
interface Route {
  url: string
  method: string
  headers: Record<string, string>
  concurrency: number
}

async function* deliver(options: HttpApiOptions, delivery: Delivery): AsyncIterable<Receipt> {
  const base = await delivery.world.secret(options.connection)
  const route: Route = {
    url: addressOf(base, options),
    method: options.method ?? 'POST',
    headers: {
      ...(await authHeaders(options.auth, delivery.world)),
      'content-type': 'application/json',
      'redeye-fence': `${delivery.generation}.${delivery.attempt}`,
    },
    concurrency: options.concurrency ?? CONCURRENCY,
  }
  yield* sendAll(route, delivery, resume(delivery.position, options.batch ?? BATCH))
}

function addressOf(base: string, options: HttpApiOptions): string {
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new RedeyeError('BAD_TARGET', `the setting ${options.connection} is no http address`, {
      remedy: `set ${options.connection} to something like https://desk.example.com`,
    })
  return base.replace(/\/$/, '') + options.path
}

async function* sendAll(route: Route, delivery: Delivery, resumed: Progress): AsyncIterable<Receipt> {
  let progress = resumed
  // Saves follow one another: an older position must never be written over a newer one.
  let saved: Promise<void> = Promise.resolve()
  const save = () => (saved = saved.then(() => delivery.save(progress as unknown as Json)))
  const stop = new AbortController()
  const signal = AbortSignal.any([delivery.signal, stop.signal])
  const flying = new Map<number, Promise<Receipt>>()
  let whole = false

  try {
    for await (const { batch, rows } of batchesOf(delivery.rows, resumed.size)) {
      if (isAccepted(resumed, batch)) {
        yield { batch, rows: rows.length, token: keyOf(delivery, batch, firstSender(resumed, batch)), answer: 'accepted before' }
        continue
      }
      // The key's attempt must be known to a next attempt before the receiver can have seen the key.
      if (batch >= progress.sent) {
        progress = sending(progress, batch, delivery.attempt, Math.max(route.concurrency, AHEAD * progress.sent))
        await save()
      }
      const token = keyOf(delivery, batch, firstSender(progress, batch))
      const sent = sendBatch(route, delivery, { batch, rows, token, signal }).then(async receipt => {
        progress = accepting(progress, batch)
        return receipt
      })
      // Its failure is heard when its turn comes; until then it is not unhandled.
      sent.catch(() => undefined)
      flying.set(batch, sent)
      if (flying.size >= route.concurrency) yield await first(flying)
    }
    while (flying.size > 0) yield await first(flying)
    whole = true
  } finally {
    stop.abort()
    await Promise.allSettled(flying.values())
    // Without this position the next attempt sends some batches again under their old keys; what ended this one matters more.
    if (!whole) await save().catch(() => undefined)
  }
}

async function first(flying: Map<number, Promise<Receipt>>): Promise<Receipt> {
  const receipt = await Promise.race(flying.values())
  flying.delete(receipt.batch)
  return receipt
}

/** `flights/2001-02-14/v1/g1.a1/b0`: what a receiver remembers to drop the same batch's second sending. */
function keyOf(delivery: Delivery, batch: number, attempt: number): string {
  return `${delivery.task}/${delivery.partition}/v${delivery.version}/g${delivery.generation}.a${attempt}/b${batch}`
}

interface BatchToSend {
  batch: number
  rows: Record<string, unknown>[]
  token: string
  signal: AbortSignal
}

async function sendBatch(route: Route, delivery: Delivery, { batch, rows, token, signal }: BatchToSend): Promise<Receipt> {
  const headers = { ...route.headers, 'idempotency-key': token }
  const answer = await send(delivery.world, 'target', route.url, { method: route.method, headers, body: jsonOf(rows), signal }, [STALE])
  const text = (await answer.text()).slice(0, 200)
  if (answer.status === STALE)
    throw new RedeyeError('STALE_ATTEMPT', `the receiver has seen a newer attempt than ${route.headers['redeye-fence']}: ${text}`, {
      remedy: 'nothing: what the newer one delivers stays',
    })
  return { batch, rows: rows.length, token, answer: text === '' ? String(answer.status) : `${answer.status} ${text}` }
}
