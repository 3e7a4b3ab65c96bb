import type { DuckDBValue } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import { isTimed, type Partitioning, partitionTime } from '../core/partition.ts'
import type { DuckDb } from './duckdb.ts'
import type { Values } from './session.ts'

/** A partition as sources and SQL see it; times are ISO instants, absent where the partitioning has none. */
export interface PartitionTimes {
  key: string
  start?: string
  end?: string
  timezone?: string
}

export function partitionTimes(partitioning: Partitioning, key: string): PartitionTimes {
  const time = partitionTime(partitioning, key)
  if (!time || !isTimed(partitioning)) return { key }
  const iso = (ms: number) => new Date(ms).toISOString()
  return { key, start: iso(time.start), end: iso(time.end), timezone: partitioning.timezone }
}

/** The values of `:partition`, `:start` and `:end` for DuckDB, of those that a statement uses. */
export function parameterValues(duckdb: DuckDb, times: PartitionTimes, used: readonly string[]): Values {
  const values: Values = {}
  for (const [name, value] of Object.entries(usedTimes(times, used))) values[name] = name === 'partition' ? value : timestamp(duckdb, value)
  return values
}

/** The values of `:partition`, `:start` and `:end`, of those that a statement uses; BAD_SQL where one has none. */
export function usedTimes(times: PartitionTimes, used: readonly string[]): Record<string, string> {
  const all: Record<string, string | undefined> = { partition: times.key, start: times.start, end: times.end }
  const values: Record<string, string> = {}
  for (const name of used) {
    const value = all[name]
    if (value === undefined)
      throw new RedeyeError('BAD_SQL', `:${name} has no value for the partition ${times.key}`, {
        remedy: 'use :start and :end only where the output is dated, and :partition everywhere',
      })
    values[name] = value
  }
  return values
}

function timestamp(duckdb: DuckDb, iso: string): DuckDBValue {
  return new duckdb.DuckDBTimestampValue(BigInt(Date.parse(iso)) * 1000n)
}
