/**
 * Where versions live: a folder or a bucket of immutable files, named by keys like `flights/2001-02-14/g1-a1/part-0000.parquet`.
 * Nothing is visible through the lake by itself; only the ledger says what may be read.
 */
export interface Lake {
  /** A writable scratch file name on the lake's own device, to be handed to `putFile`. */
  scratch(suffix: string): string
  /** Takes over a finished local file (it is moved or uploaded, whole or not at all); writes over an earlier file of the same key. */
  putFile(key: string, path: string): Promise<void>
  /** Writes bytes, whole or not at all. */
  put(key: string, bytes: Uint8Array | string): Promise<void>
  /** The bytes of a key; undefined when there are none. */
  get(key: string): Promise<Uint8Array | undefined>
  /** A local path with the file's content: the file itself where the lake is a folder, a copy otherwise. Rejects with LAKE_FAILED when absent. */
  fetch(key: string): Promise<string>
  /** Size in bytes; undefined when absent. */
  size(key: string): Promise<number | undefined>
  /** Keys that begin with a prefix, in order, with size and time of last change. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number; modifiedMs: number }>
  /** Removes keys; those that are absent are no error. */
  remove(keys: readonly string[]): Promise<void>
}
