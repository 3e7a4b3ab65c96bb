import type { DuckDbOptions } from '../compute/duckdb.ts'

// Lambda gives one core for so much memory.
const MB_A_CORE = 1769
// Node with the SDK's clients takes 150 MB, rows on their way and a part that is uploaded 70, and DuckDB's own code and buffers beside its limit 100.
const OTHERS_MB = 320
// What DuckDB needs to begin at all.
const LEAST_MB = 128

/** How much of a function of this memory DuckDB may take; all of a machine that says none. */
export function duckdbOf(memoryMb: number | undefined): Pick<DuckDbOptions, 'memoryMb' | 'threads'> {
  if (memoryMb === undefined || !(memoryMb > 0)) return {}
  return {
    memoryMb: Math.max(LEAST_MB, memoryMb - OTHERS_MB),
    threads: Math.max(1, Math.round(memoryMb / MB_A_CORE)),
  }
}
