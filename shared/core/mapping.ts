import {
  endOf,
  exists,
  firstOrdinal,
  isTimed,
  lastOrdinal,
  ordinalAt,
  ordinalOf,
  type Partitioning,
  sameGrain,
  startOf,
  step,
  type TimePartitioning,
} from './partition.ts'

/** How an input's partitions map to the output's; see the table in docs/glossary.md. */
export type Mapping =
  | { readonly map: 'same' | 'overlapping' | 'all' | 'latest' }
  | { readonly map: 'trailing'; readonly n: number }
  | { readonly map: 'offset'; readonly k: number }

/** An inclusive interval of ordinals; the dates a zone skips inside it do not count. Empty when `from > to`. */
export interface Interval {
  readonly from: number
  readonly to: number
}
const nothing: Interval = { from: 0, to: -1 }
const point = (ordinal: number): Interval => ({ from: ordinal, to: ordinal })

/** Why a mapping cannot join two partitionings, in one line; undefined when it can. `own`: the input is the task's own output. */
export function mappingFault(mapping: Mapping, input: Partitioning, output: Partitioning, own: boolean): string | undefined {
  const two = `a ${input.grain} input to a ${output.grain} output`
  switch (mapping.map) {
    case 'same':
      if (input.grain !== output.grain) return `same cannot join ${two}: the grains differ`
      if (!sameGrain(input, output)) return `same cannot join ${two}: the time zones differ`
      if (input.grain === 'keys' && output.grain === 'keys') {
        const missing = output.keys.find(k => !input.keys.includes(k))
        if (missing !== undefined) return `same cannot join these keys: the input has no "${missing}"`
      }
      return own ? 'a task cannot read the partition it makes' : undefined
    case 'trailing':
    case 'offset':
      if (!isTimed(input) || !isTimed(output) || input.grain !== output.grain)
        return `${mapping.map} cannot join ${two}: both need the same grain of time`
      if (!sameGrain(input, output)) return `${mapping.map} cannot join ${two}: the time zones differ`
      if (mapping.map === 'trailing') {
        if (!Number.isInteger(mapping.n) || mapping.n < 1) return `trailing takes a whole number from 1, not ${mapping.n}`
        return own ? 'a task cannot read the partition it makes; offset(-1) reads the one before' : undefined
      }
      if (!Number.isInteger(mapping.k)) return `offset takes a whole number, not ${mapping.k}`
      return own && mapping.k >= 0 ? 'on its own output an offset must be negative' : undefined
    case 'overlapping':
      if (!isTimed(input) || !isTimed(output)) return `overlapping cannot join ${two}: both need time`
      return own ? 'a task cannot read the partition it makes' : undefined
    case 'all':
      if (isTimed(input))
        return `all takes a keyed or an unpartitioned input, not a ${input.grain} one${isTimed(output) ? '' : '; dated into undated joins by latest'}`
      return own ? 'a task cannot read the partition it makes' : undefined
    case 'latest':
      return own ? 'latest cannot read the task’s own output' : undefined
  }
}

/**
 * The input partitions that an output partition needs, existing or not yet made. `latest` needs none of its own.
 *
 * @example neededBy({ map: 'trailing', n: 7 }, days, days, ordinalOf(days, '2001-02-14')!) // the 8th to the 14th
 */
export function neededBy(mapping: Mapping, input: Partitioning, output: Partitioning, ordinal: number): Interval {
  switch (mapping.map) {
    case 'latest':
      return nothing
    case 'same':
      return input.grain === 'keys' && output.grain === 'keys'
        ? point(ordinalOf(input, output.keys[ordinal]!) ?? -1)
        : clip(point(ordinal), input)
    case 'trailing':
      return clip({ from: step(input, ordinal, 1 - mapping.n), to: ordinal }, input)
    case 'offset':
      return clip(point(step(input, ordinal, mapping.k)), input)
    case 'all':
      return { from: firstOrdinal(input), to: lastOrdinal(input) }
    case 'overlapping':
      return clip(overlap(output as TimePartitioning, ordinal, input as TimePartitioning), input)
  }
}

/** The output partitions that need an input partition: the exact inverse of `neededBy`. May be endless for `all`. */
export function affectedBy(mapping: Mapping, input: Partitioning, output: Partitioning, ordinal: number): Interval {
  if (!exists(input, ordinal)) return nothing
  switch (mapping.map) {
    case 'latest':
      return nothing
    case 'same':
      if (input.grain === 'keys' && output.grain === 'keys') {
        const index = ordinalOf(output, input.keys[ordinal]!)
        return index === undefined ? nothing : point(index)
      }
      return clip(point(ordinal), output)
    case 'trailing':
      return clip({ from: ordinal, to: step(output, ordinal, mapping.n - 1) }, output)
    case 'offset':
      return clip(point(step(output, ordinal, -mapping.k)), output)
    case 'all':
      return { from: firstOrdinal(output), to: lastOrdinal(output) }
    case 'overlapping':
      return clip(overlap(input as TimePartitioning, ordinal, output as TimePartitioning), output)
  }
}

function overlap(a: TimePartitioning, ordinal: number, b: TimePartitioning): Interval {
  const start = startOf(a, ordinal)
  const end = endOf(a, ordinal)
  if (start === end) return nothing
  return { from: ordinalAt(b, start), to: ordinalAt(b, end - 1) }
}

function clip(interval: Interval, p: Partitioning): Interval {
  return { from: Math.max(interval.from, firstOrdinal(p)), to: Math.min(interval.to, lastOrdinal(p)) }
}
