import { RedeyeError } from './errors.ts'
import { DAY_MS, dateOfDay, dayOf, dayOfDate, type EpochMs, HOUR_MS, isTimezone, startOfDay } from './zone.ts'

/**
 * How a dataset is cut into partitions. `from` is the first date (`2001-02-01`), or for hourly datasets also an instant;
 * without it there is no first partition.
 */
export type Partitioning =
  | { readonly grain: 'hourly' | 'daily' | 'weekly' | 'monthly'; readonly from?: string; readonly timezone: string }
  | { readonly grain: 'keys'; readonly keys: readonly string[] }
  | { readonly grain: 'unpartitioned' }
export type TimePartitioning = Extract<Partitioning, { timezone: string }>
export type Grain = Partitioning['grain']

export function isTimed(p: Partitioning): p is TimePartitioning {
  return p.grain !== 'keys' && p.grain !== 'unpartitioned'
}

/*
 * Inside the core a partition is its ordinal: hours, days, ISO weeks or months since the epoch, the place in the list of
 * keys, or 0. Ordinals make every mapping and its inverse an interval. Outside the core a key is opaque.
 */

/** The ordinal of a key, or undefined when the key does not fit the partitioning (or names a date the zone skips). */
export function ordinalOf(p: Partitioning, key: string): number | undefined {
  switch (p.grain) {
    case 'unpartitioned':
      return key === 'all' ? 0 : undefined
    case 'keys':
      return placesOf(p.keys).get(key)
    case 'hourly': {
      const m = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3])Z$/.exec(key)
      const day = m ? dayOfDate(m[1]!) : undefined
      return day === undefined ? undefined : day * 24 + Number(m![2])
    }
    case 'daily': {
      const day = dayOfDate(key)
      return day === undefined || isSkipped(p, day) ? undefined : day
    }
    case 'weekly': {
      const m = /^(\d{4})-W(\d{2})$/.exec(key)
      if (!m) return undefined
      const ordinal = firstWeek(Number(m[1])) + Number(m[2]) - 1
      return keyOf(p, ordinal) === key ? ordinal : undefined
    }
    case 'monthly': {
      const m = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(key)
      return m ? Number(m[1]) * 12 + Number(m[2]) - 1 : undefined
    }
  }
}

const keyPlaces = new WeakMap<readonly string[], Map<string, number>>()

/** Each key's place in its list: of ten thousand keys none is searched for. */
function placesOf(keys: readonly string[]): Map<string, number> {
  let places = keyPlaces.get(keys)
  if (!places) keyPlaces.set(keys, (places = new Map(keys.map((key, i) => [key, i]))))
  return places
}

/** The key of an ordinal. */
export function keyOf(p: Partitioning, ordinal: number): string {
  switch (p.grain) {
    case 'unpartitioned':
      return 'all'
    case 'keys':
      return p.keys[ordinal]!
    case 'hourly':
      return `${new Date(ordinal * HOUR_MS).toISOString().slice(0, 13)}Z`
    case 'daily':
      return dateOfDay(ordinal)
    case 'weekly': {
      // An ISO week belongs to the year of its Thursday.
      const year = new Date((mondayOf(ordinal) + 3) * DAY_MS).getUTCFullYear()
      return `${year}-W${String(ordinal - firstWeek(year) + 1).padStart(2, '0')}`
    }
    case 'monthly':
      return `${String(Math.floor(ordinal / 12)).padStart(4, '0')}-${String((ordinal % 12) + 1).padStart(2, '0')}`
  }
}

// 1970-01-01 was a Thursday, so week 0 began on day -3.
const mondayOf = (week: number) => week * 7 - 3
const weekOfDay = (day: number) => Math.floor((day + 3) / 7)
const firstWeek = (year: number) => weekOfDay(dayOfDate(`${String(year).padStart(4, '0')}-01-04`)!)
const firstDayOfMonth = (month: number) => Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY_MS

/** When an ordinal's partition begins; its end is the next ordinal's beginning. */
export function startOf(p: TimePartitioning, ordinal: number): EpochMs {
  switch (p.grain) {
    case 'hourly':
      return ordinal * HOUR_MS
    case 'daily':
      return startOfDay(p.timezone, ordinal)
    case 'weekly':
      return startOfDay(p.timezone, mondayOf(ordinal))
    case 'monthly':
      return startOfDay(p.timezone, firstDayOfMonth(ordinal))
  }
}

export function endOf(p: TimePartitioning, ordinal: number): EpochMs {
  return startOf(p, ordinal + 1)
}

/** The ordinal of the partition that holds an instant. */
export function ordinalAt(p: TimePartitioning, at: EpochMs): number {
  if (p.grain === 'hourly') return Math.floor(at / HOUR_MS)
  const day = dayOf(p.timezone, at)
  if (p.grain === 'daily') return day
  if (p.grain === 'weekly') return weekOfDay(day)
  const date = new Date(day * DAY_MS)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** A date that the zone skips has no key; only days can be skipped whole. */
export function isSkipped(p: Partitioning, ordinal: number): boolean {
  return p.grain === 'daily' && p.timezone !== 'UTC' && startOf(p, ordinal) === endOf(p, ordinal)
}

/** `ordinal` moved by `steps` partitions, stepping over dates the zone skips. */
export function step(p: Partitioning, ordinal: number, steps: number): number {
  if (p.grain !== 'daily' || p.timezone === 'UTC') return ordinal + steps
  let at = ordinal
  for (let left = Math.abs(steps); left > 0; ) {
    at += Math.sign(steps)
    if (!isSkipped(p, at)) left--
  }
  return at
}

const firstOrdinals = new WeakMap<Partitioning, number>()

/** The first ordinal that exists: the partition that holds `from`; -Infinity without one. */
export function firstOrdinal(p: Partitioning): number {
  if (!isTimed(p)) return 0
  let first = firstOrdinals.get(p)
  if (first === undefined) {
    first = p.from === undefined ? Number.NEGATIVE_INFINITY : ordinalAt(p, fromInstant(p, p.from))
    firstOrdinals.set(p, first)
  }
  return first
}

function fromInstant(p: TimePartitioning, from: string): EpochMs {
  const day = dayOfDate(from)
  if (day !== undefined) return startOfDay(p.timezone, day)
  const at = /^\d{4}-\d{2}-\d{2}T/.test(from) ? Date.parse(from) : Number.NaN
  if (Number.isNaN(at)) throw new RedeyeError('BAD_DATE', `"${from}" is no date`, { remedy: 'write a first date like 2001-02-01' })
  return at
}

/** The last ordinal that exists: keyed datasets end, timed ones do not. */
export function lastOrdinal(p: Partitioning): number {
  return isTimed(p) ? Number.POSITIVE_INFINITY : p.grain === 'keys' ? p.keys.length - 1 : 0
}

/** Whether the ordinal exists in the dataset at all: not before its first date, and not a skipped date. */
export function exists(p: Partitioning, ordinal: number): boolean {
  return ordinal >= firstOrdinal(p) && ordinal <= lastOrdinal(p) && !isSkipped(p, ordinal)
}

/** An existing partition's ordinal by key; throws BAD_PARTITION saying what such a key looks like. */
export function parsePartition(p: Partitioning, key: string, dataset: string): number {
  const ordinal = ordinalOf(p, key)
  if (ordinal === undefined)
    throw new RedeyeError('BAD_PARTITION', `"${key}" is not a partition of ${dataset}, which is ${describePartitioning(p)}`, {
      remedy: `write it like ${exampleKey(p)}`,
    })
  if (ordinal < firstOrdinal(p))
    throw new RedeyeError('BAD_PARTITION', `${dataset}@${key} lies before the dataset's first partition, ${keyOf(p, firstOrdinal(p))}`, {
      remedy: 'name a later partition, or move the dataset’s first date back',
    })
  return ordinal
}

/** The ordinals from one to another, both included, without the dates a zone skips. */
export function ordinalRange(p: Partitioning, from: number, to: number): number[] {
  const ordinals: number[] = []
  for (let o = from; o <= to; o++) if (!isSkipped(p, o)) ordinals.push(o)
  return ordinals
}

/** How many ordinals there are from one to another: the length of their `ordinalRange`. */
export function countOf(p: Partitioning, from: number, to: number): number {
  if (from > to) return 0
  return p.grain === 'daily' && p.timezone !== 'UTC' ? ordinalRange(p, from, to).length : to - from + 1
}

/** An ordinal's place in the `ordinalRange` from one to another; -1 when it is not in it. */
export function placeIn(p: Partitioning, from: number, to: number, ordinal: number): number {
  if (ordinal < from || ordinal > to || isSkipped(p, ordinal)) return -1
  return countOf(p, from, ordinal) - 1
}

/** When a partition begins and ends; undefined for partitionings without time. */
export function partitionTime(p: Partitioning, key: string): { start: EpochMs; end: EpochMs } | undefined {
  if (!isTimed(p)) return undefined
  const ordinal = ordinalOf(p, key)
  return ordinal === undefined ? undefined : { start: startOf(p, ordinal), end: endOf(p, ordinal) }
}

/** Two partitionings whose keys mean the same: equal grain and, for timed ones, equal zone. */
export function sameGrain(a: Partitioning, b: Partitioning): boolean {
  if (a.grain !== b.grain) return false
  return isTimed(a) && isTimed(b) ? a.timezone === b.timezone : true
}

export function describePartitioning(p: Partitioning): string {
  if (p.grain === 'keys') return `keyed (${p.keys.slice(0, 5).join(', ')}${p.keys.length > 5 ? ', …' : ''})`
  return p.grain
}

function exampleKey(p: Partitioning): string {
  switch (p.grain) {
    case 'hourly':
      return '2001-02-14T05Z'
    case 'daily':
      return '2001-02-14'
    case 'weekly':
      return '2001-W07'
    case 'monthly':
      return '2001-02'
    case 'keys':
      return p.keys[0] ?? 'a declared key'
    case 'unpartitioned':
      return 'all'
  }
}

/** What is wrong with a partitioning's declaration, in one line; undefined when nothing is. */
export function partitioningFault(p: Partitioning): string | undefined {
  if (p.grain === 'unpartitioned') return undefined
  if (p.grain === 'keys') {
    if (p.keys.length === 0) return 'a keyed dataset needs at least one key'
    // The last place of a key that is there twice is not its first.
    const twice = p.keys.find((k, i) => placesOf(p.keys).get(k) !== i)
    if (twice !== undefined) return `the key "${twice}" is declared twice`
    const bad = p.keys.find(k => !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(k))
    return bad === undefined ? undefined : `the key "${bad}" has characters other than letters, digits, ".", "_" and "-"`
  }
  if (!isTimezone(p.timezone)) return `"${p.timezone}" is no time zone`
  if (p.from === undefined) return undefined
  if (dayOfDate(p.from) !== undefined) return undefined
  if (p.grain === 'hourly' && /^\d{4}-\d{2}-\d{2}T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?Z$/.test(p.from) && !Number.isNaN(Date.parse(p.from)))
    return undefined
  return `"${p.from}" is no date`
}
