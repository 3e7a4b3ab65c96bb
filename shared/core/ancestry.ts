/**
 * What a version derives from through triggering inputs, kept small: per dataset, ranges of consecutive partitions
 * (by ordinal) at one number. Keyed datasets keep their keys, for a declared list may change its order.
 */
export type Ancestry = { [dataset: string]: Lineage }
/**
 * The partitions of one dataset: `11323..11687,11688:2` is a year of them at number 1 and one at 2. It is text because most of it is
 * only ever carried on and compared: a document names each of its ancestors, and few of them ever come to a second number.
 */
export type Lineage = string | { [key: string]: number }
/** `[from, to, number]`, ordered, disjoint, both ends included. */
export type Range = [from: number, to: number, number: number]

/** One partition of a dataset at a number, as a lineage. */
export function lineageOf(place: { ordinal: number } | { key: string }, number: number): Lineage {
  return 'key' in place ? { [place.key]: number } : textOf([[place.ordinal, place.ordinal, number]])
}

/** The ranges a lineage's text stands for. */
export function rangesOf(text: string): Range[] {
  return text.split(',').map(part => {
    const [places, number = '1'] = part.split(':')
    const [from, to = from] = places!.split('..')
    return [Number(from), Number(to), Number(number)]
  })
}

const textOf = (ranges: readonly Range[]): string =>
  ranges.map(([from, to, number]) => `${from}${to === from ? '' : `..${to}`}${number === 1 ? '' : `:${number}`}`).join(',')

/** All of these together; where they disagree the highest number stands. A dataset that became keyed, or no longer is, has the keys. */
export function mergeLineages(lineages: readonly Lineage[]): Lineage {
  const first = lineages[0]!
  if (lineages.every(l => l === first)) return first
  const keyed = lineages.filter(l => typeof l !== 'string')
  if (keyed.length === 0) return textOf(mergeRanges([...new Set(lineages as string[])].flatMap(rangesOf)))
  const merged: { [key: string]: number } = {}
  for (const keys of keyed) for (const [key, number] of Object.entries(keys)) merged[key] = Math.max(merged[key] ?? 0, number)
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
  if (lineage === merged) return false
  if (typeof lineage !== 'string' || typeof merged !== 'string')
    return typeof lineage !== 'string' && typeof merged !== 'string' && Object.entries(lineage).some(([key, n]) => merged[key]! > n)
  // All at number 1 are consistent without looking.
  if (!merged.includes(':')) return false
  const all = rangesOf(merged)
  let at = 0
  for (const [from, to, number] of rangesOf(lineage)) {
    while (at < all.length && all[at]![1] < from) at++
    for (let i = at; i < all.length && all[i]![0] <= to; i++) if (all[i]![2] > number) return true
  }
  return false
}

/** The union of ancestries, and of each who in `views` is behind it. `views` are what the pinned versions bring. */
export function reconcile(views: readonly Ancestry[]): { merged: Ancestry; behind: boolean[] } {
  const merged: Ancestry = {}
  const differing = new Map<string, Lineage[]>()
  for (const view of views)
    for (const dataset in view) {
      const [lineage, first] = [view[dataset]!, merged[dataset]]
      if (first === undefined) merged[dataset] = lineage
      else if (first !== lineage) {
        const others = differing.get(dataset)
        if (others) others.push(lineage)
        else differing.set(dataset, [first, lineage])
      }
    }
  const behind = views.map(() => false)
  for (const [dataset, lineages] of differing) {
    const whole = mergeLineages(lineages)
    merged[dataset] = whole
    for (const [i, view] of views.entries()) if (dataset in view) behind[i] ||= isBehind(view[dataset]!, whole)
  }
  return { merged, behind }
}
