import type { Columns, Json } from '../core/schema.ts'

/** What a source yields: records as they came (any shape), those that could not be parsed, and how far it has read. */
export interface Batch {
  records: Record<string, unknown>[]
  /** Lines or items that were not even records, each with its reason; they are quarantined and count towards the allowed share. */
  rejected?: Rejected[]
  /** A position from which `read` can go on after these records; absent where a source cannot resume. */
  position?: Json
}
export interface Rejected {
  raw: string
  reason: string
  /** Where it was: file and line, page and item. */
  where?: string
}

export interface ReadRequest {
  /** The output's partition. Times are ISO instants; absent for keyed and unpartitioned outputs. */
  partition: { key: string; start?: string; end?: string; timezone?: string }
  columns: Columns
  /** Where an earlier attempt of the same generation stopped; yield only what follows. */
  position: Json | undefined
  signal: AbortSignal
  world: SourceWorld
}

/** What of the world a source may touch; tests hand in recorded responses. */
export interface SourceWorld {
  fetch: typeof globalThis.fetch
  /** A secret or setting by name; rejects with BAD_CREDENTIAL naming what is missing. */
  secret(name: string): Promise<string>
  /** Waits, unless the signal ends it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Milliseconds since the epoch (for `Retry-After` dates only: what is read must not depend on it). */
  now(): number
}

/** Where data comes from. A new source is one new file in shared/sources that makes such a value. */
export interface Source {
  readonly source: string
  /** One line for people, without secrets: `sql flights from operations.db`. */
  describe(): string
  /** The names of the settings and secrets it reads, so that a function may be allowed just these. */
  readonly secrets?: readonly string[]
  /** What is wrong with the configuration, without touching the world. */
  faults(columns: Columns): string[]
  /** Streams the partition's records, at most a few thousand a batch. Throws RedeyeErrors with a failure class. */
  read(request: ReadRequest): AsyncIterable<Batch>
}
