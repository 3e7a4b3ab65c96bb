import { type Calendar, type Cut, calendarOf, firstInstant, morningAfter, type Slice } from './calendar.ts'

/** An input as the oracle reads it off a contract. */
export interface InputView {
  dataset: string
  mapping: { map: string; n?: number; k?: number }
  wait: 'all' | { atLeast: number } | { optional: string }
  onUpdate: 'rerun' | 'ignore' | 'hold'
}
/** A task as the oracle reads it off a contract. */
export interface TaskView {
  task: string
  output: string
  inputs: InputView[]
  onNight: boolean
  retry: { attempts: number; timeouts: number; losses: number; resources?: number; backoffMs: number; factor: number; jitter: number }
  timeoutMs?: number
  limit?: number
  inputsHash: string
  deployedAt: number
}

/** Which partitions there are and which need which: the design's table of mappings, by going through lists of partitions. */
export class Views {
  readonly cuts = new Map<string, Cut>()
  readonly #around: string
  readonly #needed = new Map<string, readonly Slice[]>()
  readonly #lists = new Map<string, Calendar>()

  constructor(cuts: Iterable<readonly [string, Cut]>, around: string) {
    this.#around = around
    for (const [dataset, cut] of cuts) this.cuts.set(dataset, cut)
  }

  /** Every partition of a dataset's kind, existing or not, in order. */
  calendar(dataset: string): Calendar {
    let list = this.#lists.get(dataset)
    if (!list) {
      const cut = this.cuts.get(dataset)!
      if (cut.grain === 'keys' || cut.grain === 'unpartitioned') {
        const keys = cut.grain === 'keys' ? cut.keys : ['all']
        const slices = keys.map((key, ordinal) => ({ key, ordinal, start: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY }))
        list = { slices, place: new Map(keys.map((k, i) => [k, i])) }
      } else list = calendarOf(cut.grain, cut.timezone, this.#around)
      this.#lists.set(dataset, list)
    }
    return list
  }

  slice(dataset: string, key: string): Slice {
    const { slices, place } = this.calendar(dataset)
    const at = place.get(key)
    if (at === undefined) throw new Error(`the oracle knows no partition ${dataset}@${key}`)
    return slices[at]!
  }

  timed(dataset: string): boolean {
    return 'timezone' in this.cuts.get(dataset)!
  }

  /** A partition before the first date does not exist; the one that holds the first date does. */
  exists(dataset: string, slice: Slice): boolean {
    const cut = this.cuts.get(dataset)!
    return !('timezone' in cut) || slice.end > firstInstant(cut)
  }

  /** The existing partitions of an input that an output partition needs; none for `latest`. */
  needed(input: InputView, output: string, slice: Slice): readonly Slice[] {
    const name = `${input.dataset} ${input.mapping.map} ${input.mapping.n ?? input.mapping.k ?? ''} ${output} ${slice.key}`
    let found = this.#needed.get(name)
    if (!found) {
      found = this.#scan(input, output, slice).filter(s => this.exists(input.dataset, s))
      this.#needed.set(name, found)
    }
    return found
  }

  #scan({ dataset, mapping }: InputView, _output: string, slice: Slice): Slice[] {
    const { slices, place } = this.calendar(dataset)
    const same = place.get(slice.key)
    const around = (from: number, to: number) => slices.slice(Math.max(0, same! + from), Math.max(0, same! + to + 1))
    switch (mapping.map) {
      case 'same':
        return same === undefined ? [] : [slices[same]!]
      case 'trailing':
        return around(1 - mapping.n!, 0)
      case 'offset':
        return around(mapping.k!, mapping.k!)
      case 'all':
        return [...slices]
      case 'overlapping': {
        const first = slices.findIndex(s => s.end > slice.start)
        const beyond = slices.findIndex(s => s.start >= slice.end)
        return first < 0 ? [] : slices.slice(first, beyond < 0 ? undefined : beyond)
      }
      default:
        return []
    }
  }

  /** The partitions between two keys, both included: dates for what is dated, declared keys for what is keyed. */
  range(dataset: string, from: string, to: string): readonly Slice[] {
    const { slices, place } = this.calendar(dataset)
    const cut = this.cuts.get(dataset)!
    if (place.has(from) && place.has(to)) return slices.slice(place.get(from)!, place.get(to)! + 1)
    if (!('timezone' in cut)) return slices
    const days = calendarOf('daily', cut.timezone, this.#around)
    const [first, last] = [days.place.get(from), days.place.get(to)]
    // What is not named by dates, or by ones that the zone skips, is not judged.
    if (first === undefined || last === undefined) return []
    const [start, end] = [days.slices[first]!.start, days.slices[last]!.end]
    return slices.filter(s => s.end > start && s.start < end)
  }

  /** Until when an input that is optional is waited for. */
  patience(input: InputView, output: string, slice: Slice): number {
    const cut = this.cuts.get(output)!
    if (typeof input.wait === 'string' || !('optional' in input.wait) || !('timezone' in cut)) return Number.POSITIVE_INFINITY
    const name = `${slice.key} ${cut.timezone} ${input.wait.optional}`
    let at = mornings.get(name)
    if (at === undefined) mornings.set(name, (at = morningAfter(slice, cut.timezone, input.wait.optional)))
    return at
  }
}

const mornings = new Map<string, number>()
