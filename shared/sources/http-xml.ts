import { TextDecoder } from 'node:util'
import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import { authSecrets } from '../ports/http.ts'
import type { Source } from '../ports/source.ts'
import type { HttpAnswer } from './http-get.ts'
import { type HttpSourceOptions, httpFaults, httpNames, type PageReader, readPages } from './http-pages.ts'
import { pagePaths } from './pagination.ts'
import { parseJsonColumns } from './text-json.ts'
import { XmlFault, XmlItems } from './xml-items.ts'

export interface XmlApiOptions extends HttpSourceOptions {
  /** The name of the element that is an item, without prefix. */
  item: string
  /** The most characters that one item may have; a million unless given. */
  maxItemCharacters?: number
}

const MAX_ITEM_CHARACTERS = 1_000_000
const BATCH_ROWS = 1000

/**
 * Pulls items from an XML API, streamed, page after page. Attributes and children of an item become fields of a record.
 *
 * @example
 * export default ingest({
 *   source: xmlApi({
 *     connection: 'STRIKES_API',
 *     path: '/strikes',
 *     query: { from: '{date}', to: '{endDate}' },
 *     item: 'strike',
 *     auth: { header: 'x-api-key', secret: 'STRIKES_KEY' },
 *     pages: { by: 'link' },
 *   }),
 *   output: wildlifeStrikes,
 * })
 */
export function xmlApi(options: XmlApiOptions): Source {
  return {
    source: 'xml',
    describe: () => `XML ${options.path ?? '/'} from ${options.connection}`,
    secrets: [options.connection, ...authSecrets(options.auth)],
    faults: () => optionFaults('xmlApi', options, { ...httpNames, item: true, maxItemCharacters: true }, () => faultsOf(options)),
    read: request => readPages(options, request, 'application/xml, text/xml;q=0.9', pageReader(options, request.columns)),
  }
}

function faultsOf(options: XmlApiOptions): string[] {
  const faults = httpFaults(options)
  if (!/^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(options.item))
    faults.push(`item is the name of an element without prefix, not ${JSON.stringify(options.item)}`)
  const most = options.maxItemCharacters
  if (most !== undefined && !(Number.isInteger(most) && most > 0)) faults.push(`maxItemCharacters is a whole number, not ${most}`)
  return faults
}

function pageReader(options: XmlApiOptions, columns: Columns): PageReader {
  const shape = shaper(columns)
  return async function* (answer, { where }) {
    const parser = new XmlItems(options.item, pagePaths(options.pages), options.maxItemCharacters ?? MAX_ITEM_CHARACTERS)
    let items = 0
    let held: Record<string, unknown>[] = []
    try {
      for await (const text of textOf(answer)) {
        for (const record of parser.push(text)) {
          items++
          held.push(shape(record))
          if (held.length < BATCH_ROWS) continue
          yield parseJsonColumns(held, columns)
          held = []
        }
      }
      parser.end()
    } catch (cause) {
      if (!(cause instanceof XmlFault)) throw cause
      throw new RedeyeError('BAD_SOURCE', `${where} answers with XML that cannot be taken: ${cause.message}`, {
        remedy: 'see whether path and auth are what the API takes; entities and DOCTYPE are never read',
        cause,
      })
    }
    if (held.length > 0) yield parseJsonColumns(held, columns)
    return { items, value: path => parser.value(path) }
  }
}

/** The body as text, in the encoding that a byte order mark, the content type or the XML declaration says; else UTF-8. */
async function* textOf(answer: HttpAnswer): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  for await (const chunk of answer.body) {
    decoder ??= decoderOf(chunk, answer.headers.get('content-type') ?? '')
    yield decode(() => decoder!.decode(chunk, { stream: true }))
  }
  if (decoder) yield decode(() => decoder.decode())
}

function decoderOf(first: Uint8Array, contentType: string): TextDecoder {
  const mark = first[0] === 0xfe && first[1] === 0xff ? 'utf-16be' : first[0] === 0xff && first[1] === 0xfe ? 'utf-16le' : undefined
  const declared = /^[^<]*<\?xml[^>]*\sencoding=["']([\w.-]+)["']/.exec(Buffer.from(first.subarray(0, 200)).toString('latin1'))?.[1]
  const label = mark ?? /charset="?([\w.-]+)/i.exec(contentType)?.[1] ?? declared ?? 'utf-8'
  try {
    return new TextDecoder(label, { fatal: true })
  } catch {
    throw new XmlFault(`its encoding "${label}" is unknown`)
  }
}

function decode(decoding: () => string): string {
  try {
    return decoding()
  } catch {
    throw new XmlFault('its bytes are not in the encoding it says')
  }
}

/** In XML one element looks the same whether or not more may follow, so declared arrays become lists however many there are. */
function shaper(columns: Columns): (record: Record<string, unknown>) => Record<string, unknown> {
  const nested = Object.entries(columns).filter(([, type]) => typeof type !== 'string' && !('decimal' in type))
  if (nested.length === 0) return record => record
  return record => {
    for (const [name, type] of nested) if (record[name] !== undefined) record[name] = shaped(record[name], type)
    return record
  }
}

function shaped(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined || typeof type === 'string' || 'decimal' in type) return value
  if ('array' in type) {
    const list = Array.isArray(value) ? value : [value]
    return unwrapped(list, type.array).map(item => shaped(item, type.array))
  }
  if (typeof value !== 'object' || Array.isArray(value)) return value
  return shaper(type.struct)(value as Record<string, unknown>)
}

/** `<tags><tag>a</tag><tag>b</tag></tags>`: the one child inside is the list. */
function unwrapped(list: unknown[], element: ColumnType): unknown[] {
  const [only] = list
  if (list.length !== 1 || typeof only !== 'object' || only === null) return list
  const names = Object.keys(only)
  const isElement = typeof element !== 'string' && 'struct' in element && names.some(name => name in element.struct)
  if (names.length !== 1 || isElement) return list
  const inner = (only as Record<string, unknown>)[names[0]!]
  return Array.isArray(inner) ? inner : [inner]
}
