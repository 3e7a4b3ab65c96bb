import { createHash } from 'node:crypto'
import { RedeyeError } from '../core/errors.ts'
import type { Names } from '../core/option-faults.ts'
import type { Json } from '../core/schema.ts'
import { authNames, type HttpAuth, withoutSecrets } from '../ports/http.ts'
import type { Batch, ReadRequest } from '../ports/source.ts'
import { authFaults, type HttpAnswer, httpGet } from './http-get.ts'
import { type Answered, firstPage, type PageAt, type Pages, pageAfter, pageNames, pagesFaults, pageUrl } from './pagination.ts'
import { fillPartition, placeholderFaults } from './partition-text.ts'
import { settingFaults, settingOf } from './setting.ts'
import { rawOf } from './text-json.ts'

/** What every API source is told. */
export interface HttpSourceOptions {
  /** The name of the setting that holds the API's address, like `https://api.example.com/v1`; never the address itself. */
  connection: string
  /** What follows the address, like `/airports`; may hold `{partition}`, `{start}`, `{end}`, `{date}`, `{endDate}`. */
  path?: string
  /** Query parameters; their values may hold the same placeholders. */
  query?: Readonly<Record<string, string | number | boolean>>
  /** Further headers, none of them secret. */
  headers?: Readonly<Record<string, string>>
  /** How the API knows us, by names of secrets: `{ bearer: 'TOKEN' }`, `{ basic: { user, password } }`, `{ header: 'x-api-key', secret: 'KEY' }`. */
  auth?: HttpAuth
  /** How the API hands out its pages; a single answer unless given. */
  pages?: Pages
}
export const httpNames: Names<HttpSourceOptions> = {
  connection: true,
  path: true,
  query: true,
  headers: true,
  auth: authNames,
  pages: pageNames,
}

/** Reads an answer's body: yields what it holds, and returns how many items that were and the values that `pages` asks for. */
export type PageReader = (
  answer: HttpAnswer,
  page: { where: string; name: string },
) => AsyncGenerator<Batch, { items: number; value: (path: string) => unknown }>

/** A position: the page to go on with, or that there is none. */
type Place = PageAt | { end: true }

/** Pulls all pages, each batch that ends a page with the position of the next one. */
export async function* readPages(
  options: HttpSourceOptions,
  request: ReadRequest,
  accept: string,
  readPage: PageReader,
): AsyncGenerator<Batch> {
  const place = (request.position as Place | undefined) ?? firstPage(options.pages)
  if ('end' in place) return
  const address = await addressOf(options, request)
  const get = await httpGet(request.world, request.signal, { auth: options.auth, headers: { accept, ...options.headers } })
  const guard = new LoopGuard(withoutSecrets(address), options.pages)
  for (let at: PageAt | undefined = place; at !== undefined; ) {
    guard.enter(at)
    const answer = await get(pageUrl(address, options.pages, at))
    const reading = readPage(answer, { where: withoutSecrets(answer.url), name: nameOf(at) })
    let held: Batch | undefined
    let next = await reading.next()
    for (; !next.done; next = await reading.next()) {
      guard.see(next.value)
      if (held) yield held
      held = next.value
    }
    const answered: Answered = { url: answer.url, link: answer.headers.get('link'), ...next.value }
    guard.leave(at, answered.items)
    at = pageAfter(options.pages, at, answered)
    const position = (at ?? { end: true }) as unknown as Json
    yield { ...(held ?? { records: [] }), position }
  }
}

async function addressOf(options: HttpSourceOptions, request: ReadRequest): Promise<string> {
  const base = await settingOf(request.world, options.connection)
  const [path, search] = fillPartition(options.path ?? '', request.partition, encodeURIComponent).split(/\?(.*)/s) as [string, string?]
  const url = URL.parse(base)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new RedeyeError('BAD_SOURCE', `the setting ${options.connection} is no http or https address without user and password`, {
      remedy: 'write it like https://api.example.com/v1; credentials stand in `auth`, by the names of secrets',
    })
  if (path !== '') url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`
  for (const [name, value] of new URLSearchParams(search)) url.searchParams.append(name, value)
  for (const [name, value] of Object.entries(options.query ?? {}))
    url.searchParams.set(name, fillPartition(String(value), request.partition))
  return url.href
}

/** A page as people name it. */
function nameOf(at: PageAt): string {
  if ('first' in at) return 'page 1'
  if ('page' in at) return `page ${at.page}`
  return 'offset' in at ? `offset ${at.offset}` : 'cursor' in at ? `cursor ${at.cursor.slice(0, 40)}` : `page ${withoutSecrets(at.url)}`
}

// Two equal pages can be chance where items have no identity; a third is a server that ignores what it is asked.
const EQUAL_PAGES = 3

/** Ends pulls that would not end by themselves: a page that comes round again, or the same items page after page. */
class LoopGuard {
  readonly #address: string
  /** Only counted pages can go on without an end by what the server answers; the others name the next page. */
  readonly #isCounted: boolean
  readonly #seen = new Set<string>()
  #hash = createHash('sha1')
  #last = ''
  #equal = 1

  constructor(address: string, pages: Pages | undefined) {
    this.#address = address
    this.#isCounted = pages?.by === 'page' || pages?.by === 'offset'
  }

  enter(at: PageAt): void {
    const key = JSON.stringify(at)
    if (this.#seen.has(key))
      throw new RedeyeError('BAD_SOURCE', `${this.#address} leads to ${nameOf(at)} a second time, so its pages have no end`, {
        remedy: 'compare `pages` of the task with what the API answers',
      })
    this.#seen.add(key)
    this.#hash = createHash('sha1')
  }

  see(batch: Batch): void {
    if (this.#isCounted) this.#hash.update(rawOf(batch.records))
  }

  leave(at: PageAt, items: number): void {
    if (!this.#isCounted) return
    const digest = this.#hash.digest('base64')
    this.#equal = digest === this.#last && items > 0 ? this.#equal + 1 : 1
    this.#last = digest
    if (this.#equal === EQUAL_PAGES)
      throw new RedeyeError(
        'BAD_SOURCE',
        `${this.#address} answers ${nameOf(at)} with the same items as the ${EQUAL_PAGES - 1} pages before`,
        {
          remedy: 'see whether the API takes the parameter that `pages` names',
        },
      )
  }
}

/** What is wrong with the options that every API source has. */
export function httpFaults(options: HttpSourceOptions): string[] {
  const faults = settingFaults(options.connection, 'AIRPORTS_API')
  const path = options.path ?? ''
  if (/^[a-z]+:\/\//i.test(path)) faults.push('path is what follows the address in the setting, not a URL')
  faults.push(...placeholderFaults(path, 'path'))
  for (const [name, value] of Object.entries(options.query ?? {})) faults.push(...placeholderFaults(String(value), `query.${name}`))
  for (const name of Object.keys(options.headers ?? {}))
    if (/^(authorization|cookie|proxy-authorization)$/i.test(name))
      faults.push(`headers.${name} would put a secret into the code; use auth`)
  return [...faults, ...authFaults(options.auth), ...pagesFaults(options.pages)]
}
