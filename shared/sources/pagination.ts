import { RedeyeError } from '../core/errors.ts'
import type { Names } from '../core/option-faults.ts'

/**
 * How an API hands out its pages. Paths like `meta.next` lead to a value in the answer: in JSON by fields, in XML by elements
 * below the root or an attribute at the end.
 */
export type Pages =
  /** The answer holds a cursor that the next request sends as a query parameter; none, null, or `more` that is false, ends. */
  | { readonly by: 'cursor'; readonly next: string; readonly parameter: string; readonly more?: string }
  /** The answer holds the next page's URL, absolute or not. */
  | { readonly by: 'url'; readonly next: string }
  /** The answer's `Link` header names the next page by rel="next". */
  | { readonly by: 'link' }
  /** Pages count up from `first` (1). Ends at a page without items, or after the page that `last` leads to. */
  | { readonly by: 'page'; readonly parameter: string; readonly first?: number; readonly last?: string }
  /** Items are counted. Ends at a page without items, or when `total` items are there. */
  | { readonly by: 'offset'; readonly parameter: string; readonly total?: string }

export const pageNames: Names<Pages> = { by: true, next: true, parameter: true, more: true, first: true, last: true, total: true }

/** Which page to ask for; it is JSON, and a source's position. */
export type PageAt = { first: true } | { cursor: string } | { url: string } | { page: number } | { offset: number }

/** What of an answer says how it goes on. */
export interface Answered {
  url: string
  link: string | null
  /** How many items the page had. */
  items: number
  value(path: string): unknown
}

/** The paths that pages are told by, which a streaming reader must keep. */
export function pagePaths(pages: Pages | undefined): string[] {
  switch (pages?.by) {
    case 'cursor':
      return pages.more === undefined ? [pages.next] : [pages.next, pages.more]
    case 'url':
      return [pages.next]
    case 'page':
      return pages.last === undefined ? [] : [pages.last]
    case 'offset':
      return pages.total === undefined ? [] : [pages.total]
    case 'link':
    case undefined:
      return []
  }
}

export function firstPage(pages: Pages | undefined): PageAt {
  if (pages?.by === 'page') return { page: pages.first ?? 1 }
  return pages?.by === 'offset' ? { offset: 0 } : { first: true }
}

/** The URL of a page: the first one's with the page's parameter, or the one that was answered. */
export function pageUrl(first: string, pages: Pages | undefined, at: PageAt): string {
  if ('url' in at) return at.url
  if ('first' in at || pages === undefined || !('parameter' in pages)) return first
  const url = new URL(first)
  url.searchParams.set(pages.parameter, String('cursor' in at ? at.cursor : 'page' in at ? at.page : at.offset))
  return url.href
}

/** The page after an answer; undefined when that was the last one. Throws BAD_SOURCE for a cursor or URL that cannot be followed. */
export function pageAfter(pages: Pages | undefined, at: PageAt, answered: Answered): PageAt | undefined {
  switch (pages?.by) {
    case undefined:
      return undefined
    case 'cursor':
      return afterCursor(pages, answered)
    case 'url':
      return afterUrl(textAt(answered, pages.next), answered)
    case 'link':
      return afterUrl(nextLink(answered.link), answered)
    case 'page': {
      const page = 'page' in at ? at.page : (pages.first ?? 1)
      const last = pages.last === undefined ? undefined : numberAt(answered, pages.last)
      // Servers cap the size of pages, so only an empty page is surely the last.
      return answered.items === 0 || (last !== undefined && page >= last) ? undefined : { page: page + 1 }
    }
    case 'offset': {
      const offset = ('offset' in at ? at.offset : 0) + answered.items
      const total = pages.total === undefined ? undefined : numberAt(answered, pages.total)
      return answered.items === 0 || (total !== undefined && offset >= total) ? undefined : { offset }
    }
  }
}

function afterCursor(pages: Extract<Pages, { by: 'cursor' }>, answered: Answered): PageAt | undefined {
  if (pages.more !== undefined) {
    const more = answered.value(pages.more)
    if (more === false || more === 'false' || more === 0 || more === '0') return undefined
    const isTold = more === true || more === 'true' || more === 1 || more === '1'
    if (!isTold) throw unreadable(answered, pages.more, more, 'true or false')
  }
  const cursor = textAt(answered, pages.next)
  if (cursor !== undefined) return { cursor }
  if (pages.more === undefined) return undefined
  throw unreadable(answered, pages.next, undefined, 'a cursor, since there is more')
}

function afterUrl(next: string | undefined, answered: Answered): PageAt | undefined {
  if (next === undefined) return undefined
  const url = URL.parse(next, answered.url)
  if (url === null) throw unreadable(answered, 'the next page', next, 'a URL')
  mustStay(answered.url, url.href)
  return { url: url.href }
}

/** Refuses to go to another origin, which would be handed the credential. */
export function mustStay(from: string, to: string): void {
  const [here, there] = [new URL(from).origin, new URL(to).origin]
  if (here !== there)
    throw new RedeyeError('BAD_SOURCE', `${here} sends on to ${there}, which must not get the credential`, {
      remedy: `name ${there} in the setting, if that is where the API is`,
    })
}

/** A text or number as text; undefined for what says that there is nothing: absent, null, false or empty. */
function textAt(answered: Answered, path: string): string | undefined {
  const value = answered.value(path)
  if (value === undefined || value === null || value === false || value === '') return undefined
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return String(value)
  throw unreadable(answered, path, value, 'a text')
}

function numberAt(answered: Answered, path: string): number {
  const value = answered.value(path)
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof count === 'number' && Number.isFinite(count)) return count
  throw unreadable(answered, path, value, 'a number')
}

function unreadable(answered: Answered, path: string, value: unknown, expected: string): RedeyeError {
  const { origin, pathname } = new URL(answered.url)
  const received = JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
  return new RedeyeError('BAD_SOURCE', `${origin}${pathname} answered ${received} at ${path}, expected ${expected}`, {
    remedy: 'compare `pages` of the task with what the API answers',
  })
}

/** The target of rel="next" in a `Link` header (RFC 8288); undefined without one. */
export function nextLink(header: string | null): string | undefined {
  for (const m of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"[^"]*"|[^\s";,]*))?)*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]+))/i.exec(m[2]!)
    if ((rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/).includes('next')) return m[1]
  }
  return undefined
}

/** What is wrong with the configuration of pages. */
export function pagesFaults(pages: Pages | undefined): string[] {
  if (pages === undefined) return []
  const faults: string[] = []
  if ('parameter' in pages && pages.parameter === '') faults.push('pages.parameter is empty')
  if ('next' in pages && pages.next === '') faults.push('pages.next is empty; it is the path to the next page in the answer')
  if (pages.by === 'page' && pages.first !== undefined && !Number.isInteger(pages.first))
    faults.push(`pages.first is a whole number, not ${pages.first}`)
  return faults
}
