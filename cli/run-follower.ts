import { RedeyeError } from '../shared/core/errors.ts'
import type { RunDoc } from '../shared/core/run.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'

/** The runs that are followed: those of a night, one by its output, or none. */
export type Watched = { night: string } | { dataset: string; partition: string } | 'nothing'

/** A run's document was written. */
export type RunChange = (before: RunDoc | undefined, after: RunDoc) => void

// Faster than the eye, slow enough that looking costs nothing beside the work.
const LOOK_MS = 100
// How often a quiet ledger makes us ask whether its runtime is still alive.
const ASK_MS = 2000

/** Follows runs in a ledger that another process's runtime writes. */
export class RunFollower {
  readonly #ledger: SqliteLedger
  readonly #watched: Watched
  readonly #onRun: RunChange
  readonly #seen = new Map<string, { rev: number; doc: RunDoc }>()
  #version = -1
  #timer: NodeJS.Timeout | undefined

  constructor(ledger: SqliteLedger, watched: Watched, onRun: RunChange) {
    this.#ledger = ledger
    this.#watched = watched
    this.#onRun = onRun
    // What is there already is where the following begins, and no news.
    for (const { key, rev, doc } of this.#read()) this.#seen.set(key, { rev, doc })
  }

  /** Resolves when `isOver` holds, looked at after each change; rejects when the runtime that does the work has ended before. */
  until(isOver: () => boolean, isAlive: () => boolean): Promise<void> {
    let quietSince = Date.now()
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#look()) quietSince = Date.now()
        if (isOver()) {
          // What was written between the last look and the end.
          this.#tell()
          return resolve()
        }
        if (Date.now() - quietSince >= ASK_MS) {
          quietSince = Date.now()
          if (!isAlive()) return reject(ended())
        }
        this.#timer = setTimeout(look, LOOK_MS)
      }
      look()
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  // Another process's commit changes the data version; looking at it costs microseconds.
  #look(): boolean {
    const { data_version } = this.#ledger.sql('PRAGMA data_version').get() as { data_version: number }
    if (data_version === this.#version) return false
    this.#version = data_version
    this.#tell()
    return true
  }

  #tell(): void {
    for (const { key, rev, doc } of this.#read()) {
      const before = this.#seen.get(key)
      if (before?.rev === rev) continue
      this.#seen.set(key, { rev, doc })
      this.#onRun(before?.doc, doc)
    }
  }

  #read(): { key: string; rev: number; doc: RunDoc }[] {
    const watched = this.#watched
    if (watched === 'nothing') return []
    const rows =
      'night' in watched
        ? this.#ledger
            .sql(`SELECT pk, sk, rev, doc FROM docs WHERE pk LIKE 'run/%' AND json_extract(doc, '$.cause.night') = ?`)
            .all(watched.night)
        : this.#ledger.sql('SELECT pk, sk, rev, doc FROM docs WHERE pk = ? AND sk = ?').all(`run/${watched.dataset}`, watched.partition)
    return (rows as { pk: string; sk: string; rev: number; doc: string }[]).map(({ pk, sk, rev, doc }) => ({
      key: `${pk}/${sk}`,
      rev,
      doc: JSON.parse(doc) as RunDoc,
    }))
  }
}

function ended(): RedeyeError {
  return new RedeyeError('WORKER_LOST', 'the runtime that did the work has ended', {
    remedy: 'give the command again: what it began is kept, and goes on',
  })
}
