import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { RedeyeError } from '../core/errors.ts'
import type { RunDoc, RunState } from '../core/run.ts'
import type { Change, Feed, FeedFilter, Key, Ledger, Stored } from '../ports/ledger.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS docs (
    pk TEXT NOT NULL, sk TEXT NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL,
    task TEXT, state TEXT, published INTEGER, effects INTEGER,
    PRIMARY KEY (pk, sk)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS docs_open ON docs (task, state, sk) WHERE state IS NOT NULL;
  CREATE INDEX IF NOT EXISTS docs_published ON docs (pk, published) WHERE published IS NOT NULL;
  CREATE INDEX IF NOT EXISTS docs_effects ON docs (pk) WHERE effects IS NOT NULL;
  CREATE TABLE IF NOT EXISTS feed (seq INTEGER PRIMARY KEY AUTOINCREMENT, pk TEXT NOT NULL, sk TEXT NOT NULL, before TEXT, after TEXT NOT NULL);
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
  readonly #filter: FeedFilter
  readonly #onChange: (() => void) | undefined
  readonly #durable: boolean
  #commit: Promise<void> | undefined
  #finish: (() => void) | undefined

  constructor({ path, filter, onChange }: SqliteLedgerOptions) {
    this.db = new DatabaseSync(path, { timeout: 5000 })
    this.#durable = path !== ':memory:'
    // With a write-ahead log a commit survives the death of the process; only a machine's needs more, and there the night is run again.
    this.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`)
    this.#filter = filter
    this.#onChange = onChange
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
    const row = this.sql('SELECT rev, doc FROM docs WHERE pk = ? AND sk = ?').get(key.pk, key.sk) as Pick<Row, 'rev' | 'doc'> | undefined
    return row && { key, rev: row.rev, doc: JSON.parse(row.doc) as T }
  }

  async put(key: Key, doc: object, rev: number): Promise<boolean> {
    const text = JSON.stringify(doc)
    if (text.length > MAX_DOCUMENT_BYTES)
      throw new RedeyeError('LEDGER_FAILED', `${key.pk}/${key.sk} has ${text.length} bytes, a document may have ${MAX_DOCUMENT_BYTES}`, {
        failure: 'user',
      })
    const committed = this.transact()
    const before = this.sql('SELECT rev, doc FROM docs WHERE pk = ? AND sk = ?').get(key.pk, key.sk) as Pick<Row, 'rev' | 'doc'> | undefined
    if ((before?.rev ?? 0) !== rev) {
      this.requests.refused++
      return false
    }
    this.requests.put++
    const run = doc as RunDoc
    const isRun = key.pk.startsWith('run/')
    const state = isRun && run.state !== undefined && OPEN.includes(run.state) ? run.state : null
    this.sql('INSERT OR REPLACE INTO docs (pk, sk, rev, doc, task, state, published, effects) VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
      key.pk,
      key.sk,
      rev + 1,
      text,
      isRun ? (run.task ?? null) : null,
      state,
      isRun ? (run.version?.at ?? null) : null,
      isRun && run.effects ? 1 : null,
    )
    if (this.#filter({ key, before: before && JSON.parse(before.doc), after: doc })) {
      this.sql('INSERT INTO feed (pk, sk, before, after) VALUES (?, ?, ?, ?)').run(key.pk, key.sk, before?.doc ?? null, text)
      this.#onChange?.()
    }
    await committed
    return true
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

  async read(limit: number): Promise<{ changes: Change[]; upTo: number }> {
    const rows = this.sql('SELECT seq, pk, sk, before, after FROM feed ORDER BY seq LIMIT ?').all(limit) as unknown as {
      seq: number
      pk: string
      sk: string
      before: string | null
      after: string
    }[]
    const changes = rows.map(({ pk, sk, before, after }) => ({
      key: { pk, sk },
      before: before === null ? undefined : JSON.parse(before),
      after: JSON.parse(after),
    }))
    return { changes, upTo: rows.at(-1)?.seq ?? 0 }
  }

  async acknowledge(upTo: number): Promise<void> {
    this.transact()
    this.sql('DELETE FROM feed WHERE seq <= ?').run(upTo)
  }

  /** Opens the turn's transaction, if it is not open; resolves when it is committed. */
  transact(): Promise<void> {
    if (!this.#durable) return Promise.resolve()
    return (this.#commit ??= this.#begin())
  }

  #begin(): Promise<void> {
    this.db.exec('BEGIN IMMEDIATE')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#finish = () => {
      this.#commit = undefined
      this.#finish = undefined
      try {
        this.db.exec('COMMIT')
        resolve()
      } catch (cause) {
        reject(new RedeyeError('LEDGER_FAILED', `the ledger could not commit: ${(cause as Error).message}`, { cause }))
      }
    }
    setImmediate(() => this.#finish?.())
    return promise
  }

  close(): void {
    this.#finish?.()
    this.db.close()
  }
}
