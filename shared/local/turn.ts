import type { DatabaseSync } from 'node:sqlite'
import { RedeyeError } from '../core/errors.ts'

// A checkpoint waits for the disk, so it comes when nothing is written; only a log this large does not wait (64 MB, in pages of 4 KB).
const LARGEST_LOG_PAGES = 16_384
const QUIET_MS = 250

/** A transaction that all writes of one turn of the event loop share. */
export class Turn {
  readonly #db: DatabaseSync
  readonly #durable: boolean
  readonly #before: (() => void)[] = []
  readonly #undone: (() => void)[] = []
  /** How many transactions have ended. */
  count = 0
  #commit: Promise<void> | undefined
  #broken = false
  #quiet: NodeJS.Timeout | undefined

  constructor(db: DatabaseSync, durable: boolean) {
    this.#db = db
    this.#durable = durable
    if (durable) db.exec(`PRAGMA wal_autocheckpoint = ${LARGEST_LOG_PAGES}`)
  }

  /** Opens the transaction, if it is not open; resolves when it is committed. */
  begin(): Promise<void> {
    if (!this.#durable) return nothing
    if (this.#commit && !this.#db.isTransaction) this.#breakOff()
    return (this.#commit ??= this.#open())
  }

  committed(): Promise<void> {
    return this.#commit ?? nothing
  }

  beforeCommit(write: () => void): void {
    this.#before.push(write)
  }

  /** The commit failed: nothing of what was written since the one before it is there. */
  onUndone(forget: () => void): void {
    this.#undone.push(forget)
  }

  /** A full disk ends a transaction by itself. What the turn still writes must not stand where the rest does not. */
  #breakOff(): void {
    this.#broken = true
    this.#db.exec('BEGIN IMMEDIATE')
  }

  #open(): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE')
    const committed = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        try {
          this.#finish()
          resolve()
        } catch (cause) {
          reject(new RedeyeError('LEDGER_FAILED', `the ledger could not commit: ${(cause as Error).message}`, { cause }))
        }
      })
    })
    // Whoever wrote hears of it; a turn in which nobody waits is no reason to end the process.
    committed.catch(() => {})
    return committed
  }

  #finish(): void {
    if (!this.#commit) return
    try {
      if (this.#broken || !this.#db.isTransaction) throw new Error('a write of the same turn failed')
      for (const write of this.#before) write()
      this.#db.exec('COMMIT')
    } catch (cause) {
      this.#undo()
      throw cause
    } finally {
      this.#commit = undefined
      this.#broken = false
      this.count++
    }
    if (this.#quiet) this.#quiet.refresh()
    else this.#quiet = setTimeout(() => this.#checkpoint(), QUIET_MS).unref()
  }

  #undo(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    for (const forget of this.#undone) forget()
  }

  #checkpoint(): void {
    this.#quiet = undefined
    if (!this.#commit) this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  }

  close(): void {
    this.#finish()
    clearTimeout(this.#quiet)
  }
}

const nothing = Promise.resolve()
