/**
 * Lets so many works go on at once; the next begins when one of them has ended, first come, first served.
 *
 * @example
 * const inTurn = atMost(16)
 * const answers = await Promise.all(['a', 'b'].map(page => inTurn(() => fetch(`https://example.com/${page}`))))
 */
export function atMost(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let going = 0
  const waiting: (() => void)[] = []
  return async work => {
    if (going < atOnce) going++
    else await new Promise<void>(begin => waiting.push(begin))
    try {
      return await work()
    } finally {
      const begin = waiting.shift()
      // Who waited longest goes on in this one's stead, so that nobody who has just come is before it.
      if (begin) begin()
      else going--
    }
  }
}
