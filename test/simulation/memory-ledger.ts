import type { RunDoc, RunState } from '../../shared/core/run.ts'
import type { Change, FeedFilter, Key, Stored } from '../../shared/ports/ledger.ts'

/** How often what reads of a partition key give has changed: of its documents, or of what an index tells of them. */
export interface Changes {
  all: number
  states: number
  versions: number
  effects: number
}

/**
 * A ledger of maps, for worlds by the thousand: the port's semantics without its promises, which the simulation adds.
 * Documents are kept as JSON would give them back, and frozen, so that a reader may have the very object and cannot change it.
 */
export class MemoryLedger {
  readonly #items = new Map<string, Map<string, Stored<object>>>()
  readonly #byTask = new Map<string, Map<string, Stored<RunDoc>>>()
  readonly #filter: FeedFilter
  #feed: { seq: number; change: Change }[] = []
  #seq = 0
  readonly #changes = new Map<string, Changes>()
  onChange: () => void = () => {}
  /** What an index that lags behind still shows. */
  readonly #shadow = new Map<string, Key[]>()

  constructor(filter: FeedFilter) {
    this.#filter = filter
  }

  read<T>(key: Key): Stored<T> | undefined {
    return this.#items.get(key.pk)?.get(key.sk) as Stored<T> | undefined
  }

  changesOf(pk: string): Changes {
    let changes = this.#changes.get(pk)
    if (!changes) this.#changes.set(pk, (changes = { all: 0, states: 0, versions: 0, effects: 0 }))
    return changes
  }

  /** The document as it stands after the write; undefined when the revision is another. */
  write(key: Key, doc: object, rev: number): object | undefined {
    let partition = this.#items.get(key.pk)
    if (!partition) this.#items.set(key.pk, (partition = new Map()))
    const before = partition.get(key.sk)
    if ((before?.rev ?? 0) !== rev) return undefined
    const after = asJson(doc) as object
    const stored = Object.freeze({ key: Object.freeze({ ...key }), rev: rev + 1, doc: after })
    partition.set(key.sk, stored)
    this.#count(this.changesOf(key.pk), before?.doc as RunDoc | undefined, after as RunDoc)
    const { task } = after as RunDoc
    if (task !== undefined && key.pk.startsWith('run/')) {
      let runs = this.#byTask.get(task)
      if (!runs) this.#byTask.set(task, (runs = new Map()))
      runs.set(key.sk, stored as unknown as Stored<RunDoc>)
    }
    const change = { key: stored.key, before: before?.doc, after }
    if (this.#filter(change)) {
      this.#feed.push({ seq: ++this.#seq, change })
      this.onChange()
    }
    return after
  }

  #count(changes: Changes, before: RunDoc | undefined, after: RunDoc): void {
    changes.all++
    if (before?.state !== after.state) changes.states++
    if (before?.version !== after.version) changes.versions++
    if (before?.effects !== after.effects) changes.effects++
  }

  range<T>(pk: string, range: { from?: string; to?: string; descending?: boolean; limit?: number } = {}): Stored<T>[] {
    const partition = this.#items.get(pk)
    if (!partition) return []
    const keys: string[] = []
    for (const sk of partition.keys()) if (sk >= (range.from ?? '') && (range.to === undefined || sk <= range.to)) keys.push(sk)
    keys.sort()
    if (range.descending) keys.reverse()
    return keys.slice(0, range.limit).map(sk => partition.get(sk) as unknown as Stored<T>)
  }

  *runs(): Iterable<Stored<RunDoc>> {
    for (const [pk, partition] of this.#items) if (pk.startsWith('run/')) yield* partition.values() as Iterable<Stored<RunDoc>>
  }

  inState(task: string, states: readonly RunState[], stale: boolean): Key[] {
    const found: Key[] = []
    for (const { key, doc } of this.#byTask.get(task)?.values() ?? []) if (doc.state && states.includes(doc.state)) found.push(key)
    return this.#lagging(`${task} ${states}`, found, stale)
  }

  since(dataset: string, since: number, stale: boolean): Key[] {
    const found: Key[] = []
    for (const { key, doc } of (this.#items.get(`run/${dataset}`) as Map<string, Stored<RunDoc>> | undefined)?.values() ?? [])
      if ((doc.version?.at ?? -1) >= since) found.push(key)
    return this.#lagging(`${dataset} since`, found, stale)
  }

  effects(pk: string): Key[] {
    const found: Key[] = []
    for (const { key, doc } of (this.#items.get(pk) as Map<string, Stored<RunDoc>> | undefined)?.values() ?? [])
      if (doc.effects) found.push(key)
    return found
  }

  #lagging(name: string, found: Key[], stale: boolean): Key[] {
    const before = this.#shadow.get(name) ?? []
    if (stale) return before
    this.#shadow.set(name, found)
    return found
  }

  readFeed(limit: number): { changes: Change[]; upTo: number } {
    const page = this.#feed.slice(0, limit)
    return { changes: page.map(f => f.change), upTo: page.at(-1)?.seq ?? 0 }
  }

  forgetFeed(upTo: number): void {
    const left = this.#feed.findIndex(f => f.seq > upTo)
    this.#feed = left < 0 ? [] : this.#feed.slice(left)
  }

  loseFeed(): void {
    this.#feed = []
  }

  get feedLength(): number {
    return this.#feed.length
  }
}

/** What JSON would make of a value, frozen; parts that came from the ledger are frozen already and are kept. */
function asJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) return Object.freeze(value.map(v => (v === undefined ? null : asJson(v))))
  const copy: Record<string, unknown> = {}
  for (const [name, v] of Object.entries(value)) if (v !== undefined) copy[name] = asJson(v)
  return Object.freeze(copy)
}
