import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'
import type { NewEvent } from '../shared/core/events.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { RunDoc } from '../shared/core/run.ts'
import { readGraph } from '../shared/engine/graph.ts'
import { matters } from '../shared/engine/relay.ts'
import { leaveEvents } from '../shared/local/bus.ts'
import { SqliteLedger } from '../shared/local/ledger.ts'
import { holdState, stateFolder } from '../shared/local/state.ts'
import { hostProject } from './host.ts'
import { type RunChange, RunFollower, type Watched } from './run-follower.ts'
import { stateOf } from './state-of.ts'

export interface SessionOptions {
  /** The state folder; `.redeye` in the project unless given. */
  state?: string
  /** Which runs are of interest where another process's runtime does the work. */
  watched: Watched
  onRun?: RunChange
  onMessage?: (line: string) => void
}

// A runtime that is well takes an event up within a tenth of this; one that ends, or hangs, would otherwise be waited for without a word.
const PATIENCE_MS = 2000

/** A runtime to give events to: this process's own, or the one that runs already on the state folder. */
export interface Session {
  /** Whether the runtime is this process's. */
  readonly hosting: boolean
  readonly ledger: SqliteLedger
  graph(): Promise<Graph>
  publish(events: readonly NewEvent[]): Promise<void>
  /** Why events that were published here could not be handled: bad ones end among the dead letters. */
  refusals(): string[]
  /** Resolves when nothing moves any more: of a runtime of our own everything, else what `isOver` speaks of. */
  settled(isOver: (ledger: SqliteLedger) => boolean): Promise<void>
  /** `dying`: the process ends next. */
  close(dying?: boolean): Promise<void>
}

/**
 * Hosts a runtime, or joins the one that runs on the same state folder.
 *
 * @example
 * const session = await openSession(root, { watched: { night: '2001-02-14' }, onRun })
 * try { await session.publish([…]); await session.settled(…) } finally { await session.close() }
 */
export async function openSession(root: string, options: SessionOptions): Promise<Session> {
  try {
    return await hosted(root, options)
  } catch (error) {
    if (!(error instanceof RedeyeError) || error.code !== 'ALREADY_RUNNING') throw error
    return joined(root, options)
  }
}

/** Closes a session that may still be about to open: threads are at work before it has. */
export async function closeOpened(opening: Promise<Session> | undefined, dying: boolean): Promise<void> {
  // Why one did not open, whoever waits for it is told.
  const session = await opening?.catch(() => undefined)
  await session?.close(dying)
}

async function hosted(root: string, { state, onRun, onMessage }: SessionOptions): Promise<Session> {
  const { runtime } = await hostProject(root, { ...(state && { state }), ...(onRun && { onRun }), ...(onMessage && { onMessage }) })
  const before = lettersSince(runtime.ledger, 0).length
  return {
    hosting: true,
    ledger: runtime.ledger,
    graph: () => runtime.graph(),
    publish: events => runtime.publish(events),
    refusals: () => lettersSince(runtime.ledger, before).map(l => l.reason),
    settled: () => runtime.idle(),
    close: dying => runtime.close(dying),
  }
}

function joined(root: string, { state, watched, onRun }: SessionOptions): Session {
  const folder = stateOf(root, state)
  const ledger = openLedger(folder)
  const follower = new RunFollower(ledger, watched, onRun ?? (() => {}))
  let left: string[] = []
  return {
    hosting: false,
    ledger,
    graph: () => graphOf(ledger),
    publish: async events => {
      left = leaveEvents(ledger, events)
    },
    refusals: () => lettersSince(ledger, 0).flatMap(l => (left.includes(l.id) ? [l.reason] : [])),
    settled: isOver => {
      const isTaken = () => left.every(id => isHandled(ledger, id))
      const telling = setTimeout(() => {
        if (!isTaken()) process.stderr.write(`${waitsForText(folder)}\n`)
      }, PATIENCE_MS)
      return follower
        .until(
          () => isTaken() && isOver(ledger),
          () => isHeld(folder),
        )
        .finally(() => clearTimeout(telling))
    },
    close: async () => {
      follower.stop()
      ledger.close()
    },
  }
}

function waitsForText(folder: string): string {
  const pid = holderOf(folder)
  return `waiting for the runtime${pid === undefined ? '' : ` of process ${pid}`}, which holds ${folder} and has not taken this up yet`
}

// Where an SQLite file keeps its user version, in which a runtime leaves its process id (holdState): the lock keeps SQLite itself from reading it.
const USER_VERSION_AT = 60

/** The process whose runtime holds a state folder. Not to be asked by that process: closing the file would release its own lock. */
function holderOf(folder: string): number | undefined {
  const version = Buffer.alloc(4)
  try {
    const file = openSync(join(folder, 'runtime.lock'), 'r')
    try {
      readSync(file, version, 0, version.length, USER_VERSION_AT)
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
  return version.readUInt32BE() || undefined
}

/** Whether every function that takes an event, which was left for the runtime, has handled it. */
function isHandled(ledger: SqliteLedger, id: string): boolean {
  const waiting = `SELECT 1 FROM inbox WHERE json_extract(event, '$.id') = ?1 UNION ALL SELECT 1 FROM messages WHERE json_extract(event, '$.id') = ?1`
  return ledger.sql(waiting).get(id) === undefined
}

/** What could not be delivered, after the first `skip` of all. */
function lettersSince(ledger: SqliteLedger, skip: number): { id: string; reason: string }[] {
  const letters = `SELECT json_extract(event, '$.id') AS id, reason FROM dead_letters ORDER BY seq LIMIT -1 OFFSET ?`
  return ledger.sql(letters).all(skip) as unknown as { id: string; reason: string }[]
}

/** Whether a runtime, of this process or another, holds a state folder. */
export function isHeld(folder: string): boolean {
  if (!existsSync(folder)) return false
  try {
    holdState(folder, 0).release()
    return false
  } catch (error) {
    if (error instanceof RedeyeError && error.code === 'ALREADY_RUNNING') return true
    throw error
  }
}

/** The ledger of a state folder, to read and to leave events in; undefined where there is none yet. */
export function findLedger(folder: string): SqliteLedger | undefined {
  return existsSync(stateFolder(folder).ledger) ? openLedger(folder) : undefined
}

/** A ledger of a project that has run nothing. */
export const memoryLedger = (): SqliteLedger => new SqliteLedger({ path: ':memory:', filter: matters })

const openLedger = (folder: string) => new SqliteLedger({ path: stateFolder(folder).ledger, filter: matters })

/** The graph of what is deployed, as the ledger's contracts tell it. */
export async function graphOf(ledger: SqliteLedger): Promise<Graph> {
  return readGraph(ledger)
}

/** Every run's document with one of these states. */
export function runsIn(ledger: SqliteLedger, states: readonly string[]): RunDoc[] {
  const marks = states.map(() => '?').join()
  const rows = ledger
    .sql(`SELECT doc FROM docs WHERE pk LIKE 'run/%' AND json_extract(doc, '$.state') IN (${marks}) ORDER BY pk, sk`)
    .all(...states) as { doc: string }[]
  return rows.map(row => JSON.parse(row.doc) as RunDoc)
}
