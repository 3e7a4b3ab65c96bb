import type { DuckDBInstance } from '@duckdb/node-api'
import { duckdbPrelude } from '../sql/duckdb-prelude.ts'
import { computeFailure, type FailureContext } from './failure.ts'
import { Session } from './session.ts'

export type DuckDb = typeof import('@duckdb/node-api')

/** How much of the machine SQL may take. One instance serves a process, so what differs makes another instance. */
export interface DuckDbOptions {
  /** Memory in MB before work spills to `spillFolder`, or fails with OUT_OF_MEMORY without one; 80 % of the machine's unless given. */
  memoryMb?: number
  /** Threads; the machine's unless given. */
  threads?: number
  /** Where work that outgrows the memory goes; nothing spills unless given. */
  spillFolder?: string
  /** How much may go there, in MB; the disk's free space unless given. */
  spillMb?: number
}

let loading: Promise<DuckDb> | undefined
const instances = new Map<string, Promise<DuckDBInstance>>()

/** DuckDB itself, loaded when it is first needed: a process that only decides never pays its 100 ms and 50 MB. */
export function loadDuckDb(): Promise<DuckDb> {
  loading ??= import('@duckdb/node-api').then(module => (module as DuckDb & { default?: DuckDb }).default ?? module)
  return loading
}

/** Opens a session of its own (views and tables of its own, a signal that interrupts it) on the process's DuckDB. */
export async function openSession(options: DuckDbOptions, context: FailureContext, signal?: AbortSignal): Promise<Session> {
  const duckdb = await loadDuckDb()
  // Loading takes a while, and an instance is not worth making for an attempt that has ended meanwhile.
  if (signal?.aborted) throw computeFailure(signal.reason, context, signal)
  const key = JSON.stringify(options)
  // An instance costs 30 ms and a connection 0.4 ms, so attempts share the first and not the second.
  let instance = instances.get(key)
  if (!instance) {
    instance = createInstance(duckdb, options)
    instances.set(key, instance)
    instance.catch(() => instances.delete(key))
  }
  const opened = await instance
  const shared = { macros: () => addMacros(opened), discard: () => void instances.delete(key) }
  return new Session(duckdb, await opened.connect(), { ...context, memoryMb: options.memoryMb }, signal, shared)
}

async function createInstance(duckdb: DuckDb, options: DuckDbOptions): Promise<DuckDBInstance> {
  const instance = await duckdb.DuckDBInstance.create(':memory:', {
    // What SQL needs is linked in; nothing is ever loaded from the network or from a home folder.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.memoryMb === undefined ? {} : { memory_limit: `${options.memoryMb}MB` }),
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    temp_directory: options.spillFolder ?? '',
  })
  // Given when the instance is opened, this limit is shown and not kept.
  const limits = options.spillMb === undefined ? [] : [`SET GLOBAL max_temp_directory_size = '${options.spillMb}MB'`]
  await runAll(instance, [...limits, ...duckdbPrelude.filter(statement => !isMacro(statement)).map(forInstance)])
  return instance
}

const isMacro = (statement: string) => /^CREATE /.test(statement)
const withMacros = new WeakMap<DuckDBInstance, Promise<void>>()

/** Gives an instance the functions that translated SQL may call; only when some does, since they cost 20 ms. */
function addMacros(instance: DuckDBInstance): Promise<void> {
  const added = withMacros.get(instance) ?? runAll(instance, duckdbPrelude.filter(isMacro).map(forInstance))
  withMacros.set(instance, added)
  added.catch(() => withMacros.delete(instance))
  return added
}

async function runAll(instance: DuckDBInstance, statements: readonly string[]): Promise<void> {
  const db = await instance.connect()
  try {
    for (const statement of statements) await db.run(statement)
  } finally {
    db.closeSync()
  }
}

/** A statement of the prelude, which is written for one connection, for all connections of an instance: it costs milliseconds, so it is run once. */
function forInstance(statement: string): string {
  return statement.replace(/^SET (?!GLOBAL)/, 'SET GLOBAL ').replace(/^CREATE OR REPLACE TEMP MACRO/, 'CREATE OR REPLACE MACRO')
}
