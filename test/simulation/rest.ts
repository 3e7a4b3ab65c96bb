import type { RunDoc } from '../../shared/core/run.ts'
import type { Slice } from './calendar.ts'
import type { Partition } from './history.ts'
import type { Oracle } from './oracle.ts'
import type { TaskView } from './view.ts'

const DAY_MS = 86_400_000

/** What is looked at once the world is at rest: everything that had to happen has, and what waits says why. */
export function checkRest(oracle: Oracle, now: number, since: number, feedLost: boolean): void {
  for (const contract of oracle.tasks.values())
    for (const slice of oracle.views.calendar(contract.output).slices) {
      if (oracle.failure) return
      if (!oracle.views.exists(contract.output, slice)) continue
      const p = oracle.partitions.get(`${contract.output}@${slice.key}`)
      if (oracle.views.timed(contract.output) && (slice.start > now || (slice.end < since - 14 * DAY_MS && !p))) continue
      checkRun(oracle, contract, slice, p, now)
    }
  for (const p of oracle.partitions.values()) checkTold(oracle, p, feedLost)
  for (const { doc } of oracle.requests.values())
    if (doc.phase === 'marking' && doc.tasks.every(t => oracle.tasks.has(t))) oracle.broken(3, `request ${doc.id} is still selecting`)
}

function checkRun(oracle: Oracle, contract: TaskView, slice: Slice, p: Partition | undefined, now: number): void {
  const doc = p?.doc
  const name = `${contract.task}@${slice.key}`
  if (doc?.state === undefined) {
    if (oracle.caused(contract, slice)) oracle.broken(3, `${name} was never made`)
    return
  }
  switch (doc.state) {
    case 'queued':
    case 'running':
    case 'held':
      return oracle.broken(3, `${name} is ${doc.state} at rest`)
    case 'waiting':
      return checkWaiting(oracle, contract, slice, doc, name, now)
    case 'succeeded':
    case 'failed': {
      const unheard = oracle.unheard(contract, slice, doc)
      if (unheard.length > 0) oracle.broken(3, `${name} is ${doc.state} and has not heard of ${unheard.map(u => `${u.name} (${u.policy})`).join(', ')}`)
      return
    }
    case 'cancelled':
      return
    default:
      return doc.state satisfies never
  }
}

function checkWaiting(oracle: Oracle, contract: TaskView, slice: Slice, doc: RunDoc, name: string, now: number): void {
  const judged = oracle.judge(contract, slice, now)
  if (judged.ready && !(doc.requests && awaitsUpstream(oracle, contract, slice, new Set()))) return oracle.broken(3, `${name} waits for nothing`)
  const said = [...new Set(doc.stale ?? [])].sort().join()
  if (doc.pending?.inputsHash === contract.inputsHash && said !== judged.stale.sort().join())
    oracle.broken(13, `${name} says it waits because of [${said}], and [${judged.stale.join()}] are behind`)
}

/** Whether something upstream of a requested run is not over. */
function awaitsUpstream(oracle: Oracle, contract: TaskView, slice: Slice, seen: Set<string>): boolean {
  return contract.inputs.some(input => {
    if (input.mapping.map === 'latest') return false
    const producer = [...oracle.tasks.values()].find(t => t.output === input.dataset)
    return (
      producer !== undefined &&
      oracle.views.needed(input, contract.output, slice).some(s => {
        const p = oracle.at(input.dataset, s.key)
        if (seen.has(p.name)) return false
        seen.add(p.name)
        return p.doc?.state === 'waiting' || awaitsUpstream(oracle, producer, s, seen)
      })
    )
  })
}

function checkTold(oracle: Oracle, p: Partition, feedLost: boolean): void {
  if (!feedLost) for (const { number } of p.versions) if (!p.announced.has(number)) oracle.broken(7, `version ${number} of ${p.name} was never announced`)
  if (p.doc?.state === 'failed' && oracle.tasks.has(p.doc.task!) && !p.alerts.has(p.doc.generation))
    oracle.broken(13, `generation ${p.doc.generation} of ${p.name} failed without an alert`)
  for (const [generation, alerts] of p.alerts) if (alerts < 1) oracle.broken(13, `${p.name} ${generation}`)
}
