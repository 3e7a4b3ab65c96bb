import { readdir } from 'node:fs/promises'
import { RedeyeError } from '../core/errors.ts'

/** What is bound to a statement and, bytes included, what a row holds. Times and JSON are text; whole numbers beyond 2^53 are bigints. */
export type SqlValue = null | string | number | bigint
export type SqlRow = Record<string, SqlValue | boolean | Uint8Array>

/**
 * One kind of database. A driver is one file in shared/sources/drivers, named after the URL scheme it opens, that exports
 * `driver`; nothing else lists it. It turns the database's own errors into BAD_SOURCE (a wrong table, column or file),
 * BAD_CREDENTIAL and SOURCE_UNAVAILABLE (busy, unreachable), and never puts a password into a message.
 */
export interface SqlDriver {
  /** Begins a session: as far as the database can, one consistent view for all its queries, which cannot write. */
  connect(url: string, options: { setting: string; signal: AbortSignal }): Promise<SqlSession>
  /** An identifier in the database's quotes. */
  quote(identifier: string): string
  /** The placeholder of the n-th bound value, from 1. */
  placeholder(n: number): string
}

export interface SqlSession {
  /** Streams a query's rows, `batchRows` at a time, and holds no more of them than one batch. Several queries may be read by turns. */
  query(sql: string, values: readonly SqlValue[], batchRows: number): AsyncIterable<SqlRow[]>
  /** Ends the session and its queries. */
  close(): Promise<void>
}

/** The driver of a database URL. The URL may hold a password, so no message shows it. */
export async function driverOf(url: string, setting: string): Promise<SqlDriver> {
  const scheme = /^([a-z][a-z0-9]*):/.exec(url)?.[1]
  if (scheme === undefined)
    throw new RedeyeError('BAD_SOURCE', `the setting ${setting} is no database URL: it begins with no scheme`, {
      remedy: 'write it like sqlite:/data/operations.db',
    })
  const schemes = await knownSchemes()
  if (schemes !== undefined && !schemes.includes(scheme))
    throw new RedeyeError('BAD_SOURCE', `the setting ${setting} names a database of scheme "${scheme}:", for which there is no driver`, {
      remedy: `there are drivers for ${schemes.map(s => `${s}:`).join(', ')}; a new one is a file in shared/sources/drivers`,
    })
  const { driver } = (await import(`./drivers/${scheme}.ts`)) as { driver: SqlDriver }
  return driver
}

/** The drivers' own folder is the list of drivers; undefined where the code runs bundled, without folders. */
async function knownSchemes(): Promise<string[] | undefined> {
  const files = await readdir(`${import.meta.dirname}/drivers`).catch(() => undefined)
  return files?.map(file => file.replace(/\.ts$/, ''))
}
