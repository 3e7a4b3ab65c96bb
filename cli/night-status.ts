import type { Graph } from '../shared/core/graph.ts'
import type { RunDoc } from '../shared/core/run.ts'
import type { NightDoc } from '../shared/engine/keys.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { exits } from './exits.ts'
import { instantText } from './measures.ts'
import { runsOfNight } from './night.ts'
import { NightView } from './night-view.ts'
import { paint, say, toJson } from './output.ts'
import { waitsOf } from './waits.ts'

/** One night as the ledger has it, a line a task. */
export async function nightStatus(
  ledger: SqliteLedger,
  graph: Graph,
  date: string,
  running: boolean,
  { json }: { json?: boolean },
): Promise<number> {
  const began = await ledger.get<NightDoc>({ pk: 'night', sk: date })
  const view = new NightView(graph, date)
  for (const doc of runsOfNight(ledger, graph, date)) view.note(doc)
  if (json) {
    say(toJson({ night: date, began: began?.doc.at ?? null, running, ...view.tally(), runs: view.runs().map(d => runFacts(graph, d)) }, 2))
    return exits.ok
  }
  if (!began) say(`The night of ${date} has not begun; redeye night ${date} begins it.`)
  else {
    say(`${paint('bold', `The night of ${date}`)}  ${paint('dim', `begun ${instantText(began.doc.at)}`)}`)
    say()
    for (const line of view.lines(Date.now(), 'no run')) say(line)
    say()
    say(view.summary())
    if (!running && view.tally().open > 0) say(interrupted)
  }
  return exits.ok
}

/** What is under way, and nobody there to do it. */
export const interrupted = paint('yellow', 'No runtime runs; the next one (redeye dev, redeye night DATE) goes on at once.')

/** One run for machines. */
export function runFacts(graph: Graph, doc: RunDoc) {
  const { task, partition, generation, attempt, state, version, startedAt, endedAt, due, error } = doc
  const made = state === 'succeeded' && { rows: version!.rows, bytes: version!.bytes }
  const took = startedAt !== undefined && endedAt !== undefined && { seconds: Math.max(0, endedAt - startedAt) / 1000 }
  const waits = state === 'waiting' && { waits: waitsOf(graph, doc, Date.now()) }
  return { task, partition, generation, attempt, state, ...made, ...took, ...waits, due, error: state === 'succeeded' ? undefined : error }
}
