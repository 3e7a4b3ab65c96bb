import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RedeyeError } from '../core/errors.ts'

/** Where a runtime keeps everything, and nothing elsewhere. */
export interface StateFolder {
  folder: string
  ledger: string
  lake: string
  logs: string
  /** Modules as threads have compiled them: nothing that cannot be made anew. */
  compiled: string
  /** Settings and secrets by name, `{ NAME: value }`; the environment goes before. */
  settings: string
}

export function stateFolder(folder: string): StateFolder {
  return {
    folder,
    ledger: join(folder, 'ledger.db'),
    lake: join(folder, 'lake'),
    logs: join(folder, 'logs'),
    compiled: join(folder, 'compiled'),
    settings: join(folder, 'settings.json'),
  }
}

// A command that only asks whether a runtime runs holds the lock for a millisecond; one that ends needs a little longer.
const PATIENCE_MS = 250

/**
 * Holds a state folder for this runtime alone until `release`, or until the process dies: the lock is the operating
 * system's, by way of SQLite's exclusive mode, so a dead runtime leaves none.
 */
export function holdState(folder: string, patienceMs = PATIENCE_MS): { release(): void } {
  mkdirSync(folder, { recursive: true })
  const db = new DatabaseSync(join(folder, 'runtime.lock'), { timeout: patienceMs })
  try {
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = ${process.pid}; COMMIT`)
  } catch (cause) {
    db.close()
    throw new RedeyeError('ALREADY_RUNNING', `another runtime holds ${folder}`, {
      remedy: 'stop it, use its commands (they reach a runtime that runs), or name another folder with --state',
      failure: 'user',
      cause,
    })
  }
  return { release: () => db.close() }
}
