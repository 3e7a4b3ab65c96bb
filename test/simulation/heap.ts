/** What occurs at a time, in the order it was said where the times are equal. */
export interface Due {
  at: number
  order: number
  kind: string
  run: () => void
}

/** What is to occur, the earliest first. */
export class Heap {
  readonly items: Due[] = []

  push(due: Due): void {
    const { items } = this
    let i = items.push(due) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(due, items[parent]!)) break
      items[i] = items[parent]!
      i = parent
    }
    items[i] = due
  }

  /** The earliest, if it is due by then. */
  take(until: number): Due | undefined {
    const { items } = this
    const first = items[0]
    if (!first || first.at > until) return undefined
    const last = items.pop()!
    if (items.length > 0) this.#sink(last)
    return first
  }

  /** Takes away what is of a kind. */
  cancel(kind: string): void {
    const left = this.items.splice(0).filter(d => d.kind !== kind)
    for (const due of left) this.push(due)
  }

  #sink(due: Due): void {
    const { items } = this
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++
      if (!before(items[child]!, due)) break
      items[i] = items[child]!
      i = child
    }
    items[i] = due
  }
}

const before = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.order < b.order)
