import type { RunState } from '../core/run.ts'

/**
 * A document's place: the partition key groups what is ranged over, the sort key orders it.
 *
 * | partition key | sort key | document |
 * | --- | --- | --- |
 * | `run/<dataset>` | partition | RunDoc |
 * | `contract` | `task/<name>`, `dataset/<name>` | Contract |
 * | `graph` | `all` | GraphDoc |
 * | `night` | date | NightDoc |
 * | `request` | id | RequestDoc |
 * | `pause` | task or `all` | PauseDoc |
 * | `limit` | `task/<name>`, `lane/<lane>`, `request/<id>` | LimitDoc |
 */
export interface Key {
  pk: string
  sk: string
}
/** A document with its revision, which grows by one with each write; 0 is a document that is not there. */
export interface Stored<T = unknown> {
  key: Key
  rev: number
  doc: T
}
export interface Change {
  key: Key
  before: unknown
  after: unknown
}
/** What the index knows of a document: open runs by task and state, and versions by when they were published. */
export interface IndexEntry {
  task?: string
  state?: RunState
  publishedAt?: number
}

/**
 * The store of all state. A write concerns one document and succeeds only on the revision that was read. There are no
 * joins and no transactions across documents. A document has at most 400 KB.
 */
export interface Ledger {
  /** Strongly consistent. */
  get<T>(key: Key): Promise<Stored<T> | undefined>
  /** Strongly consistent each; in the order asked. */
  getMany<T>(keys: readonly Key[]): Promise<(Stored<T> | undefined)[]>
  /** Writes if the document's revision is still `rev` (0: not there yet), and says whether it was. */
  put(key: Key, doc: object, rev: number): Promise<boolean>
  /**
   * The documents of a partition key between two sort keys, both included, in order; strongly consistent unless it `mayLag`, for half of the
   * price. Of `limit`, `request` and `pause` it may lag, and leave
   * out what says nothing any more: a request's limit that nobody holds, an ended request, a switch that is off.
   */
  query<T>(pk: string, range?: { from?: string; to?: string; descending?: boolean; limit?: number; mayLag?: boolean }): Promise<Stored<T>[]>
  /** Runs of a task in one of these states, by the index: it may lag behind, so read again before deciding. */
  runsInState(task: string, states: readonly RunState[]): Promise<Key[]>
  /** Partitions of a dataset with a version published since, by the index. */
  publishedSince(dataset: string, since: number): Promise<Key[]>
  /** Documents of a partition key that have effects still to happen, by the index. */
  withEffects(pk: string): Promise<Key[]>
}

/** The ledger's change feed: every write that matters, in each document's order, at least once. */
export interface Feed {
  /** The next changes after the durable cursor; empty when there are none. `upTo` is for `acknowledge`. */
  read(limit: number): Promise<{ changes: Change[]; upTo: number }>
  /** Moves the durable cursor: what lies before is not read again. */
  acknowledge(upTo: number): Promise<void>
}

/** Whether a write is one that the relay acts on, so that only such writes enter the feed. */
export type FeedFilter = (change: Change) => boolean
