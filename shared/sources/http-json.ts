import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import { authSecrets } from '../ports/http.ts'
import type { Batch, Rejected, Source } from '../ports/source.ts'
import { type HttpSourceOptions, httpFaults, httpNames, type PageReader, readPages } from './http-pages.ts'
import { valueAt } from './json-path.ts'
import { rawOf } from './text-json.ts'

export interface JsonApiOptions extends HttpSourceOptions {
  /** The path to the list of items in an answer, like `data.results`; without it the answer is the list. */
  items?: string
  /** The most that one answer may hold, since it is read whole; 64 MiB unless given. */
  maxPageBytes?: number
}

// Parsed, it is a few hundred megabytes: what a small worker can still hold.
const MAX_PAGE_BYTES = 64 * 1024 * 1024
const BATCH_ROWS = 1000
// Any decimal of so many digits comes back from its double.
const EXACT_DIGITS = 15

/**
 * Pulls items from a JSON API, page after page.
 *
 * @example
 * export default ingest({
 *   source: jsonApi({
 *     connection: 'AIRPORTS_API',
 *     path: '/airports',
 *     items: 'data',
 *     auth: { bearer: 'AIRPORTS_TOKEN' },
 *     pages: { by: 'cursor', next: 'next_cursor', parameter: 'cursor' },
 *   }),
 *   output: airports,
 * })
 */
export function jsonApi(options: JsonApiOptions): Source {
  return {
    source: 'json',
    describe: () => `JSON ${options.path ?? '/'} from ${options.connection}`,
    secrets: [options.connection, ...authSecrets(options.auth)],
    faults: () => optionFaults('jsonApi', options, { ...httpNames, items: true, maxPageBytes: true }, () => faultsOf(options)),
    read: request => readPages(options, request, 'application/json', pageReader(options, hasDecimal(request.columns))),
  }
}

function faultsOf(options: JsonApiOptions): string[] {
  const faults = httpFaults(options)
  const { maxPageBytes } = options
  if (maxPageBytes !== undefined && !(Number.isInteger(maxPageBytes) && maxPageBytes > 0))
    faults.push(`maxPageBytes is a whole number of bytes, not ${maxPageBytes}`)
  return faults
}

function pageReader(options: JsonApiOptions, keepsDigits: boolean): PageReader {
  return async function* (answer, { where, name }) {
    const text = await textOf(answer.body, where, options.maxPageBytes ?? MAX_PAGE_BYTES)
    const page = parse(text, where, keepsDigits)
    const items = itemsOf(page, options.items, where)
    for (let from = 0; from < items.length; from += BATCH_ROWS) yield batchOf(items.slice(from, from + BATCH_ROWS), from, name)
    return { items: items.length, value: path => valueAt(page, path) }
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, where: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new RedeyeError('BAD_SOURCE', `${where} answers with more than ${maxBytes} bytes`, {
        remedy: 'ask for smaller pages, or raise maxPageBytes as far as the memory goes',
      })
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new RedeyeError('BAD_SOURCE', `${where} answers with what is no UTF-8`, { remedy: 'JSON is UTF-8; ask the API’s makers', cause })
  }
}

/** Parses without losing digits: a whole number beyond 2^53 becomes a bigint, and a longer fraction its text where a column is a decimal. */
function parse(text: string, where: string, keepsDigits: boolean): unknown {
  try {
    // Most pages have no such number, and parse several times faster without the second look.
    return /[\d.]{16}/.test(text) ? JSON.parse(text, exact(keepsDigits) as (key: string, value: unknown) => unknown) : JSON.parse(text)
  } catch (cause) {
    throw new RedeyeError('BAD_SOURCE', `${where} answers with what is no JSON: ${JSON.stringify(text.slice(0, 80))}`, {
      remedy: 'see whether path and auth are what the API takes',
      cause,
    })
  }
}

function exact(keepsDigits: boolean) {
  return (_: string, value: unknown, context: { source?: string }): unknown => {
    const source = context.source
    if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value
    if (/^-?\d+$/.test(source)) return BigInt(source)
    return keepsDigits && source.length > EXACT_DIGITS && String(value) !== source ? source : value
  }
}

function hasDecimal(columns: Columns): boolean {
  const isDecimal = (type: ColumnType): boolean =>
    typeof type !== 'string' && ('decimal' in type || ('array' in type ? isDecimal(type.array) : hasDecimal(type.struct)))
  return Object.values(columns).some(isDecimal)
}

function itemsOf(page: unknown, path: string | undefined, where: string): unknown[] {
  const items = valueAt(page, path ?? '')
  if (Array.isArray(items)) return items
  const fields = typeof page === 'object' && page !== null ? Object.keys(page).slice(0, 10).join(', ') || 'no fields' : typeof page
  throw new RedeyeError(
    'BAD_SOURCE',
    `${where}: ${path === undefined ? 'the answer' : `"${path}" in the answer`} is no list (it has ${fields})`,
    {
      remedy: 'name the path to the list of items in `items`, like data.results',
    },
  )
}

function batchOf(items: unknown[], from: number, name: string): Batch {
  const records: Record<string, unknown>[] = []
  const rejected: Rejected[] = []
  items.forEach((item, i) => {
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) records.push(item as Record<string, unknown>)
    else rejected.push({ raw: rawOf(item), reason: 'the item is no object', where: `${name}, item ${from + i + 1}` })
  })
  return rejected.length === 0 ? { records } : { records, rejected }
}
