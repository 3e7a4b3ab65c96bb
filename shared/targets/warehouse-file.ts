import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import { targetFailure } from './target-failure.ts'
import { text } from './warehouse-statement.ts'

// A load holds the file for well under a second, so half a minute of waiting outlasts a night's queue of them.
const WAIT_MS = 30_000
// Soon at first, for those who wait their turn; then seldom enough to cost nothing.
const FIRST_POLL_MS = 10
const LONGEST_POLL_MS = 500
// The warehouse shares its machine with the tasks that run beside it.
const OPTIONS = { threads: '2', memory_limit: '1GB' }

type Sleep = (ms: number) => Promise<void>

/** The file's path of a setting like `duckdb:/var/lib/warehouse.duckdb`; throws BAD_TARGET for anything else. */
export function warehousePath(location: string, setting: string): string {
  const path = location.startsWith('duckdb:') ? location.slice('duckdb:'.length) : ''
  if (path === '' || path === ':memory:')
    throw new RedeyeError('BAD_TARGET', `the setting ${setting} names no warehouse file`, {
      remedy: `set ${setting} to duckdb: and the path of a file, like duckdb:/var/lib/warehouse.duckdb`,
    })
  return path
}

/**
 * Opens the warehouse, as the connection's own database, for one use and closes it again; nobody else, in this process or another, has it open meanwhile.
 * Rejects with TARGET_UNAVAILABLE (transient) when somebody else holds it too long.
 *
 * @example
 * const rows = await withWarehouse(path, sleep, async db => (await db.runAndReadAll('from airport_days')).getRowObjectsJson())
 */
export async function withWarehouse<T>(
  path: string,
  sleep: Sleep,
  use: (db: DuckDBConnection) => Promise<T>,
  access: 'READ_WRITE' | 'READ_ONLY' = 'READ_WRITE',
): Promise<T> {
  const guard = await untilFree(path, sleep, async () => lock(path))
  try {
    const db = await (await engineOf()).connect()
    try {
      // Without a zone of its own a session would show instants as the machine's clock does.
      await db.run(`set TimeZone = 'UTC'`)
      const name = `warehouse_${++uses}`
      await untilFree(path, sleep, () => db.run(`attach ${text(path)} as ${name} (${access})`))
      try {
        await db.run(`use ${name}`)
        return await use(db)
      } finally {
        await detach(db, name)
      }
    } finally {
      db.closeSync()
    }
  } finally {
    guard.close()
  }
}

// An instance for each load would cost another 15 ms; attaching a file to one that is there costs 2.
let engine: Promise<DuckDBInstance> | undefined
let uses = 0

/** DuckDB is loaded with the first load: a process that only decides never pays its 100 ms and 50 MB. */
function engineOf(): Promise<DuckDBInstance> {
  engine ??= import('@duckdb/node-api').then(({ DuckDBInstance }) => DuckDBInstance.create(':memory:', OPTIONS))
  engine.catch(() => {
    engine = undefined
  })
  return engine
}

/** Lets go of the file, at any price: one that stays open would be spoiled by the next who opens it. */
async function detach(db: DuckDBConnection, name: string): Promise<void> {
  try {
    await db.run('use memory')
    await db.run(`detach ${name}`)
  } catch {
    const broken = await engineOf()
    engine = undefined
    db.closeSync()
    broken.closeSync()
  }
}

/**
 * DuckDB keeps other processes out, but two threads of one process may open a file twice and spoil it: its lock is the process's.
 * SQLite's locks know of both, and die with their owner.
 */
function lock(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  const guard = new DatabaseSync(`${path}.lock`)
  try {
    guard.exec('begin exclusive')
    return guard
  } catch (cause) {
    guard.close()
    throw cause
  }
}

async function untilFree<T>(path: string, sleep: Sleep, take: () => Promise<T>): Promise<T> {
  let pollMs = FIRST_POLL_MS
  for (let waitedMs = 0; ; waitedMs += pollMs, pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
    try {
      return await take()
    } catch (cause) {
      if (!isLocked(cause)) throw unopened(path, cause)
      if (waitedMs >= WAIT_MS)
        throw new RedeyeError('TARGET_UNAVAILABLE', `the warehouse ${path} is held by another process: ${message(cause)}`, {
          remedy: 'close what has the file open; the load is retried by itself',
          cause,
        })
      await sleep(pollMs)
    }
  }
}

function isLocked(cause: unknown): boolean {
  return /database is locked|Could not set lock|Conflicting lock/i.test(message(cause))
}

function unopened(path: string, cause: unknown): Error {
  if (/not a valid DuckDB database|file is not a database/i.test(message(cause)))
    return new RedeyeError('BAD_TARGET', `${path} is not a DuckDB file`, { remedy: 'point the setting at another file', cause })
  return targetFailure(`the warehouse ${path}`, cause)
}

const message = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))
