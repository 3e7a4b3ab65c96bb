import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
} from 'yaml'
import { nearest, RedeyeError } from '../core/errors.ts'

interface Source {
  file: string
  document: Document
  lines: LineCounter
}

/**
 * One place of a story's YAML: its node, the path that leads to it (`steps[2].expect.state`) and its line. Every reader
 * either returns what the place holds or throws BAD_STORY that names file, line, key, what stands there and what may.
 */
export class Cell {
  readonly path: string
  readonly line: number
  readonly #source: Source
  readonly #node: Node | null

  /** `line` is the place's when the node has none, or `stays` and the node is a collection: a block map stands under its key. */
  constructor(source: Source, node: Node | null, path: string, line: number, stays = false) {
    this.#source = source
    this.#node = isAlias(node) ? (node.resolve(source.document) ?? null) : node
    this.path = path
    this.line = node?.range && !(stays && isCollection(node)) ? source.lines.linePos(node.range[0]).line : line
  }

  fail(what: string, remedy: string, line = this.line): never {
    throw new RedeyeError('BAD_STORY', this.path === '' ? what : `${this.path}: ${what}`, { file: this.#source.file, line, remedy })
  }

  /** Fails for a word that is none of those accepted, with the nearest of them. */
  failWord(received: string, kind: string, accepted: readonly string[]): never {
    const near = nearest(received, accepted)
    const all = accepted.length === 0 ? 'there is none here' : `accepted: ${accepted.join(', ')}`
    this.fail(`"${received}" is not ${kind}`, near === undefined ? all : `did you mean "${near}"? ${all}`)
  }

  #wrongType(expected: string): never {
    this.fail(`expected ${expected}, received ${this.describe()}`, `write ${expected} here`)
  }

  describe(): string {
    if (isMap(this.#node)) return 'a map'
    if (isSeq(this.#node)) return 'a list'
    if (!isScalar(this.#node) || this.#node.value === null) return 'nothing'
    return typeof this.#node.value === 'string' ? `the text "${this.#node.value}"` : String(this.#node.source ?? this.#node.value)
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }
  get isList(): boolean {
    return isSeq(this.#node)
  }

  /** Any scalar as it is written: YAML would make a number of the key `010`. */
  text(expected: string): string {
    const node = this.#node
    if (!isScalar(node) || node.value === null) return this.#wrongType(expected)
    if (typeof node.value === 'string') return node.value
    return node.source ?? String(node.value)
  }

  /** A scalar that YAML reads as text. */
  string(expected: string): string {
    const node = this.#node
    return isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '' ? node.value : this.#wrongType(expected)
  }

  oneOf<const W extends string>(words: readonly W[], kind: string): W {
    const word = this.text(`one of ${words.join(', ')}`)
    return words.find(w => w === word) ?? this.failWord(word, kind, words)
  }

  number(expected: string, fits: (n: number) => boolean): number {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    return typeof value === 'number' && fits(value) ? value : this.#wrongType(expected)
  }

  /** A whole number from `least`. */
  count(least: number): number {
    return this.number(`a whole number from ${least}`, n => Number.isSafeInteger(n) && n >= least)
  }

  boolean(): boolean {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    return typeof value === 'boolean' ? value : this.#wrongType('true or false')
  }

  onlyTrue(): true {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    return value === true || this.#wrongType('true')
  }

  list(expected: string): Cell[] {
    const node = this.#node
    if (!isSeq(node)) return this.#wrongType(expected)
    return node.items.map((item, i) => new Cell(this.#source, item as Node | null, `${this.path}[${i}]`, this.line))
  }

  /** The entries of a map whose keys are names: the key's cell stands at the key, the value's at the value. */
  entries(expected: string): { name: string; key: Cell; value: Cell }[] {
    const node = this.#node
    if (!isMap(node)) return this.#wrongType(expected)
    return (node.items as Pair<Node, Node | null>[]).map(pair => {
      const key = new Cell(this.#source, pair.key, this.path, this.line)
      const name = key.text('a name')
      const path = this.path === '' ? name : `${this.path}.${name}`
      return { name, key, value: new Cell(this.#source, pair.value, path, key.line, true) }
    })
  }

  /** The values of a map with a closed list of keys. */
  record<const K extends string>(expected: string, keys: readonly K[], kind: string): Partial<Record<K, Cell>> {
    const record: Partial<Record<K, Cell>> = {}
    for (const { name, key, value } of this.entries(expected)) {
      const known: K = keys.find(k => k === name) ?? key.failWord(name, kind, keys)
      record[known] = value
    }
    return record
  }

  /** The required value of a record read here. */
  need(value: Cell | undefined, key: string, expected: string): Cell {
    return value ?? this.fail(`"${key}" is missing`, `add ${key}: ${expected}`)
  }
}

/** The root of a file that holds one YAML document; throws BAD_STORY for anything else. */
export function readYaml(text: string, file: string): Cell {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, schema: 'core', stringKeys: true, logLevel: 'silent' })
  const first = documents[0]
  if (first === undefined || first.contents === null)
    throw new RedeyeError('BAD_STORY', 'the file is empty', { file, line: 1, remedy: 'begin it with story: what must happen' })
  for (const document of documents) {
    const fault = document.errors[0] ?? document.warnings[0]
    if (!fault) continue
    // What is never closed is found at the end, which may lie behind the last line.
    const line = Math.min(fault.linePos?.[0].line ?? lines.linePos(fault.pos[0]).line, text.trimEnd().split('\n').length)
    if (fault.code === 'DUPLICATE_KEY')
      throw new RedeyeError('BAD_STORY', `"${keyAt(document, fault.pos[0])}" is said twice`, { file, line, remedy: 'say each key once' })
    throw new RedeyeError('BAD_STORY', fault.message.split(' at line ')[0]!.trim(), { file, line, remedy: 'mend the YAML' })
  }
  if (documents.length > 1) {
    const line = lines.linePos(documents[1]!.range[0]).line
    throw new RedeyeError('BAD_STORY', `the file holds ${documents.length} YAML documents`, {
      file,
      line,
      remedy: 'write one story a file',
    })
  }
  return new Cell({ file, document: first as Document, lines }, first.contents as Node, '', 1)
}

/** The key that begins at an offset of the file. */
function keyAt(document: Document, offset: number): string {
  let found = ''
  visit(document, {
    Pair(_, { key }) {
      if (!isNode(key) || key.range?.[0] !== offset) return undefined
      found = String(key)
      return visit.BREAK
    },
  })
  return found
}
