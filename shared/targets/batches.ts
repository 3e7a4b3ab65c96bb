/** Cuts streamed rows anew into batches of exactly `size` (the last may be smaller), so that a retry cuts them at the same places. */
export async function* batchesOf<T>(rows: AsyncIterable<T[]>, size: number): AsyncIterable<{ batch: number; rows: T[] }> {
  let batch = 0
  let kept: T[] = []
  for await (const some of rows) {
    kept = kept.length === 0 ? some : kept.concat(some)
    let from = 0
    for (; kept.length - from >= size; from += size) yield { batch: batch++, rows: kept.slice(from, from + size) }
    if (from > 0) kept = kept.slice(from)
  }
  if (kept.length > 0) yield { batch, rows: kept }
}
