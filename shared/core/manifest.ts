/** One immutable file of a version. `key` is relative to the lake. */
export interface PartFile {
  key: string
  rows: number
  bytes: number
}

/** What is known of a column over all of a version's rows; min and max are the values' text, absent for nested types. */
export interface ColumnStatistics {
  nulls: number
  min?: string
  max?: string
}

/** `manifest.json` of a version: exactly the files that were written, never a folder's listing. */
export interface Manifest {
  format: 1
  dataset: string
  partition: string
  generation: number
  attempt: number
  files: PartFile[]
  rows: number
  bytes: number
  columns: Record<string, ColumnStatistics>
  schema: string
  schemaHash: string
  /** Rows that did not fit, in `quarantine.jsonl` beside the manifest (each with its reason); absent when there were none. */
  quarantine?: { key: string; rows: number; bytes: number }
}
