import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import { targetFailure } from './target-failure.ts'

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
 * Opens the warehouse for one use and closes it again; nobody else, in this process or another, has it open meanwhile.
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
    const instance = await untilFree(path, sleep, () => openFile(path, access))
    try {
      const db = await instance.connect()
      try {
        // Without a zone of its own a session would show instants as the machine's clock does.
        await db.run(`set TimeZone = 'UTC'`)
        return await use(db)
      } finally {
        db.closeSync()
      }
    } finally {
      instance.closeSync()
    }
  } finally {
    guard.close()
  }
}

/** DuckDB is loaded with the first load: a process that only decides never pays its 100 ms and 50 MB. */
async function openFile(path: string, access: string): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  return DuckDBInstance.create(path, { ...OPTIONS, access_mode: access })
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
