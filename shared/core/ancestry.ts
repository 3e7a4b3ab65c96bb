/**
 * What a version derives from through triggering inputs, kept small: per dataset, ranges of consecutive partitions
 * (by ordinal) at one number. Keyed datasets keep their keys, for a declared list may change its order.
 */
export type Ancestry = { [dataset: string]: Lineage }
export interface Lineage {
  /** The highest number in it: where it is 1 on all sides, they are consistent without looking. */
  max: number
  /** `[from, to, number]`, ordered, disjoint, both ends included. */
  ranges?: Range[]
  keys?: { [key: string]: number }
}
export type Range = [from: number, to: number, number: number]

/** One partition of a dataset at a number, as a lineage. */
export function lineageOf(place: { ordinal: number } | { key: string }, number: number): Lineage {
  return 'key' in place ? { max: number, keys: { [place.key]: number } } : { max: number, ranges: [[place.ordinal, place.ordinal, number]] }
}

/** All of these together; where they disagree the highest number stands. */
export function mergeLineages(lineages: readonly Lineage[]): Lineage {
  if (lineages.length === 1) return lineages[0]!
  const merged: Lineage = { max: 0 }
  const ranges: Range[] = []
  for (const lineage of lineages) {
    merged.max = Math.max(merged.max, lineage.max)
    if (lineage.ranges) for (const range of lineage.ranges) ranges.push(range)
    if (lineage.keys) {
      merged.keys ??= {}
      for (const [key, number] of Object.entries(lineage.keys)) merged.keys[key] = Math.max(merged.keys[key] ?? 0, number)
    }
  }
  if (ranges.length > 0) merged.ranges = mergeRanges(ranges)
  return merged
}

function mergeRanges(unordered: Range[]): Range[] {
  const ranges = unordered.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const merged: Range[] = []
  for (const [from, to, number] of ranges) overlay(merged, from, to, number)
  return merged
}

// Ranges arrive ordered by their beginning, so a new one touches only the tail of what is there.
function overlay(merged: Range[], from: number, to: number, number: number): void {
  const tail: Range[] = []
  while (merged.length > 0 && merged[merged.length - 1]![1] >= from) tail.unshift(merged.pop()!)
  let at = from
  for (const [f, t, n] of tail) {
    if (f < at) append(merged, f, at - 1, n)
    const both = Math.min(t, to)
    if (f > at) append(merged, at, f - 1, number)
    if (both >= Math.max(f, at)) append(merged, Math.max(f, at), both, Math.max(n, number))
    if (t > to) append(merged, Math.max(to + 1, f), t, n)
    at = Math.max(at, both + 1)
  }
  if (at <= to) append(merged, at, to, number)
}

function append(merged: Range[], from: number, to: number, number: number): void {
  const last = merged[merged.length - 1]
  if (last && last[2] === number && last[1] + 1 === from) merged[merged.length - 1] = [last[0], to, number]
  else merged.push([from, to, number])
}

/** Whether a lineage holds a partition at a lower number than the merged one does. */
export function isBehind(lineage: Lineage, merged: Lineage): boolean {
  if (lineage.keys) for (const [key, number] of Object.entries(lineage.keys)) if ((merged.keys?.[key] ?? 0) > number) return true
  const all = merged.ranges ?? []
  let at = 0
  for (const [from, to, number] of lineage.ranges ?? []) {
    while (at < all.length && all[at]![1] < from) at++
    for (let i = at; i < all.length && all[i]![0] <= to; i++) if (all[i]![2] > number) return true
  }
  return false
}

/** The union of ancestries, and of each who in `views` is behind it. `views` are what the pinned versions bring. */
export function reconcile(views: readonly Ancestry[]): { merged: Ancestry; behind: boolean[] } {
  const byDataset = new Map<string, { view: number; lineage: Lineage }[]>()
  views.forEach((ancestry, view) => {
    for (const dataset in ancestry) {
      const list = byDataset.get(dataset)
      if (list) list.push({ view, lineage: ancestry[dataset]! })
      else byDataset.set(dataset, [{ view, lineage: ancestry[dataset]! }])
    }
  })
  const merged: Ancestry = {}
  const behind = views.map(() => false)
  for (const [dataset, list] of byDataset) {
    const whole = mergeLineages(list.map(l => l.lineage))
    merged[dataset] = whole
    if (whole.max > 1) for (const { view, lineage } of list) behind[view] ||= isBehind(lineage, whole)
  }
  return { merged, behind }
}
