import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { monotonicMs, percentile } from './statistics.ts'

// A run's document is about this large.
const DOCUMENT_BYTES = 1000
const COMMITS = 2000

/** What two durable commits of a document cost on this disk (write-ahead log, synchronous normal), in milliseconds. */
export function twoCommits(folder: string): { p50: number; p99: number } {
  const db = new DatabaseSync(join(folder, 'floor.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE docs (k TEXT PRIMARY KEY, doc TEXT) WITHOUT ROWID')
  const write = db.prepare('INSERT OR REPLACE INTO docs VALUES (?, ?)')
  const doc = 'x'.repeat(DOCUMENT_BYTES)
  const taken: number[] = []
  for (let i = 0; i < COMMITS; i++) {
    const began = monotonicMs()
    for (let j = 0; j < 2; j++) {
      db.exec('BEGIN IMMEDIATE')
      write.run(`run-${(2 * i + j) % 200}`, doc)
      db.exec('COMMIT')
    }
    taken.push(monotonicMs() - began)
  }
  db.close()
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) }
}
