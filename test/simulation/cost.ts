import type { Oracle } from './oracle.ts'

/** What the ledger was asked, sweeps and renewals left out: requests, and the items in them. */
export interface Asked {
  requests: number
  units: number
}

// What the dearest of a hundred thousand seeds took was 5.7 and 9.5: ten inputs that arrive at once are ten looks at all of them. A fault in
// the engine that asks without end, or for all where one would do, takes many times that.
const REQUESTS_A_CAUSE = 8
const UNITS_A_CAUSE = 10

/**
 * Invariant 14: what the ledger is asked is bounded by what there was to do. A cause is something that people or schedules did, a
 * run, an attempt, a place it held, a selection by a request, a partition that a request names, an input that it pinned, and a version that arrived at a run.
 */
export function checkCost(oracle: Oracle, asked: Asked, steps: number): void {
  const causes = steps + oracle.tasks.size + oracle.attempts + oracle.placed + oracle.pinnable + causesAtRuns(oracle) + namedIn(oracle)
  if (asked.requests > REQUESTS_A_CAUSE * causes || asked.units > UNITS_A_CAUSE * causes)
    oracle.broken(14, `the ledger was asked ${asked.requests} times for ${asked.units} documents, and there was cause for ${causes}`)
}

/** The partitions that a request names: each is read, to know whether it is selected, and one that began later made it select again. */
function namedIn(oracle: Oracle): number {
  let named = 0
  for (const { doc } of oracle.requests.values())
    for (const task of doc.tasks) {
      const { output } = oracle.tasks.get(task) ?? {}
      if (output === undefined || !oracle.views.timed(output)) continue
      for (const slice of oracle.views.range(output, doc.from, doc.to)) if (slice.start <= doc.upTo) named++
    }
  return named
}

function causesAtRuns(oracle: Oracle): number {
  let causes = 0
  for (const p of oracle.partitions.values()) {
    causes += p.selectedEver.size
    const contract = p.doc?.task === undefined ? undefined : oracle.tasks.get(p.doc.task)
    if (!contract) continue
    causes++
    const slice = oracle.views.slice(p.dataset, p.key)
    // What comes first as the latest starts whatever waits for it, so a version of it concerns every run.
    const concerns = contract.inputs.map(input =>
      input.mapping.map === 'latest' ? oracle.views.calendar(input.dataset).slices : oracle.views.needed(input, p.dataset, slice),
    )
    // A run that waits for some of an input only may be ready at each that comes after, and so all it needs is read again.
    const inAll = Math.max(1, concerns.flat().length / UNITS_A_CAUSE)
    for (const [i, input] of contract.inputs.entries())
      for (const s of concerns[i]!)
        causes += (input.wait === 'all' ? 1 : inAll) * (oracle.partitions.get(`${input.dataset}@${s.key}`)?.versions.length ?? 0)
  }
  return causes
}
