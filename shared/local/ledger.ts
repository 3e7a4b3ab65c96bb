import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { RedeyeError } from '../core/errors.ts'
import type { RunDoc, RunState } from '../core/run.ts'
import type { Change, Feed, FeedFilter, Key, Ledger, Stored } from '../ports/ledger.ts'
import { DocumentCache } from './document-cache.ts'
import { SqliteFeed } from './feed.ts'
import { Turn } from './turn.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS docs (
    pk TEXT NOT NULL, sk TEXT NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL,
    task TEXT, state TEXT, published INTEGER, effects INTEGER,
    PRIMARY KEY (pk, sk)
  );
  CREATE INDEX IF NOT EXISTS docs_open ON docs (task, state, sk) WHERE state IS NOT NULL;
  CREATE INDEX IF NOT EXISTS docs_published ON docs (pk, published) WHERE published IS NOT NULL;
  CREATE INDEX IF NOT EXISTS docs_effects ON docs (pk) WHERE effects IS NOT NULL;
`
// DynamoDB's limit of an item; what would fail there must fail here.
const MAX_DOCUMENT_BYTES = 400 * 1024
// The states that the index keeps: the run may still move by itself, so someone looks for it.
const OPEN: readonly string[] = ['waiting', 'queued', 'running', 'held'] satisfies RunState[]

export interface SqliteLedgerOptions {
  /** A file, or `:memory:`. */
  path: string
  filter: FeedFilter
  /** Called after each write that entered the feed, before it is committed. */
  onChange?: () => void
  /** Called after each write, once it is committed. */
  onWritten?: (change: Change) => void
  /** Nobody else writes documents, as where a runtime holds the state folder: what was read need not be read again. Always so in memory. */
  alone?: boolean
}

interface Row {
  pk: string
  sk: string
  rev: number
  doc: string
}

/**
 * The ledger on SQLite. Writes made within one turn of the event loop share a commit (a durable one costs as much as the
 * rest of a decision); each resolves when that commit is done, and a process that dies before has shown nothing to anyone.
 * `requests` counts what DynamoDB would bill, by operation.
 */
export class SqliteLedger implements Ledger, Feed {
  readonly db: DatabaseSync
  readonly requests: Record<'get' | 'put' | 'refused' | 'query' | 'index', number> = { get: 0, put: 0, refused: 0, query: 0, index: 0 }
  readonly #statements = new Map<string, StatementSync>()
  readonly #options: SqliteLedgerOptions
  readonly #cache: DocumentCache | undefined
  readonly #feed: SqliteFeed
  readonly #turn: Turn

  constructor(options: SqliteLedgerOptions) {
    const { path } = options
    const durable = path !== ':memory:'
    const alone = options.alone ?? !durable
    this.#options = options
    this.db = new DatabaseSync(path, { timeout: 5000 })
    // With a write-ahead log a commit survives the death of the process; only a machine's needs more, and there the night is run again.
    this.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`)
    this.#turn = new Turn(this.db, durable)
    this.#cache = alone ? new DocumentCache() : undefined
    this.#feed = new SqliteFeed(this, alone)
    this.onUndone(() => this.#cache?.clear())
  }

  sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (!statement) this.#statements.set(text, (statement = this.db.prepare(text)))
    return statement
  }

  async get<T>(key: Key): Promise<Stored<T> | undefined> {
    this.requests.get++
    return this.#read<T>(key)
  }

  async getMany<T>(keys: readonly Key[]): Promise<(Stored<T> | undefined)[]> {
    this.requests.get += keys.length
    return keys.map(key => this.#read<T>(key))
  }

  #read<T>(key: Key): Stored<T> | undefined {
    const known = this.#cache?.get(key)
    if (known) return known.stored as Stored<T> | undefined
    const row = this.sql('SELECT rev, doc FROM docs WHERE pk = ? AND sk = ?').get(key.pk, key.sk) as Pick<Row, 'rev' | 'doc'> | undefined
    const stored = row && { key, rev: row.rev, doc: JSON.parse(row.doc) as T }
    this.#cache?.set(key, stored, row?.doc.length)
    return stored
  }

  async put(key: Key, doc: object, rev: number): Promise<boolean> {
    const text = JSON.stringify(doc)
    if (text.length > MAX_DOCUMENT_BYTES)
      throw new RedeyeError('LEDGER_FAILED', `${key.pk}/${key.sk} has ${text.length} bytes, a document may have ${MAX_DOCUMENT_BYTES}`, {
        failure: 'user',
      })
    const committed = this.transact()
    const before = this.#read(key)
    if ((before?.rev ?? 0) !== rev) {
      this.requests.refused++
      return false
    }
    this.requests.put++
    this.#write(key, doc as RunDoc, text, rev)
    this.#cache?.set(key, { key, rev: rev + 1, doc }, text.length)
    const change = { key, before: before?.doc, after: doc }
    if (this.#options.filter(change)) {
      this.#feed.append(change)
      this.#options.onChange?.()
    }
    await committed
    this.#options.onWritten?.(change)
    return true
  }

  #write(key: Key, doc: RunDoc, text: string, rev: number): void {
    const isRun = key.pk.startsWith('run/')
    const columns = [
      text,
      isRun ? (doc.task ?? null) : null,
      isRun && doc.state !== undefined && OPEN.includes(doc.state) ? doc.state : null,
      isRun ? (doc.version?.at ?? null) : null,
      isRun && doc.effects ? 1 : null,
      key.pk,
      key.sk,
    ] as const
    if (rev === 0)
      this.sql('INSERT INTO docs (doc, task, state, published, effects, pk, sk, rev) VALUES (?, ?, ?, ?, ?, ?, ?, 1)').run(...columns)
    else
      this.sql('UPDATE docs SET doc = ?, task = ?, state = ?, published = ?, effects = ?, rev = rev + 1 WHERE pk = ? AND sk = ?').run(
        ...columns,
      )
  }

  async query<T>(pk: string, range: { from?: string; to?: string; descending?: boolean; limit?: number } = {}): Promise<Stored<T>[]> {
    this.requests.query++
    const rows = this.sql(
      `SELECT sk, rev, doc FROM docs WHERE pk = ? AND sk >= ? AND sk <= ? ORDER BY sk ${range.descending ? 'DESC' : 'ASC'} LIMIT ?`,
    ).all(pk, range.from ?? '', range.to ?? '\u{10ffff}', range.limit ?? -1) as unknown as Row[]
    return rows.map(row => ({ key: { pk, sk: row.sk }, rev: row.rev, doc: JSON.parse(row.doc) as T }))
  }

  async runsInState(task: string, states: readonly RunState[]): Promise<Key[]> {
    this.requests.index++
    const find = this.sql('SELECT pk, sk FROM docs WHERE task = ? AND state = ? ORDER BY sk')
    return states.flatMap(state => find.all(task, state) as unknown as Key[]).map(({ pk, sk }) => ({ pk, sk }))
  }

  async publishedSince(dataset: string, since: number): Promise<Key[]> {
    this.requests.index++
    const pk = `run/${dataset}`
    return (this.sql('SELECT sk FROM docs WHERE pk = ? AND published >= ? ORDER BY sk').all(pk, since) as unknown as Row[]).map(
      ({ sk }) => ({ pk, sk }),
    )
  }

  async withEffects(pk: string): Promise<Key[]> {
    this.requests.index++
    return (this.sql('SELECT sk FROM docs WHERE pk = ? AND effects IS NOT NULL').all(pk) as unknown as Row[]).map(({ sk }) => ({ pk, sk }))
  }

  read(limit: number): Promise<{ changes: Change[]; upTo: number }> {
    return this.#feed.read(limit)
  }

  acknowledge(upTo: number): Promise<void> {
    return this.#feed.acknowledge(upTo)
  }

  /** Counts the commits that were tried. */
  get turn(): number {
    return this.#turn.count
  }

  /** Opens the turn's transaction, if it is not open; resolves when it is committed. */
  transact(): Promise<void> {
    return this.#turn.begin()
  }

  /** Resolves when what has been written so far is committed; at once when all is. */
  settled(): Promise<void> {
    return this.#turn.committed()
  }

  /** What is still to be written is written by `write`, just before the turn's commit. */
  beforeCommit(write: () => void): void {
    this.#turn.beforeCommit(write)
  }

  /** A commit failed: nothing that was written since the one before it is there. */
  onUndone(forget: () => void): void {
    this.#turn.onUndone(forget)
  }

  close(): void {
    this.#turn.close()
    this.db.close()
  }
}
