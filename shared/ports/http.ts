import { type ErrorCode, RedeyeError } from '../core/errors.ts'
import type { Names } from '../core/option-faults.ts'
import type { SourceWorld } from './source.ts'

/** How requests prove who sends them; every string but `header` is the name of a secret, never the secret. */
export type HttpAuth =
  | { readonly bearer: string }
  | { readonly basic: { readonly user: string; readonly password: string } }
  | { readonly header: string; readonly secret: string }

export const authNames: Names<HttpAuth> = { bearer: true, basic: { user: true, password: true }, header: true, secret: true }

/** The names of the secrets that this takes; of what is none of the three, as JavaScript may hand it over, nothing. */
export function authSecrets(auth: HttpAuth | undefined): string[] {
  if (typeof auth !== 'object' || auth === null) return []
  if ('bearer' in auth) return [auth.bearer]
  if ('header' in auth) return [auth.secret]
  return typeof auth.basic === 'object' ? [auth.basic.user, auth.basic.password] : []
}

/** The header that proves it; rejects with BAD_CREDENTIAL when a secret is missing. */
export async function authHeaders(auth: HttpAuth | undefined, world: SourceWorld): Promise<Record<string, string>> {
  if (auth === undefined) return {}
  if ('bearer' in auth) return { authorization: `Bearer ${await world.secret(auth.bearer)}` }
  if ('header' in auth) return { [auth.header.toLowerCase()]: await world.secret(auth.secret) }
  const [user, password] = await Promise.all([world.secret(auth.basic.user), world.secret(auth.basic.password)])
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

/** Who is at the other end; it chooses the error codes. */
export type HttpSide = 'source' | 'target'
const codes: Record<HttpSide, { bad: ErrorCode; unavailable: ErrorCode }> = {
  source: { bad: 'BAD_SOURCE', unavailable: 'SOURCE_UNAVAILABLE' },
  target: { bad: 'BAD_TARGET', unavailable: 'TARGET_UNAVAILABLE' },
}

// Six sendings wait half a minute in all: enough for a restart on the other side; what takes longer is the next attempt's.
const SENDINGS = 6
const FIRST_WAIT_MS = 1000
// A worker that sleeps holds memory and a permit, so a longer wish is better kept by the attempt's own backoff.
const LONGEST_WAIT_MS = 60_000
// What a server, or what stands before it (52x), answers when asking again may help.
const isBusy = (status: number): boolean => [408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)

/**
 * Sends a request until it is answered with something that asking again would not change: waits as `Retry-After` says after 429
 * and 5xx, else ever longer. Rejects with SOURCE_UNAVAILABLE or TARGET_UNAVAILABLE (transient) when that lasts, BAD_CREDENTIAL
 * for 401 and 403, and BAD_SOURCE or BAD_TARGET for other refusals, except those statuses that the caller says it understands.
 */
export async function send(
  world: SourceWorld,
  side: HttpSide,
  url: string,
  init: RequestInit & { signal: AbortSignal },
  understood: readonly number[] = [],
): Promise<Response> {
  const where = `${init.method ?? 'GET'} ${withoutSecrets(url)}`
  for (let sending = 1; ; sending++) {
    const answer = await world.fetch(url, init).catch(cause => unreachable(side, where, init.signal, cause))
    if (answer instanceof Response && (answer.ok || understood.includes(answer.status))) return answer
    if (answer instanceof Response && !isBusy(answer.status)) throw await refused(side, where, answer)
    const problem = answer instanceof Response ? `answered ${answer.status}` : 'did not answer'
    const wait = (answer instanceof Response ? retryAfterMs(answer, world.now()) : undefined) ?? FIRST_WAIT_MS * 2 ** (sending - 1)
    if (answer instanceof Response) await answer.body?.cancel()
    if (sending === SENDINGS || wait > LONGEST_WAIT_MS)
      throw new RedeyeError(codes[side].unavailable, `${where} ${problem}, ${sending} times`, {
        remedy: 'see whether the service is up; the attempt is retried by itself',
        cause: answer instanceof Response ? undefined : answer,
      })
    await world.sleep(wait, init.signal)
  }
}

/** A failed connection is worth another try, but not a cancelled attempt's. */
function unreachable(side: HttpSide, where: string, signal: AbortSignal, cause: unknown): Error {
  // An error of our own (a test's recorded responses) says what is wrong already.
  if (signal.aborted || cause instanceof RedeyeError) throw cause
  if (cause instanceof TypeError && /invalid url/i.test(cause.message))
    throw new RedeyeError(codes[side].bad, `${where}: this is no URL`, { remedy: 'mend the URL, or the setting it comes from', cause })
  return cause instanceof Error ? cause : new Error(String(cause))
}

async function refused(side: HttpSide, where: string, answer: Response): Promise<RedeyeError> {
  const text = (await answer.text()).slice(0, 300)
  const credential = answer.status === 401 || answer.status === 403
  return new RedeyeError(
    credential ? 'BAD_CREDENTIAL' : codes[side].bad,
    `${where} answered ${answer.status}${text === '' ? '' : `: ${text}`}`,
    {
      remedy: credential ? 'renew the secret that the task names' : 'compare the task’s configuration with what the service takes',
    },
  )
}

/** Milliseconds that a `Retry-After` header asks to wait, of either form; undefined without one that can be read. */
export function retryAfterMs(answer: Response, now: number): number | undefined {
  const header = answer.headers.get('retry-after')
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** A URL that can be shown: without user, password and query, where keys are often carried. */
export function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '')
}
