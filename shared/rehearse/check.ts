import { ordinalOf } from '../core/partition.ts'
import { pinnedNumber, readiness } from '../core/readiness.ts'
import type { RunDoc } from '../core/run.ts'
import { runKey } from '../engine/keys.ts'
import { loadFacts, placeOf } from '../engine/load.ts'
import type { StoryHost } from './host.ts'
import { nameOf, StoryFailure } from './player.ts'
import type { Expectation, ExpectationKey, PartitionName, RunName } from './story.ts'

// Enough to see what led to a state, little enough to read.
const HISTORY_LINES = 25
// A forked world is followed this far: longer than any chain of optional times and retries, and than the year whose first day a partition may wait for.
const QUIET_MS = 800 * 86_400_000
const QUIET_MOMENTS = 2000

/** Compares a world with what a story expects of it; throws a StoryFailure with expected, actual and history. */
export async function checkExpectation(host: StoryHost, line: number, expect: Expectation): Promise<void> {
  const fail = (key: ExpectationKey, subject: readonly string[], expected: string, actual: string): never => {
    const history = host.timeline.of(subject, HISTORY_LINES)
    const lines = [
      `${key} does not hold`,
      `  expected: ${expected}`,
      `  actual:   ${actual}`,
      ...(history.length > 0 ? ['  history:', ...history.map(h => `  ${h}`)] : []),
    ]
    throw new StoryFailure(expect.lines[key] ?? line, lines.join('\n'))
  }
  const same = (key: ExpectationKey, subject: readonly string[], expected: unknown, actual: unknown) => {
    if (JSON.stringify(expected) !== JSON.stringify(actual)) fail(key, subject, show(expected), show(actual))
  }
  const doc = async (run: PartitionName) => (await host.ledger.get<RunDoc>(runKey(run.dataset, run.partition)))?.doc

  if (expect.started || expect.inOrder) {
    const started = host.seen.started
    if (expect.started) {
      const expected = expect.started.flatMap(({ run, times }) => Array<string>(times).fill(nameOf(run)))
      const differ = difference(expected, started)
      if (differ.length > 0) fail('started', differ, show(counted(expected)), show(counted(started)))
    }
    if (expect.inOrder) checkOrder(expect.inOrder.map(nameOf), started, fail)
    if (expect.started) host.seen.started = []
  }
  for (const { run, state } of expect.state ?? [])
    same('state', [nameOf(run)], `${nameOf(run)} ${state}`, `${nameOf(run)} ${(await doc(run))?.state ?? 'absent'}`)
  for (const { run, partitions } of expect.missing ?? [])
    same('missing', [nameOf(run)], asSet(partitions.map(nameOfPartition)), (await waitsFor(host, run)).missing)
  for (const { run, partitions } of expect.stale ?? [])
    same('stale', [nameOf(run)], asSet(partitions.map(nameOfPartition)), (await waitsFor(host, run)).stale)
  for (const { run, pins } of expect.inputs ?? [])
    for (const { partition, number } of pins)
      same(
        'inputs',
        [nameOf(run)],
        `${nameOfPartition(partition)}: ${number}`,
        `${nameOfPartition(partition)}: ${pinned(host, await doc(run), run, partition)}`,
      )
  for (const { run, count } of expect.generation ?? [])
    same('generation', [nameOf(run)], `${nameOf(run)} ${count}`, `${nameOf(run)} ${(await doc(run))?.generation ?? 0}`)
  for (const { run, count } of expect.attempts ?? [])
    same('attempts', [nameOf(run)], `${nameOf(run)} ${count}`, `${nameOf(run)} ${(await doc(run))?.attempt ?? 0}`)
  for (const active of expect.active ?? []) {
    const running = await runningDocs(host)
    const what = 'task' in active ? active.task : active.lane
    const count = running.filter(d => ('task' in active ? d.task === active.task : d.cause?.lane === active.lane)).length
    same('active', [], `${what} ${active.count}`, `${what} ${count}`)
  }
  for (const { partition, count } of expect.published ?? [])
    same(
      'published',
      [nameOfPartition(partition)],
      `${nameOfPartition(partition)} ${count}`,
      `${nameOfPartition(partition)} ${(await doc(partition))?.version?.number ?? 0}`,
    )
  if (expect.alerts) {
    same('alerts', expect.alerts.map(nameOf), asSet(expect.alerts.map(nameOf)), asSet(host.seen.alerts))
    host.seen.alerts = []
  }
  if (expect.quiet) await checkQuiet(host, fail)
}

const nameOfPartition = (p: PartitionName) => `${p.dataset}@${p.partition}`
const show = (value: unknown) =>
  typeof value === 'string' ? value : Array.isArray(value) ? (value.length === 0 ? 'nothing' : value.join(', ')) : JSON.stringify(value)

function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, n]) => (n === 1 ? name : `${name} x${n}`)).sort()
}

/** The names that stand more often on one side than on the other. */
function difference(a: readonly string[], b: readonly string[]): string[] {
  const count = (list: readonly string[], name: string) => list.filter(n => n === name).length
  return [...new Set([...a, ...b])].filter(name => count(a, name) !== count(b, name))
}

function checkOrder(
  expected: readonly string[],
  started: readonly string[],
  fail: (key: ExpectationKey, subject: readonly string[], e: string, a: string) => never,
): void {
  let at = 0
  for (const name of expected) {
    const found = started.indexOf(name, at)
    if (found < 0) fail('inOrder', expected, show(expected), show(started.filter(s => expected.includes(s))))
    at = found + 1
  }
}

const asSet = (names: readonly string[]) => [...new Set(names)].sort()

async function waitsFor(host: StoryHost, run: RunName): Promise<{ missing: string[]; stale: string[] }> {
  const doc = (await host.ledger.get<RunDoc>(runKey(run.dataset, run.partition)))?.doc
  if (doc?.state !== 'waiting') return { missing: [], stale: [] }
  const { output } = placeOf(host.graph, run.task, 0)
  const place = placeOf(host.graph, run.task, ordinalOf(output, run.partition)!)
  const judged = readiness(await loadFacts(host.world, place, false), output, place.ordinal, host.now)
  return { missing: asSet(judged.missing.map(nameOfPartition)), stale: asSet(judged.stale) }
}

function pinned(host: StoryHost, doc: RunDoc | undefined, run: RunName, partition: PartitionName): number {
  const { contract, inputs } = placeOf(host.graph, run.task, 0)
  const numbers = contract.inputs.map((input, i) =>
    input.dataset === partition.dataset ? pinnedNumber(doc?.pins?.inputs[i], ordinalOf(inputs[i]!, partition.partition)!) : 0,
  )
  return Math.max(0, ...numbers)
}

async function runningDocs(host: StoryHost): Promise<RunDoc[]> {
  const keys = (await Promise.all(host.graph.tasks.map(t => host.ledger.runsInState(t.task, ['running'])))).flat()
  return (await host.ledger.getMany<RunDoc>(keys)).flatMap(s => (s ? [s.doc] : []))
}

/** Follows a twin of the world as far as anything may come of the clock, and of the sweep. */
async function checkQuiet(
  host: StoryHost,
  fail: (key: ExpectationKey, subject: readonly string[], e: string, a: string) => never,
): Promise<void> {
  const twin = await host.fork()
  const before = twin.happened
  await twin.sweep()
  const end = host.now + QUIET_MS
  for (let moments = 0; twin.happened === before && moments < QUIET_MOMENTS; moments++) {
    const next = await twin.nextMoment()
    if (next === undefined || next > end) break
    await twin.advance(next)
  }
  if (twin.happened === before) await twin.sweep()
  if (twin.happened === before) await twin.advance(twin.now + 3 * 3_600_000)
  if (twin.happened !== before) fail('quiet', [], 'nothing more happens', `something does:\n${twin.timeline.of([], 5).join('\n')}`)
}
