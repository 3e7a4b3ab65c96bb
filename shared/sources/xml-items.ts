import { SaxesParser } from 'saxes'

/** What of an XML document cannot be taken: malformed, a DOCTYPE, an unknown entity, or an item out of all bounds. */
export class XmlFault extends Error {}

type Fields = Record<string, unknown>
interface Element {
  name: string
  fields: Fields
  text: string
  isNil: boolean
}

/** The field of an element's own text beside attributes or children. */
export const TEXT_FIELD = '_text'

/**
 * Collects the elements of one name as records while a document streams by: attributes and children become fields, a child
 * that repeats a list, a child with neither attributes nor children its text; what is empty or xsi:nil is null. Prefixes of
 * names are dropped. No entity beyond the predefined five is known, and a DOCTYPE is refused.
 */
export class XmlItems {
  readonly #parser = new SaxesParser<{ xmlns: false; position: true }>({ xmlns: false, position: true })
  readonly #item: string
  readonly #maxCharacters: number
  /** Elements of the item that is open, outermost first. */
  #open: Element[] = []
  /** Names from the root to here, outside of items. */
  #path: string[] = []
  #items: Fields[] = []
  /** Values outside of items, by path below the root; only those asked for. */
  readonly #values = new Map<string, string>()
  readonly #wanted: ReadonlySet<string>
  #text = ''
  /** Characters since the parser last had anything whole: what it holds by itself. */
  #unfinished = 0
  #itemCharacters = 0
  #isClosed = false

  constructor(item: string, wanted: readonly string[], maxCharacters: number) {
    this.#item = item
    this.#wanted = new Set(wanted)
    this.#maxCharacters = maxCharacters
    this.#parser.on('error', error => {
      throw new XmlFault(error.message)
    })
    this.#parser.on('doctype', () => {
      throw new XmlFault('it has a DOCTYPE, which is refused')
    })
    this.#parser.on('opentag', tag => this.#opened(tag.name, tag.attributes as Record<string, string>))
    this.#parser.on('text', text => this.#texted(text))
    this.#parser.on('cdata', text => this.#texted(text))
    this.#parser.on('closetag', () => this.#closed())
    // With one or two handlers more the parser's object turns into a dictionary, and parsing takes four times as long.
  }

  /** Takes a piece of the document and gives the items that ended in it; throws an XmlFault. */
  push(piece: string): Fields[] {
    // In slices, so that what the parser holds by itself is looked at often enough.
    for (let from = 0; from < piece.length; from += SLICE) {
      const slice = piece.slice(from, from + SLICE)
      this.#unfinished += slice.length
      this.#parser.write(slice)
      if (this.#unfinished > this.#maxCharacters || this.#itemCharacters > this.#maxCharacters)
        throw new XmlFault(
          `more than ${this.#maxCharacters} characters belong to one ${this.#open.length > 0 ? 'item' : 'part outside of items'}`,
        )
    }
    const items = this.#items
    this.#items = []
    return items
  }

  /** The document is over; throws an XmlFault when it is not whole. */
  end(): void {
    this.#parser.close()
    if (!this.#isClosed) throw new XmlFault('the document is empty')
  }

  /** A value outside of items: the text of the element, or the attribute, at a path below the root. */
  value(path: string): string | undefined {
    return this.#values.get(path)
  }

  #whole(): void {
    if (this.#open.length > 0) this.#itemCharacters += this.#unfinished
    this.#unfinished = 0
  }

  #opened(tag: string, attributes: Record<string, string>): void {
    this.#whole()
    const name = local(tag)
    if (this.#open.length === 0 && name !== this.#item) {
      this.#path.push(name)
      this.#text = ''
      for (const [attribute, value] of Object.entries(attributes)) this.#note([...this.#path.slice(1), local(attribute)], value)
      return
    }
    const element: Element = { name, fields: {}, text: '', isNil: false }
    for (const attribute in attributes) {
      const value = attributes[attribute]!
      if (attribute === 'xmlns' || attribute.startsWith('xmlns:')) continue
      if (attribute.endsWith(':nil')) element.isNil = value === 'true' || value === '1'
      else add(element.fields, local(attribute), value)
    }
    this.#open.push(element)
  }

  #texted(text: string): void {
    this.#whole()
    const element = this.#open.at(-1)
    if (element) element.text += text
    else if (this.#wanted.size > 0) this.#text += text
  }

  #closed(): void {
    this.#whole()
    const element = this.#open.pop()
    if (element === undefined) {
      this.#note(this.#path.slice(1), this.#text.trim())
      this.#text = ''
      this.#path.pop()
      this.#isClosed = this.#path.length === 0
      return
    }
    const parent = this.#open.at(-1)
    if (parent) add(parent.fields, element.name, contentOf(element))
    else {
      if (element.text.trim() !== '') add(element.fields, TEXT_FIELD, element.text)
      this.#items.push(element.fields)
      this.#itemCharacters = 0
      this.#isClosed = this.#path.length === 0
    }
  }

  #note(path: string[], value: string): void {
    const name = path.join('.')
    if (this.#wanted.has(name)) this.#values.set(name, value)
  }
}

const SLICE = 16 * 1024

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function contentOf(element: Element): unknown {
  const hasText = element.text.trim() !== ''
  if (element.isNil) return null
  if (isEmpty(element.fields)) return hasText ? element.text : null
  if (hasText) add(element.fields, TEXT_FIELD, element.text)
  return element.fields
}

function isEmpty(fields: Fields): boolean {
  for (const _ in fields) return false
  return true
}

/** Adds a field; what is there already becomes a list. */
function add(fields: Fields, name: string, value: unknown): void {
  if (!Object.hasOwn(fields, name)) {
    // An ordinary assignment would set the record's prototype.
    if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true })
    else fields[name] = value
  } else if (Array.isArray(fields[name])) fields[name].push(value)
  else fields[name] = [fields[name], value]
}
