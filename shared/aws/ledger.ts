import { randomBytes } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { RedeyeError } from '../core/errors.ts'
import type { RunDoc, RunState } from '../core/run.ts'
import type { Key, Ledger, Stored } from '../ports/ledger.ts'
import { type Consumed, dynamodbClient, TableClient } from './dynamodb-client.ts'
import { entryOf, entryTime, isOpen, LASTING, LASTING_AFTER_MS, LISTED_MS, PUBLISHED_SLACK_MS, UNKNOWN } from './dynamodb-index.ts'
import { compareTexts, inTurns } from './dynamodb-order.ts'
import type { Item, Range } from './dynamodb-request.ts'
import { documentKey, isListed, itemKey } from './dynamodb-table.ts'

// DynamoDB's limit of an item. Its own count is by attributes, and is checked by it; this one spares the request.
const MAX_DOCUMENT_BYTES = 400 * 1024
// Fewer than this are asked for one by one, side by side: as fast as a range, and hardly dearer.
const RANGE_FROM = 8
// A range is billed by the sum of what it reads, an item alone by 4 KB begun, and documents have about 1 KB: with as much as this between those wanted a range costs no more.
const RANGE_SPREAD = 4
// The SDK keeps fifty connections; some are left for what else the function asks.
const AT_ONCE = 32
// A task's output changes with a deployment only; whoever looks by the old one for so long finds runs that the next sweep finds by the new one.
const OUTPUT_KEPT_MS = 60_000
// Twice the documents that the widest decision reads.
const REMEMBERED = 20_000

export interface DynamoLedgerOptions {
  table: string
  client?: DynamoDBClient
  /** The present instant; the machine's clock unless given. */
  now?: () => number
}

/**
 * The ledger on DynamoDB: one table, single items and ranges within a partition key, one index. What stands where: dynamodb-table.ts;
 * what the index lists: dynamodb-index.ts; the requests: dynamodb-request.ts. Its feed is the table's stream (stream.ts).
 */
export class DynamoLedger implements Ledger {
  readonly #table: TableClient
  readonly #now: () => number
  /** `at` of the index entries of what was read or written, so that a write moves only what it must. */
  readonly #entries = new Map<string, { rev: number; at: string | undefined }>()
  readonly #outputs = new Map<string, { dataset: string; until: number }>()

  constructor({ table, client, now }: DynamoLedgerOptions) {
    this.#table = new TableClient(table, client ?? dynamodbClient())
    this.#now = now ?? Date.now
  }

  /** What was asked, and what it was billed. */
  get consumed(): Consumed {
    return this.#table.consumed
  }

  async get<T>(key: Key): Promise<Stored<T> | undefined> {
    const item = await this.#table.get(key)
    return item && this.#stored<T>(item)
  }

  async getMany<T>(keys: readonly Key[]): Promise<(Stored<T> | undefined)[]> {
    const found = new Map<string, Stored<T>>()
    const groups = new Map<string, Set<string>>()
    for (const key of keys) {
      const { pk, sk } = itemKey(key)
      groups.set(pk, (groups.get(pk) ?? new Set()).add(sk))
    }
    const alone: Key[] = []
    for (const [pk, sks] of groups) {
      const left = await this.#gather(pk, [...sks].sort(compareTexts), found)
      alone.push(...left.map(sk => documentKey({ pk, sk })))
    }
    await inTurns(alone, AT_ONCE, async key => {
      const stored = await this.get<T>(key)
      if (stored) found.set(nameOf(key), stored)
    })
    return keys.map(key => found.get(nameOf(key)))
  }

  /** Reads by ranges what lies close together; resolves with what is cheaper asked for one by one. */
  async #gather<T>(pk: string, sks: readonly string[], found: Map<string, Stored<T>>): Promise<readonly string[]> {
    let left = sks
    while (left.length >= RANGE_FROM) {
      const wanted = new Set(left)
      const { items, next } = await this.#table.range({ pk, from: left[0]!, to: left.at(-1)!, limit: left.length * RANGE_SPREAD })
      let hits = 0
      for (const item of items) {
        if (!wanted.has(item.sk!.S!)) continue
        hits++
        const stored = this.#stored<T>(item)
        found.set(nameOf(stored.key), stored)
      }
      if (!next) return []
      left = left.filter(sk => compareTexts(sk, next.sk!.S!) > 0)
      if (hits * RANGE_SPREAD < items.length) break
    }
    return left
  }

  async put(key: Key, doc: object, rev: number): Promise<boolean> {
    // What JSON makes of it, as every ledger keeps it: nothing undefined, nothing but values.
    const text = JSON.stringify(doc)
    if (text.length > MAX_DOCUMENT_BYTES) throw tooLarge(key, text.length)
    const known = this.#known(key, rev)
    const entry = entryOf(key, doc, known, this.#now())
    const by = randomBytes(6).toString('base64url')
    const written = await this.#table.put({ key, doc: JSON.parse(text) as object, rev, by, entry }).catch((error: RedeyeError) => {
      throw /item size/i.test(error.message) ? tooLarge(key, text.length, error) : error
    })
    if (!written) return false
    this.#remember(key, rev + 1, entry === 'keep' ? known : entry === 'remove' ? undefined : ((entry.ifAbsent && written.at) ?? entry.at))
    return true
  }

  async query<T>(pk: string, range: Parameters<Ledger['query']>[1] = {}): Promise<Stored<T>[]> {
    const { from, to, limit = Number.POSITIVE_INFINITY } = range
    if (from !== undefined && to !== undefined && compareTexts(from, to) > 0) return []
    if (isListed(pk)) return this.#queryListed<T>(pk, range)
    const found: Stored<T>[] = []
    for (let after: Item | undefined; found.length < limit; ) {
      const { items, next } = await this.#table.range({ pk, ...range, limit: limit - found.length, after })
      for (const item of items) found.push(this.#stored<T>(item))
      if (!(after = next)) break
    }
    return found
  }

  async #queryListed<T>(pk: string, range: Omit<Range, 'pk'>): Promise<Stored<T>[]> {
    const { from, to, descending, limit } = range
    const keys = (await this.#table.list(pk))
      .map(e => e.key)
      .filter(({ sk }) => (from === undefined || compareTexts(sk, from) >= 0) && (to === undefined || compareTexts(sk, to) <= 0))
    keys.sort((a, b) => compareTexts(a.sk, b.sk) * (descending ? -1 : 1))
    return (await this.getMany<T>(keys.slice(0, limit))).flatMap(s => (s ? [s] : []))
  }

  async runsInState(task: string, states: readonly RunState[]): Promise<Key[]> {
    const dataset = await this.#outputOf(task)
    if (dataset === undefined) return []
    const runs = (await this.#recent(`run/${dataset}`, this.#now() - LISTED_MS)).filter(({ doc }) => doc.task === task)
    return states.flatMap(state => runs.filter(({ doc }) => doc.state === state).map(({ key }) => key))
  }

  async publishedSince(dataset: string, since: number): Promise<Key[]> {
    const runs = await this.#recent(`run/${dataset}`, since - PUBLISHED_SLACK_MS)
    return runs.filter(({ doc }) => doc.version && doc.version.at >= since).map(({ key }) => key)
  }

  async withEffects(pk: string): Promise<Key[]> {
    if (!pk.startsWith('run/')) return []
    return (await this.#recent(pk, this.#now() - LISTED_MS)).filter(({ doc }) => doc.effects).map(({ key }) => key)
  }

  /** The documents that the index lists since then, in the order of their partitions. */
  async #recent(pk: string, since: number): Promise<Stored<RunDoc>[]> {
    const listed = await this.#table.list(pk, entryTime(since))
    const docs = (await this.getMany<RunDoc>(listed.map(e => e.key))).flatMap(s => (s ? [s] : []))
    const at = new Map(listed.map(e => [e.key.sk, e.at]))
    const old = entryTime(this.#now() - LASTING_AFTER_MS)
    await inTurns(
      docs.filter(({ key, doc }) => (isOpen(doc) || doc.effects) && at.get(key.sk)! < old),
      AT_ONCE,
      stored => this.#makeLasting(stored),
    )
    return docs.sort((a, b) => compareTexts(a.key.sk, b.key.sk))
  }

  /** What has been open for two weeks is listed whatever its age. It stays in sight for two more, so whoever may not write leaves it to who may. */
  async #makeLasting({ key, rev }: Stored): Promise<void> {
    if (await this.#table.makeLasting(key, rev)) this.#remember(key, rev, LASTING)
  }

  /** The dataset that a task makes, as its contract says; a retired one's too. */
  async #outputOf(task: string): Promise<string | undefined> {
    const known = this.#outputs.get(task)
    if (known && known.until > this.#now()) return known.dataset
    const contract = (await this.get<{ output?: string; was?: { output?: string } }>({ pk: 'contract', sk: `task/${task}` }))?.doc
    const dataset = contract?.output ?? contract?.was?.output
    if (dataset !== undefined) this.#outputs.set(task, { dataset, until: this.#now() + OUTPUT_KEPT_MS })
    return dataset
  }

  #stored<T>(item: Item): Stored<T> {
    const { pk, sk, rev, doc, at } = unmarshall(item) as { pk: string; sk: string; rev: number; doc: T; at?: string }
    const key = documentKey({ pk, sk })
    this.#remember(key, rev, at)
    return { key, rev, doc }
  }

  #known(key: Key, rev: number): string | undefined {
    if (rev === 0) return undefined
    const entry = this.#entries.get(nameOf(key))
    return entry?.rev === rev ? entry.at : UNKNOWN
  }

  #remember(key: Key, rev: number, at: string | undefined): void {
    const name = nameOf(key)
    this.#entries.delete(name)
    if (at === UNKNOWN) return
    this.#entries.set(name, { rev, at })
    if (this.#entries.size > REMEMBERED) this.#entries.delete(this.#entries.keys().next().value!)
  }
}

const nameOf = ({ pk, sk }: Key) => `${pk}\u0000${sk}`

function tooLarge(key: Key, bytes: number, cause?: unknown): RedeyeError {
  const what = `${key.pk}/${key.sk} has ${bytes} bytes, a document may have ${MAX_DOCUMENT_BYTES}`
  return new RedeyeError('LEDGER_FAILED', what, { failure: 'user', cause })
}
