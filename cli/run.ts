import { randomUUID } from 'node:crypto'
import type { TaskContract } from '../shared/core/contract.ts'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import { endOf, isTimed, startOf } from '../shared/core/partition.ts'
import { readiness } from '../shared/core/readiness.ts'
import { type RunDoc, runName } from '../shared/core/run.ts'
import { type PauseDoc, pauseKey, requestKey, runKey } from '../shared/engine/keys.ts'
import { loadFacts, placeOf } from '../shared/engine/load.ts'
import { folderLake } from '../shared/local/lake.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { stateFolder } from '../shared/local/state.ts'
import { endedLine, endedRun, retryLine } from './ended-run.ts'
import { exits } from './exits.ts'
import { findTask, ordinalFor } from './find-names.ts'
import { soundProject } from './host.ts'
import { interruptible } from './interrupt.ts'
import { isWatched, type Live, live } from './live.ts'
import { instantText } from './measures.ts'
import { runRow } from './night-view.ts'
import { say, toJson } from './output.ts'
import { closeOpened, findLedger, memoryLedger, openSession, type Session } from './session.ts'
import { stateOf } from './state-of.ts'

export interface RunOptions {
  partition: string
  state?: string
  json?: boolean
}

/** Runs one task for one partition, its inputs as the ledger points to them; nothing follows from it. 1 when it fails or its inputs are not there. */
export async function run(root: string, task: string, options: RunOptions): Promise<number> {
  const { graph } = await soundProject(root)
  const contract = findTask(graph, task)
  const ordinal = ordinalFor(graph, contract.output, options.partition)
  refuseFuture(graph, contract, options.partition, ordinal)
  const obstacle = await obstacleTo(graph, contract, ordinal, options.partition, stateOf(root, options.state))
  if (obstacle) {
    if (options.json) say(toJson({ task, partition: options.partition, state: 'waiting', ...obstacle }))
    else say(`${runName(task, options.partition)} cannot run: ${obstacle.reason}`)
    return exits.no
  }
  return request(root, contract, options)
}

/** A partition that lies ahead would be left out of the request without a word. */
function refuseFuture(graph: Graph, contract: TaskContract, partition: string, ordinal: number): void {
  const output = graph.dataset(contract.output)!.partitioning
  if (!isTimed(output) || startOf(output, ordinal) <= Date.now()) return
  throw new RedeyeError('BAD_PARTITION', `${contract.output}@${partition} has not begun`, { remedy: 'name a partition of the past' })
}

interface Obstacle {
  reason: string
  missing: string[]
  stale: string[]
}

/** Why a run cannot start now; asked before anything is written. */
async function obstacleTo(
  graph: Graph,
  contract: TaskContract,
  ordinal: number,
  partition: string,
  folder: string,
): Promise<Obstacle | undefined> {
  const ledger = findLedger(folder) ?? memoryLedger()
  try {
    const paused = (await ledger.getMany<PauseDoc>([pauseKey('all'), pauseKey(contract.task)])).find(p => p?.doc.paused)?.doc.task
    if (paused) return { reason: `${paused} is paused; redeye resume ${paused} first`, missing: [], stale: [] }
    const doc = (await ledger.get<RunDoc>(runKey(contract.output, partition)))?.doc
    // One that is at work already has its inputs; it is joined.
    if (doc?.state === 'running' || doc?.state === 'queued') return undefined
    const place = placeOf(graph, contract.task, ordinal)
    if (contract.onNight && isTimed(place.output) && endOf(place.output, ordinal) > Date.now())
      return { reason: `its partition ends at ${instantText(endOf(place.output, ordinal))}`, missing: [], stale: [] }
    const facts = await loadFacts({ ledger, lake: folderLake(stateFolder(folder).lake) }, place, false)
    const judged = readiness(facts, place.output, ordinal, Date.now())
    if (judged.ready) return undefined
    const missing = judged.missing.map(m => `${m.dataset}@${m.partition}`)
    for (const { input, latest } of facts) if (input.mapping.map === 'latest' && !latest) missing.push(`${input.dataset}, any partition`)
    return { reason: reasonOf(missing, judged.stale), missing, stale: judged.stale }
  } finally {
    ledger.close()
  }
}

function reasonOf(missing: readonly string[], stale: readonly string[]): string {
  const listed = (names: readonly string[]) =>
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
  const parts = [
    missing.length > 0 && `it waits for ${listed(missing)}`,
    stale.length > 0 && `${listed(stale)} ${stale.length === 1 ? 'is' : 'are'} behind a newer version upstream`,
  ]
  return parts.filter(Boolean).join('; ')
}

async function request(root: string, { task, output: dataset }: TaskContract, options: RunOptions): Promise<number> {
  const { partition } = options
  const id = `run-${randomUUID()}`
  const shown = new RunShow(options)
  let opening: Promise<Session> | undefined
  const close = async (dying: boolean) => {
    shown.end()
    await closeOpened(opening, dying)
  }
  return interruptible(close, async () => {
    opening = openSession(root, {
      ...(options.state && { state: options.state }),
      watched: { dataset, partition },
      onRun: (before, after) => {
        if (after.dataset === dataset && after.partition === partition) shown.note(before, after)
      },
    })
    const session = await opening
    shown.graph = await session.graph()
    const wish = { id, tasks: [task], from: partition, to: partition, run: 'all', downstream: false, lane: 'manual' } as const
    await session.publish([{ type: 'RunRequested', detail: { ...wish, tasks: [task] } }])
    await session.settled(ledger => isServed(ledger, dataset, partition, id))
    shown.end()
    const refused = session.refusals()[0]
    if (refused) throw new RedeyeError('BAD_EVENT', refused)
    return shown.finish((await session.ledger.get<RunDoc>(runKey(dataset, partition)))!.doc)
  })
}

/** Whether a request has selected its runs, and this one is over. */
function isServed(ledger: SqliteLedger, dataset: string, partition: string, id: string): boolean {
  const one = (key: { pk: string; sk: string }, fact: string) =>
    ledger.sql(`SELECT 1 FROM docs WHERE pk = ? AND sk = ? AND ${fact}`).get(key.pk, key.sk) !== undefined
  const over = `state IS NULL AND instr(coalesce(json_extract(doc, '$.requests'), ''), '${id}') = 0`
  return one(requestKey(id), `json_extract(doc, '$.phase') <> 'marking'`) && one(runKey(dataset, partition), over)
}

/** The one run: live on a terminal, its retries and its end in lines else. */
class RunShow {
  graph: Graph | undefined
  readonly #options: { json?: boolean }
  #doc: RunDoc | undefined
  #live: Live | undefined
  #ended = false

  constructor(options: { json?: boolean }) {
    this.#options = options
  }

  note(before: RunDoc | undefined, after: RunDoc): void {
    this.#doc = after
    if (isWatched(this.#options) && this.graph && !this.#live && !this.#ended) this.#live = live(now => [this.#line(now)])
    const run = endedRun(before, after)
    if (run && this.#options.json) say(toJson(run))
    else if (!run && !this.#live && !this.#options.json) {
      const retry = retryLine(before, after)
      if (retry) say(retry)
    }
  }

  end(): void {
    this.#ended = true
    this.#live?.stop()
    this.#live = undefined
  }

  finish(doc: RunDoc): number {
    const run = endedRun(undefined, doc)
    if (run && !this.#options.json) say(endedLine(run))
    return doc.state === 'succeeded' ? exits.ok : exits.no
  }

  #line(now: number): string {
    if (this.#ended || !this.#doc) return ''
    const [mark, task, partition, state, , , time = ''] = runRow(this.graph!, this.#doc, now)
    return `${mark} ${task}@${partition}  ${state}  ${time}`
  }
}
