import { type Ancestry, lineageOf, reconcile } from './ancestry.ts'
import { type Bits, bitsOf, countBits, isEmpty } from './bits.ts'
import type { InputContract } from './contract.ts'
import { neededBy } from './mapping.ts'
import { endOf, isTimed, keyOf, ordinalRange, type Partitioning } from './partition.ts'
import type { Pin, Version } from './run.ts'
import { dayOf, type EpochMs, timeOfDay } from './zone.ts'

/** What the ledger says of one partition that an input needs. */
export interface PartitionFacts {
  ordinal: number
  version?: Version
  skipped?: boolean
  /** Of a skipped one that was published before: when. */
  skippedAt?: EpochMs
  /** The requests that select its own run, which is not yet over. */
  requested?: readonly string[]
  /** The requests that name its run, which may be run anew for them. */
  named?: readonly string[]
}
export interface InputFacts {
  input: InputContract
  partitioning: Partitioning
  /** In order; empty for `latest`. */
  needed: PartitionFacts[]
  /** The newest ready partition, for `latest`. */
  latest?: PartitionFacts
  /** A run that would replace it, or make a newer one, is selected by a request and not yet over. */
  awaited?: boolean
}

/** What follows from the state of a run's inputs. */
export interface Readiness {
  /** Every input is satisfied, nothing is stale, nothing requested is still to come. */
  ready: boolean
  /** The partitions it waits for, by input. */
  missing: { dataset: string; partition: string }[]
  /** The inputs that are behind a newer version upstream, `dataset@partition`. */
  stale: string[]
  /** A bit for each needed partition that has still to arrive, by input. */
  pending: Bits[]
  /** When an optional input's time comes, the earliest still to come. */
  until?: EpochMs
  pins: Pin[][]
  ancestry: Ancestry
}

/** The ordinals of an input's partitions that the output partition needs. */
export function neededOrdinals(input: InputContract, partitioning: Partitioning, output: Partitioning, ordinal: number): number[] {
  const { from, to } = neededBy(input.mapping, partitioning, output, ordinal)
  return ordinalRange(partitioning, from, to)
}

/** When an optional input stops being waited for: that time, in the output's zone, on the day after the partition's last. */
export function optionalTime(input: InputContract, output: Partitioning, ordinal: number): EpochMs | undefined {
  if (input.wait === 'all' || !('optional' in input.wait) || !isTimed(output)) return undefined
  const [hour, minute] = input.wait.optional.split(':').map(Number)
  const lastDay = dayOf(output.timezone, endOf(output, ordinal) - 1)
  return timeOfDay(output.timezone, lastDay + 1, hour!, minute!)
}

/** Whether an input of `count` needed partitions, of which `absent` have not come, keeps the run waiting. */
export function isSatisfied(input: InputContract, count: number, absent: number, optionalAt: EpochMs | undefined, now: EpochMs): boolean {
  if (input.wait === 'all' || absent === 0) return absent === 0
  if ('atLeast' in input.wait) return count - absent >= Math.min(input.wait.atLeast, count)
  return optionalAt !== undefined && now >= optionalAt
}

/** Judges a run's inputs: satisfied, consistent, and at which versions it would start. */
export function readiness(facts: readonly InputFacts[], output: Partitioning, ordinal: number, now: EpochMs): Readiness {
  const missing: Readiness['missing'] = []
  const pending: Bits[] = []
  const pins: Pin[][] = []
  let ready = true
  let until: EpochMs | undefined
  for (const { input, partitioning, needed, latest } of facts) {
    if (input.mapping.map === 'latest') {
      ready &&= latest !== undefined
      pending.push('')
      pins.push(latest ? pinsOf([latest]) : [])
      continue
    }
    const existing = needed.filter(p => !p.skipped)
    const absent = existing.filter(p => !p.version)
    const optionalAt = optionalTime(input, output, ordinal)
    const satisfied = isSatisfied(input, existing.length, absent.length, optionalAt, now)
    const requested = needed.some(p => p.requested !== undefined)
    if (!satisfied) for (const p of absent) missing.push({ dataset: input.dataset, partition: keyOf(partitioning, p.ordinal) })
    if (absent.length > 0 && optionalAt !== undefined && optionalAt > now) until = Math.min(until ?? optionalAt, optionalAt)
    ready &&= satisfied && !requested
    pending.push(bitsOf(needed.length, i => (!needed[i]!.version && !needed[i]!.skipped) || needed[i]!.requested !== undefined))
    pins.push(pinsOf(needed.filter(p => p.version)))
  }
  const { ancestry, stale } = consistency(facts)
  return { ready: ready && stale.length === 0, missing, stale, pending, pins, ancestry, ...(until !== undefined && { until }) }
}

/** Two pinned versions that derive from the same partition must derive from the same version of it. */
function consistency(facts: readonly InputFacts[]): { ancestry: Ancestry; stale: string[] } {
  const views: Ancestry[] = []
  const names: [InputFacts, PartitionFacts][] = []
  for (const f of facts) {
    if (f.input.mapping.map === 'latest' || f.input.onUpdate === 'ignore') continue
    for (const p of f.needed) {
      if (!p.version) continue
      const place = f.partitioning.grain === 'keys' ? { key: keyOf(f.partitioning, p.ordinal) } : { ordinal: p.ordinal }
      // Two views, for a version of an incremental dataset derives from that dataset's earlier partitions too.
      views.push({ [f.input.dataset]: lineageOf(place, p.version.as) }, p.version.ancestry)
      names.push([f, p], [f, p])
    }
  }
  const { merged, behind } = reconcile(views)
  const stale = new Set<string>()
  behind.forEach((isBehind, i) => {
    const [f, p] = names[i]!
    if (isBehind) stale.add(`${f.input.dataset}@${keyOf(f.partitioning, p.ordinal)}`)
  })
  return { ancestry: merged, stale: [...stale] }
}

function pinsOf(partitions: readonly PartitionFacts[]): Pin[] {
  const pins: Pin[] = []
  for (const { ordinal, version } of partitions) {
    const { number, generation, attempt } = version!
    const last = pins[pins.length - 1]
    if (last && last[1] === ordinal - 1 && last[2] === number && last[3] === generation && last[4] === attempt) last[1] = ordinal
    else pins.push([ordinal, ordinal, number, generation, attempt])
  }
  return pins
}

/** The number an input's partition is pinned at; 0 when it is not. */
export function pinnedNumber(pins: readonly Pin[] | undefined, ordinal: number): number {
  return pins?.find(([from, to]) => from <= ordinal && ordinal <= to)?.[2] ?? 0
}

/**
 * Whether the bits a waiting run keeps allow that everything it waits for is there; only then are the inputs read. `counts` tells
 * how many partitions the input at an index needs. The last inputs are asked first: most arrive in order, so one of those is missing.
 */
export function mayBeReady(
  inputs: readonly InputContract[],
  pending: readonly Bits[],
  counts: (index: number) => number,
  optionalAt: (input: InputContract) => EpochMs | undefined,
  now: EpochMs,
): boolean {
  return (
    inputs.findLastIndex((input, i) => {
      if (input.mapping.map === 'latest') return false
      if (input.wait === 'all') return !isEmpty(pending[i]!)
      return !isSatisfied(input, counts(i), countBits(pending[i]!), optionalAt(input), now)
    }) < 0
  )
}
