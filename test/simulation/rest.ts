import type { RunDoc } from '../../shared/core/run.ts'
import type { Slice } from './calendar.ts'
import type { Partition } from './history.ts'
import type { Oracle } from './oracle.ts'
import type { TaskView } from './view.ts'

const DAY_MS = 86_400_000

/** What is looked at once the world is at rest: everything that had to happen has, and what waits says why. */
export function checkRest(oracle: Oracle, now: number, since: number, sweptAt: number | undefined, feedLost: boolean): void {
  // What was to be looked at when it begins may have been lost on the way; then it is the next sweep's to find.
  const begun = sweptAt ?? now
  for (const contract of oracle.tasks.values())
    for (const slice of oracle.views.calendar(contract.output).slices) {
      if (oracle.failure) return
      if (!oracle.views.exists(contract.output, slice)) continue
      const p = oracle.partitions.get(`${contract.output}@${slice.key}`)
      if (oracle.views.timed(contract.output) && (slice.start > begun || (slice.end < since - 14 * DAY_MS && !p))) continue
      checkRun(oracle, contract, slice, p, now, sweptAt !== undefined)
    }
  for (const p of oracle.partitions.values()) checkTold(oracle, p, feedLost)
  for (const { doc } of oracle.requests.values())
    if (doc.phase === 'marking' && doc.tasks.every(t => oracle.tasks.has(t))) oracle.broken(3, `request ${doc.id} is still selecting`)
}

function checkRun(oracle: Oracle, contract: TaskView, slice: Slice, p: Partition | undefined, now: number, swept: boolean): void {
  const doc = p?.doc
  const name = `${contract.task}@${slice.key}`
  if (p === undefined || doc?.state === undefined) {
    if (oracle.caused(contract, slice)) oracle.broken(3, `${name} was never made`)
    return
  }
  switch (doc.state) {
    case 'queued':
    case 'running':
    case 'held':
      oracle.broken(3, `${name} is ${doc.state} at rest`)
      return
    case 'waiting':
      checkWaiting(oracle, contract, slice, doc, name, now, swept)
      return
    case 'succeeded':
    case 'failed': {
      const unheard = oracle.unheard(contract, slice, doc)
      if (unheard.length > 0)
        oracle.broken(3, `${name} is ${doc.state} and has not heard of ${unheard.map(u => `${u.name} (${u.policy})`).join(', ')}`)
      const owed = oracle.owed(contract, slice, p)
      if (owed.length > 0) oracle.broken(3, `${name} is ${doc.state}, and what it is named with made ${owed.join(', ')} for it`)
      return
    }
    case 'cancelled':
      return
    default:
      doc.state satisfies never
      return
  }
}

function checkWaiting(oracle: Oracle, contract: TaskView, slice: Slice, doc: RunDoc, name: string, now: number, swept: boolean): void {
  const judged = oracle.judge(contract, slice, now)
  const named = doc.named?.some(id => oracle.requests.get(id)!.doc.phase !== 'ended') ?? false
  const awaits = (doc.requests !== undefined || named) && awaitsOthers(oracle, contract, slice)
  if (judged.ready && !awaits) {
    oracle.broken(3, `${name} waits for nothing`)
    return
  }
  const said = [...new Set(doc.stale ?? [])].sort().join()
  // What else is missing is news enough until the sweep looks.
  const looked = swept || (judged.why.length === 1 && !awaits)
  if (looked && doc.pending?.inputsHash === contract.inputsHash && said !== judged.stale.sort().join())
    oracle.broken(13, `${name} says it waits because of [${said}], and [${judged.stale.join()}] are behind`)
}

/** Whether something that a requested run takes, or would take as the latest, is not over. */
function awaitsOthers(oracle: Oracle, contract: TaskView, slice: Slice): boolean {
  const isToCome = ({ doc }: Partition) => doc?.state === 'waiting' && doc.requests !== undefined && !doc.skipped
  return (
    contract.inputs.some(i => i.mapping.map === 'latest' && oracle.toBeLatest(i.dataset).some(isToCome)) ||
    awaitsUpstream(oracle, contract, slice, new Set())
  )
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
  if (!feedLost)
    for (const { number } of p.versions)
      if (!p.announced.has(number)) oracle.broken(7, `version ${number} of ${p.name} was never announced`)
  if (p.doc?.state === 'failed' && oracle.tasks.has(p.doc.task!) && !p.alerts.has(p.doc.generation))
    oracle.broken(13, `generation ${p.doc.generation} of ${p.name} failed without an alert`)
  for (const [generation, alerts] of p.alerts) if (alerts < 1) oracle.broken(13, `${p.name} ${generation}`)
}

/** After a replay: what has run anew is reached from it, or from what time made new meanwhile. */
export function checkCone(oracle: Oracle, before: ReadonlyMap<string, RunDoc>, replayed: string): void {
  const fresh = new Set([...oracle.partitions.values()].filter(p => p.current && !before.get(p.name)?.version).map(p => p.name))
  const anew = coneOf(oracle, fresh)
  // What was asked for before and waits still may go on now by a way that is no cone's: the latest, or what is ignored later.
  const asked = [...before].flatMap(([name, doc]) => (doc.state === 'waiting' && doc.requests ? [name] : []))
  const reached = coneOf(oracle, new Set([...anew, ...asked, replayed]))
  for (const p of oracle.partitions.values()) {
    const was = before.get(p.name)
    if (was && p.doc!.generation > was.generation && was.generation > 0 && !reached.has(p.name))
      oracle.broken(12, `${p.name} ran anew when ${replayed} was replayed`)
  }
  const { doc } = oracle.partitions.get(replayed)!
  const was = before.get(replayed)!
  const contract = oracle.tasks.get(was.task!)!
  const slice = oracle.views.slice(was.dataset, was.partition)
  // It waits for requested runs upstream, also for another request's.
  if (doc!.state === 'waiting' && awaitsOthers(oracle, contract, slice)) return
  const ran = doc!.generation - was.generation
  if (oracle.judge(contract, slice, Number.POSITIVE_INFINITY).ready && (anew.has(replayed) ? ran < 1 : ran !== 1))
    oracle.broken(12, `${replayed} ran ${ran} times when it was replayed`)
}

/** These, and all that reads them, however far away. */
function coneOf(oracle: Oracle, of: ReadonlySet<string>): Set<string> {
  const cone = new Set(of)
  for (const name of cone) for (const reader of readersOf(oracle, name)) cone.add(reader)
  return cone
}

function readersOf(oracle: Oracle, name: string): string[] {
  const at = name.indexOf('@')
  const [dataset, key] = [name.slice(0, at), name.slice(at + 1)]
  return [...oracle.partitions.values()].flatMap(p => {
    const contract = p.doc?.task === undefined ? undefined : oracle.tasks.get(p.doc.task)
    const takes = contract?.inputs.some(
      i =>
        i.dataset === dataset &&
        i.mapping.map !== 'latest' &&
        i.onUpdate !== 'ignore' &&
        oracle.views.needed(i, p.dataset, oracle.views.slice(p.dataset, p.key)).some(s => s.key === key),
    )
    return takes ? [p.name] : []
  })
}

/** Where nothing fails nothing is lost, and no run has failed. */
export function checkUnharmed(oracle: Oracle): void {
  for (const p of oracle.partitions.values())
    for (const [failure, count] of Object.entries(p.ended)) {
      // An attempt on the inputs of before is not begun by the code of now.
      const outdated = failure === 'transient' && oracle.rewired.has(p.doc?.task ?? '')
      if (failure !== 'timeout' && !outdated && count > 0)
        oracle.broken(3, `an attempt of ${p.name} ended ${failure}, and nothing had failed`)
    }
}

/** A request that runs all has selected every run of its range that had begun when it came. */
export function checkRequests(oracle: Oracle): void {
  for (const { doc } of oracle.requests.values()) {
    if (doc.run !== 'all' || doc.tasks.some(t => !oracle.tasks.has(t))) continue
    for (const task of doc.tasks) {
      const { output } = oracle.tasks.get(task)!
      for (const slice of oracle.views.range(output, doc.from, doc.to))
        if (slice.start <= doc.at && oracle.views.exists(output, slice) && !oracle.at(output, slice.key).selectedEver.has(doc.id))
          oracle.broken(3, `request ${doc.id} did not select ${task}@${slice.key}`)
    }
  }
}
