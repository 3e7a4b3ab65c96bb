import type { RunDoc, RunState } from '../../shared/core/run.ts'
import type { Change, FeedFilter, Key, Stored } from '../../shared/ports/ledger.ts'

interface Item {
  rev: number
  text: string
}

/** A ledger of maps, for worlds by the thousand: the port's semantics without its promises, which the simulation adds. */
export class MemoryLedger {
  readonly #items = new Map<string, Map<string, Item>>()
  readonly #filter: FeedFilter
  #feed: { seq: number; change: Change }[] = []
  #seq = 0
  writes = 0
  #settled: { writes: number; until: number } | undefined
  onChange: () => void = () => {}
  /** What an index that lags behind still shows. */
  #shadow = new Map<string, Key[]>()

  constructor(filter: FeedFilter) {
    this.#filter = filter
  }

  read<T>(key: Key): Stored<T> | undefined {
    const item = this.#items.get(key.pk)?.get(key.sk)
    return item && { key, rev: item.rev, doc: JSON.parse(item.text) as T }
  }

  write(key: Key, doc: object, rev: number): boolean {
    const partition = this.#items.get(key.pk) ?? new Map<string, Item>()
    this.#items.set(key.pk, partition)
    const item = partition.get(key.sk)
    if ((item?.rev ?? 0) !== rev) return false
    const text = JSON.stringify(doc)
    partition.set(key.sk, { rev: rev + 1, text })
    this.writes++
    const change = { key, before: item && JSON.parse(item.text), after: JSON.parse(text) }
    if (this.#filter(change)) {
      this.#feed.push({ seq: ++this.#seq, change })
      this.onChange()
    }
    return true
  }

  range<T>(pk: string, range: { from?: string; to?: string; descending?: boolean; limit?: number } = {}): Stored<T>[] {
    const keys = [...(this.#items.get(pk)?.keys() ?? [])].filter(sk => sk >= (range.from ?? '') && (range.to === undefined || sk <= range.to)).sort()
    if (range.descending) keys.reverse()
    return keys.slice(0, range.limit).map(sk => this.read<T>({ pk, sk })!)
  }

  *runs(): Iterable<{ key: Key; doc: RunDoc }> {
    for (const [pk, partition] of this.#items) if (pk.startsWith('run/')) for (const sk of partition.keys()) yield { key: { pk, sk }, doc: this.read<RunDoc>({ pk, sk })!.doc }
  }

  inState(task: string, states: readonly RunState[], stale: boolean): Key[] {
    const found = [...this.runs()].filter(({ doc }) => doc.task === task && doc.state !== undefined && states.includes(doc.state)).map(r => r.key)
    return this.#lagging(`${task} ${states}`, found, stale)
  }

  since(dataset: string, since: number, stale: boolean): Key[] {
    const pk = `run/${dataset}`
    const found = [...(this.#items.get(pk)?.keys() ?? [])].filter(sk => (this.read<RunDoc>({ pk, sk })!.doc.version?.at ?? -1) >= since).sort()
    return this.#lagging(`${dataset} since`, found.map(sk => ({ pk, sk })), stale)
  }

  effects(pk: string): Key[] {
    return [...(this.#items.get(pk)?.keys() ?? [])].filter(sk => this.read<RunDoc>({ pk, sk })!.doc.effects).map(sk => ({ pk, sk }))
  }

  #lagging(name: string, found: Key[], stale: boolean): Key[] {
    const before = this.#shadow.get(name) ?? []
    if (stale) return before
    this.#shadow.set(name, found)
    return found
  }

  readFeed(limit: number): { changes: Change[]; upTo: number } {
    const page = this.#feed.slice(0, limit)
    return { changes: page.map(f => structuredClone(f.change)), upTo: page.at(-1)?.seq ?? 0 }
  }

  forgetFeed(upTo: number): void {
    this.#feed = this.#feed.filter(f => f.seq > upTo)
  }

  loseFeed(): void {
    this.#feed = []
  }

  get feedLength(): number {
    return this.#feed.length
  }

  /** A sweep that ended without a write, none having been made since it began, need not be repeated before something runs out. */
  sweptAt(writesBefore: number, now: number): void {
    if (this.writes !== writesBefore) return
    let until = Number.POSITIVE_INFINITY
    for (const { doc } of this.runs()) for (const at of [doc.lease, doc.deadline, doc.due]) if (at !== undefined && doc.state !== undefined) until = Math.min(until, Math.max(at, now + 1))
    this.#settled = { writes: this.writes, until }
  }

  settled(now: number): boolean {
    return this.#settled?.writes === this.writes && now < this.#settled.until
  }
}
