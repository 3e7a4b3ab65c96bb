/**
 * Reads several streams at the same time, one element ahead of each, and yields what comes as it comes with the stream's number.
 * Whoever stops early ends them all.
 */
export async function* interleave<T>(streams: readonly (AsyncIterable<T> | Iterable<T>)[]): AsyncGenerator<{ from: number; value: T }> {
  const iterators = streams.map(toAsync)
  const pending = new Map<number, Promise<{ from: number; next: IteratorResult<T> }>>()
  const advance = (from: number) =>
    pending.set(
      from,
      iterators[from]!.next().then(next => ({ from, next })),
    )
  try {
    for (const from of iterators.keys()) advance(from)
    while (pending.size > 0) {
      const { from, next } = await Promise.race(pending.values())
      if (next.done) pending.delete(from)
      else {
        // The winner goes to the end, so that streams which are always ready take turns.
        pending.delete(from)
        advance(from)
        yield { from, value: next.value }
      }
    }
  } finally {
    await Promise.allSettled(pending.values())
    await Promise.allSettled(iterators.map(iterator => iterator.return(undefined)))
  }
}

async function* toAsync<T>(stream: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* stream
}
