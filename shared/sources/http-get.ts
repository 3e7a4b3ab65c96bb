import { RedeyeError } from '../core/errors.ts'
import { authHeaders, authSecrets, type HttpAuth, send, withoutSecrets } from '../ports/http.ts'
import type { SourceWorld } from '../ports/source.ts'
import { mustStay } from './pagination.ts'
import { settingFaults } from './setting.ts'

/** An answer whose body is still to be read. */
export interface HttpAnswer {
  /** Where it came from in the end, after redirects. */
  url: string
  headers: Headers
  /** The body, streamed. Rejects with SOURCE_UNAVAILABLE when it breaks off or stops coming. */
  body: AsyncIterable<Uint8Array>
}

export type HttpGet = (url: string) => Promise<HttpAnswer>

// A server that has sent nothing for a minute has forgotten us; one that is slow but alive sends in between.
const SILENCE_MS = 60_000
const redirects = [301, 302, 303, 307, 308]
// As many as browsers follow before they call it a loop.
const MOST_REDIRECTS = 20

/**
 * Makes the function that asks an API for a URL, with the credential's headers, and with waits and further tries as
 * `send` has them. Redirects within the same origin are followed; others are refused, since they would take the credential along.
 */
export async function httpGet(
  world: SourceWorld,
  signal: AbortSignal,
  options: { auth?: HttpAuth; headers: Record<string, string> },
): Promise<HttpGet> {
  const headers = { ...options.headers, ...(await credential(options.auth, world)) }
  return async first => {
    let url = first
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const watch = new SilenceWatch(signal)
      const watched = { ...world, fetch: watch.fetch(world.fetch) }
      const answer = await send(watched, 'source', url, { headers, redirect: 'manual', signal }, redirects).catch(error => {
        throw namingSecret(error, options.auth)
      })
      if (answer.ok) return { url, headers: answer.headers, body: watch.body(answer, withoutSecrets(url)) }
      await answer.body?.cancel()
      watch.end()
      url = redirected(url, answer.headers.get('location'))
    }
    throw new RedeyeError('BAD_SOURCE', `GET ${withoutSecrets(first)} is redirected more than ${MOST_REDIRECTS} times`, {
      remedy: 'name the address at the end of the redirects',
    })
  }
}

function redirected(from: string, location: string | null): string {
  const to = location === null ? null : URL.parse(location, from)
  if (to === null)
    throw new RedeyeError(
      'BAD_SOURCE',
      `GET ${withoutSecrets(from)} is redirected to ${location === null ? 'nowhere' : 'what is no URL'}`,
      {
        remedy: 'name the address where the API is now',
      },
    )
  mustStay(from, to.href)
  return to.href
}

async function credential(auth: HttpAuth | undefined, world: SourceWorld): Promise<Record<string, string>> {
  const headers = await authHeaders(auth, world)
  // Fetch would refuse such a header with an error that shows the secret.
  for (const value of Object.values(headers))
    if (!/^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(value))
      throw new RedeyeError('BAD_CREDENTIAL', `the secret ${authSecrets(auth).join(' or ')} holds what no header can carry, or nothing`, {
        remedy: 'store the secret again, without line breaks',
      })
  return headers
}

/** What is wrong with a credential's configuration. */
export function authFaults(auth: HttpAuth | undefined): string[] {
  if (auth === undefined) return []
  const secrets = authSecrets(auth)
  if (secrets.length === 0)
    return [`auth is { bearer }, { basic: { user, password } } or { header, secret }, not { ${Object.keys(Object(auth)).join(', ')} }`]
  const faults = secrets.flatMap(name => settingFaults(name, 'AIRPORTS_TOKEN', 'auth'))
  if ('header' in auth && !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(auth.header))
    faults.push(`auth.header is the name of a header, not ${JSON.stringify(auth.header)}`)
  return faults
}

function namingSecret(error: unknown, auth: HttpAuth | undefined): unknown {
  if (!(error instanceof RedeyeError) || error.code !== 'BAD_CREDENTIAL') return error
  const names = authSecrets(auth)
  const remedy = names.length === 0 ? 'name a credential in `auth`' : `renew the secret ${names.join(' or ')}`
  return new RedeyeError('BAD_CREDENTIAL', error.message, { remedy, cause: error })
}

/** Ends a request whose answer, or the next bytes of it, do not come. */
class SilenceWatch {
  readonly #signal: AbortSignal
  #timer: NodeJS.Timeout | undefined
  #silence = new AbortController()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** A fetch under this watch: each call begins anew. */
  fetch(fetch: SourceWorld['fetch']): SourceWorld['fetch'] {
    return async (input, init) => {
      this.#silence = new AbortController()
      this.#listen()
      try {
        return await fetch(input, { ...init, signal: AbortSignal.any([this.#signal, this.#silence.signal]) })
      } finally {
        this.end()
      }
    }
  }

  async *body(answer: Response, where: string): AsyncGenerator<Uint8Array> {
    try {
      this.#listen()
      for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
        this.end()
        yield chunk
        this.#listen()
      }
    } catch (cause) {
      this.#signal.throwIfAborted()
      throw new RedeyeError('SOURCE_UNAVAILABLE', `GET ${where}: the answer broke off`, {
        remedy: 'the attempt is retried by itself',
        cause,
      })
    } finally {
      this.end()
    }
  }

  #listen(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
    this.#timer.unref()
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
