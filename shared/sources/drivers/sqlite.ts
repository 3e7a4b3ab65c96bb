import { access, constants, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { RedeyeError } from '../../core/errors.ts'
import type { SqlDriver, SqlRow, SqlSession, SqlValue } from '../sql-driver.ts'

// SQLite's writers hold their lock for milliseconds, and waiting for it stops the whole thread; longer is a matter for the attempt's retry.
const BUSY_MS = 500

/** SQLite on `node:sqlite`, the embedded default: `sqlite:/data/operations.db`, read-only, all queries in one read transaction. */
export const driver: SqlDriver = {
  quote: identifier => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: () => '?',
  async connect(url, { setting, signal }) {
    const file = resolve(url.replace(/^sqlite:(\/\/)?/, ''))
    await mustBeReadable(file, setting)
    const naming = `${file} (${setting})`
    const database = named(naming, () => new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS }))
    try {
      // SQLite takes its view of the data at the first read, so the first read belongs here.
      named(naming, () => database.exec('begin; select 1 from sqlite_schema'))
    } catch (error) {
      database.close()
      throw error
    }
    return session(database, naming, signal)
  },
}

function session(database: DatabaseSync, naming: string, signal: AbortSignal): SqlSession {
  return {
    query: (sql, values, batchRows) => rowsOf(database, naming, signal, sql, values, batchRows),
    async close() {
      if (database.isOpen) database.close()
    },
  }
}

async function* rowsOf(
  database: DatabaseSync,
  naming: string,
  signal: AbortSignal,
  sql: string,
  values: readonly SqlValue[],
  batchRows: number,
): AsyncGenerator<SqlRow[]> {
  const { names, rows } = named(naming, () => {
    const statement = database.prepare(sql)
    // Whole numbers beyond 2^53 arrive only as bigints, and rows arrive faster as arrays.
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const names = statement.columns().map(column => column.name)
    return { names, rows: statement.iterate(...values) as unknown as Iterator<SqlValue[]> }
  })
  mustDiffer(names, naming)
  for (;;) {
    const batch = named(naming, () => nextRows(rows, names, batchRows))
    if (batch.length > 0) yield batch
    if (batch.length < batchRows) return
    // Reading is synchronous, so the event loop gets its turn between batches.
    await setImmediate()
    signal.throwIfAborted()
  }
}

/** Of two columns of one name a record could hold only one. */
function mustDiffer(names: readonly string[], naming: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return
  throw new RedeyeError('BAD_SOURCE', `${naming}: the query gives two columns called "${twice}"`, {
    remedy: 'name one of them differently with `as`, or leave it out',
  })
}

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER)

function nextRows(rows: Iterator<SqlValue[]>, names: readonly string[], count: number): SqlRow[] {
  const batch: SqlRow[] = []
  while (batch.length < count) {
    const next = rows.next()
    if (next.done) break
    const row: SqlRow = {}
    for (let i = 0; i < names.length; i++) {
      const value = next.value[i]!
      // What a number holds exactly is one: arithmetic in a task's map mixes badly with bigints.
      row[names[i]!] = typeof value === 'bigint' && value <= LARGEST && value >= -LARGEST ? Number(value) : value
    }
    batch.push(row)
  }
  return batch
}

async function mustBeReadable(file: string, setting: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile())
    throw new RedeyeError('BAD_SOURCE', `the SQLite file ${file} of the setting ${setting} ${found ? 'is no file' : 'does not exist'}`, {
      remedy: `mend the setting ${setting}; it is written like sqlite:/data/operations.db`,
    })
  await access(file, constants.R_OK).catch(cause => {
    throw new RedeyeError('BAD_CREDENTIAL', `the SQLite file ${file} of the setting ${setting} may not be read`, {
      remedy: 'let the user that Redeye runs as read the file',
      cause,
    })
  })
}

// https://www.sqlite.org/rescode.html; an extended code holds its primary one in the low byte.
const SQLITE_ERROR = 1
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_NOMEM = 7
const SQLITE_IOERR = 10
const SQLITE_CANTOPEN = 14
const SQLITE_PROTOCOL = 15
const passing = new Set([SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PROTOCOL])

/** Runs a call of SQLite and turns its errors into ours, with the database's name. */
function named<T>(naming: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    const code = (cause as { errcode?: number }).errcode
    if (code === undefined) throw cause
    const message = `${naming}: ${(cause as Error).message}`
    const primary = code & 0xff
    if (passing.has(primary))
      throw new RedeyeError('SOURCE_UNAVAILABLE', message, { remedy: 'the attempt is retried by itself; see who holds the file', cause })
    throw new RedeyeError('BAD_SOURCE', message, {
      remedy:
        primary === SQLITE_ERROR
          ? 'compare the names in the task with those of the database'
          : 'see whether the file is a sound SQLite database in a folder that may be read',
      cause,
    })
  }
}
