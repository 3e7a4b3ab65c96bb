import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RedeyeError } from '../core/errors.ts'
import { optionFaults } from '../core/option-faults.ts'
import type { Delivery, Receipt, Target } from '../ports/target.ts'
import { batchesOf } from './batches.ts'
import { jsonOf } from './json-row.ts'
import { idPrefix, messageIds } from './message-id.ts'
import { targetFailure } from './target-failure.ts'

export interface QueueOptions {
  /** The name of the setting that says where the embedded queue is: `sqlite:/path/to/queue.db`. */
  connection: string
  /** The topic; the dataset's name unless given. */
  topic?: string
}

/**
 * Puts a partition's rows on the embedded queue, a message a row. A message's id is made of the row's key and the version, and the queue drops
 * an id it has had, read or not. An older generation or attempt is refused with STALE_ATTEMPT, in the transaction that would have put the messages.
 *
 * @example
 * queue({ connection: 'MARKETING_QUEUE', topic: 'sessions' })
 */
export function queue(options: QueueOptions): Target {
  return {
    target: 'queue',
    describe: () => `queue ${options.connection}${options.topic === undefined ? '' : `, topic ${options.topic}`}`,
    secrets: [options.connection],
    faults: (_, key) => optionFaults('queue', options, { connection: true, topic: true }, () => faults(options, key)),
    deliver: delivery => deliver(options, delivery),
  }
}

// One commit for a thousand messages costs little more than for one, and holds other writers up for a few milliseconds.
const BATCH = 1000
// Other processes put and take in between; each holds the lock for milliseconds.
const BUSY_MS = 5000

const SCHEMA = `
  pragma journal_mode = wal;
  create table if not exists messages (
    sequence integer primary key, topic text not null, id text not null, body text not null, taken integer not null default 0, unique (topic, id)
  );
  create table if not exists fences (
    topic text not null, task text not null, partition text not null, generation integer not null, attempt integer not null,
    primary key (topic, task, partition)
  ) without rowid;`

function faults(options: QueueOptions, key: readonly string[]): string[] {
  const found: string[] = []
  if (options.connection === '') found.push('queue needs the name of a setting as `connection`')
  if (key.length === 0) found.push('queue makes message ids of the rows’ key, and the dataset declares none')
  return found
}

async function* deliver(options: QueueOptions, delivery: Delivery): AsyncIterable<Receipt> {
  const topic = options.topic ?? delivery.dataset
  const db = open(await delivery.world.secret(options.connection), options.connection)
  try {
    // Before the first row: a delivery without rows takes over from an older one all the same.
    attempted(() => raiseFence(db, topic, delivery))
    for await (const { batch, rows } of batchesOf(delivery.rows, BATCH)) {
      delivery.signal.throwIfAborted()
      const put = attempted(() => putBatch(db, topic, delivery, rows))
      const token = `${idPrefix(delivery)}b${batch}`
      yield { batch, rows: rows.length, token, answer: put === rows.length ? 'queued' : `${put} queued, ${rows.length - put} had been` }
    }
  } finally {
    db.close()
  }
}

function open(location: string, setting: string): DatabaseSync {
  const path = location.startsWith('sqlite:') ? location.slice('sqlite:'.length) : ''
  if (path === '')
    throw new RedeyeError('BAD_TARGET', `the setting ${setting} names no queue`, {
      remedy: `set ${setting} to sqlite: and the path of a file, like sqlite:/var/lib/queue.db`,
    })
  return attempted(() => {
    mkdirSync(dirname(path), { recursive: true })
    const db = new DatabaseSync(path, { timeout: BUSY_MS })
    db.exec(SCHEMA)
    return db
  })
}

/** Messages that were new, of those rows. */
function putBatch(db: DatabaseSync, topic: string, delivery: Delivery, rows: Record<string, unknown>[]): number {
  db.exec('begin immediate')
  try {
    raiseFence(db, topic, delivery)
    const insert = db.prepare('insert into messages (topic, id, body) values (?, ?, ?) on conflict do nothing')
    let put = 0
    for (const [i, id] of messageIds(delivery, rows).entries()) put += Number(insert.run(topic, id, jsonOf(rows[i])).changes)
    db.exec('commit')
    return put
  } catch (cause) {
    if (db.isTransaction) db.exec('rollback')
    throw cause
  }
}

function raiseFence(db: DatabaseSync, topic: string, delivery: Delivery): void {
  const { task, partition, generation, attempt } = delivery
  const raised = db
    .prepare(
      `insert into fences values (?, ?, ?, ?, ?) on conflict do update set generation = excluded.generation, attempt = excluded.attempt
       where (generation, attempt) <= (excluded.generation, excluded.attempt)`,
    )
    .run(topic, task, partition, generation, attempt)
  if (Number(raised.changes) === 0)
    throw new RedeyeError('STALE_ATTEMPT', `${topic}@${partition} was taken over from generation ${generation}, attempt ${attempt}`, {
      remedy: 'nothing: what the newer one delivers stays',
    })
}

function attempted<T>(use: () => T): T {
  try {
    return use()
  } catch (cause) {
    throw targetFailure('the queue', cause)
  }
}
