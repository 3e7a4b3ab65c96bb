import { RedeyeError } from '../core/errors.ts'
import type { SourceWorld } from '../ports/source.ts'

/** One answer that was recorded, and the request it belongs to. */
export interface RecordedResponse {
  /** The whole URL that must be asked for. */
  url: string
  /** `GET` unless given. */
  method?: string
  /** 200 unless given. */
  status?: number
  headers?: Record<string, string>
  /** A text or bytes as they are; anything else as JSON. */
  body?: unknown
  /** Instead of an answer: the connection fails with this message. */
  fails?: string
}

/** A request as it was made. Header names are in lower case. */
export interface RecordedRequest {
  url: string
  method: string
  headers: Record<string, string>
  body: string | undefined
}

/** A fetch that answers from a list, what it was asked, and what nobody has asked for yet. */
export type RecordedFetch = SourceWorld['fetch'] & { readonly requests: readonly RecordedRequest[]; unused(): RecordedResponse[] }

/**
 * Makes a fetch that answers from recorded responses, in their order, and refuses any other request by saying what was expected.
 *
 * @example
 * const fetch = recordedFetch([
 *   { url: 'https://api.example.com/airports', status: 429, headers: { 'retry-after': '1' } },
 *   { url: 'https://api.example.com/airports', body: { data: [{ iata: 'SFO' }] } },
 * ])
 */
export function recordedFetch(responses: readonly RecordedResponse[]): RecordedFetch {
  const requests: RecordedRequest[] = []
  const answer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    init?.signal?.throwIfAborted()
    const request = await requestOf(input, init)
    const recorded = responses[requests.length]
    mustMatch(request, recorded, requests.length)
    requests.push(request)
    if (recorded.fails !== undefined) throw new TypeError('fetch failed', { cause: new Error(recorded.fails) })
    return responseOf(recorded)
  }
  return Object.assign(answer, { requests, unused: () => responses.slice(requests.length) })
}

/** Of a fault in a test nothing is retried, so it is a user error and names both sides. */
function mustMatch(request: RecordedRequest, recorded: RecordedResponse | undefined, count: number): asserts recorded is RecordedResponse {
  const asked = `${request.method} ${request.url}`
  const expected = recorded && `${recorded.method ?? 'GET'} ${recorded.url}`
  if (asked === expected) return
  throw new RedeyeError(
    'BAD_ARGUMENT',
    `unexpected request ${count + 1}: ${asked}; ${expected === undefined ? 'no more responses are recorded' : `recorded is ${expected}`}`,
    {
      remedy: 'record a response for each request, in the order in which they are made',
    },
  )
}

async function requestOf(input: string | URL | Request, init: RequestInit | undefined): Promise<RecordedRequest> {
  const request = new Request(input, { ...init, signal: null })
  const body = await request.text()
  return { url: request.url, method: request.method, headers: Object.fromEntries(request.headers), body: body === '' ? undefined : body }
}

function responseOf({ status = 200, headers = {}, body }: RecordedResponse): Response {
  const isEmpty = body === undefined || [204, 205, 304].includes(status)
  if (isEmpty) return new Response(null, { status, headers })
  if (typeof body === 'string' || body instanceof Uint8Array) return new Response(body as string, { status, headers })
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** A world of recorded responses: waits take no time and are noted, secrets come from a list. */
export function recordedWorld(options: {
  responses?: readonly RecordedResponse[]
  secrets?: Readonly<Record<string, string>>
  now?: number
}): SourceWorld & { fetch: RecordedFetch; sleeps: number[] } {
  const sleeps: number[] = []
  return {
    fetch: recordedFetch(options.responses ?? []),
    sleeps,
    now: () => options.now ?? 0,
    async secret(name) {
      const value = options.secrets?.[name]
      if (value === undefined)
        throw new RedeyeError('BAD_CREDENTIAL', `there is no setting or secret ${name}`, { remedy: `give ${name} a value` })
      return value
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      sleeps.push(ms)
    },
  }
}
