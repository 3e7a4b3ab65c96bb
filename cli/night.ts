import type { Graph } from '../shared/core/graph.ts'
import { overStates, type RunDoc } from '../shared/core/run.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { endedLine, endedRun, retryLine } from './ended-run.ts'
import { exits } from './exits.ts'
import { soundProject } from './host.ts'
import { interruptible } from './interrupt.ts'
import { isWatched, type Live, live } from './live.ts'
import { timeText } from './measures.ts'
import { refuseImpossibleNight } from './night-dates.ts'
import { datedPartitions, NightView } from './night-view.ts'
import { paint, say, toJson } from './output.ts'
import { closeOpened, openSession, type Session } from './session.ts'

export interface NightOptions {
  state?: string
  json?: boolean
}

/** Begins the night of a date, shows it until it is over, and says how it went: 1 when a run failed. */
export async function night(root: string, date: string, options: NightOptions): Promise<number> {
  refuseImpossibleNight((await soundProject(root)).graph, date, Date.now())
  let opening: Promise<Session> | undefined
  let show: NightShow | undefined
  // A runtime that finishes what an earlier one left may be quicker than what shows it.
  const early: [RunDoc | undefined, RunDoc][] = []
  const close = async (dying: boolean) => {
    show?.end()
    await closeOpened(opening, dying)
  }
  return interruptible(close, async () => {
    opening = openSession(root, {
      ...options,
      watched: { night: date },
      onRun: (before, after) => (show ? show.note(before, after) : early.push([before, after])),
    })
    const session = await opening
    if (!session.hosting && !options.json) say(paint('dim', 'a runtime runs on this state already: it does the work, and this shows it'))
    const graph = await session.graph()
    show = new NightShow(new NightView(graph, date), options)
    for (const doc of runsOfNight(session.ledger, graph, date)) show.view.note(doc)
    show.begin()
    for (const [before, after] of early) show.note(before, after)
    await session.publish([{ type: 'NightStarted', detail: { date } }])
    await session.settled(ledger => isNightOver(ledger, date))
    const told = show.finish()
    told.say()
    return told.exit
  })
}

/** Shows one night: live on a terminal, else a line for each run that ends. */
export class NightShow {
  readonly view: NightView
  readonly #options: { json?: boolean }
  #began = Date.now()
  #live: Live | undefined

  constructor(view: NightView, options: { json?: boolean }) {
    this.view = view
    this.#options = options
  }

  begin(): void {
    this.#began = Date.now()
    if (isWatched(this.#options)) this.#live = live(now => this.#frame(now))
    else if (!this.#options.json) say(`The night of ${this.view.date}`)
  }

  note(before: RunDoc | undefined, after: RunDoc): void {
    this.view.note(after)
    if (after.cause?.night !== this.view.date) return
    const ended = endedRun(before, after)
    const retry = retryLine(before, after)
    if (retry && !this.#live && !this.#options.json) say(`  ${retry}`)
    if (!ended) return
    if (this.#options.json) say(toJson(ended))
    else if (!this.#live) say(`  ${endedLine(ended)}`)
  }

  /** Ends the drawing; safe to call twice. */
  end(): void {
    this.#live?.stop()
    this.#live = undefined
  }

  /** Ends the show. The last word on the night, and the exit code it comes to. */
  finish(): { exit: number; say(): void } {
    const seconds = (Date.now() - this.#began) / 1000
    const { succeeded, failed } = this.view.tally()
    const wasLive = this.#live !== undefined
    this.end()
    if (!wasLive && !this.#options.json) say(`  ${this.view.summary()} ${paint('dim', `in ${timeText(seconds * 1000)}`)}`)
    return {
      exit: failed > 0 ? exits.no : exits.ok,
      say: () => {
        if (this.#options.json) say(toJson({ night: this.view.date, succeeded, failed, seconds }))
      },
    }
  }

  #frame(now: number): string[] {
    const title = `${paint('bold', `The night of ${this.view.date}`)}  ${paint('dim', timeText(now - this.#began))}`
    return [title, '', ...this.view.lines(now), '', this.view.summary()]
  }
}

/** The runs that a night led to, and those of the date's own partitions, as the ledger has them. */
export function runsOfNight(ledger: SqliteLedger, graph: Graph, date: string): RunDoc[] {
  const led = ledger.sql(`SELECT doc FROM docs WHERE pk LIKE 'run/%' AND json_extract(doc, '$.cause.night') = ?`).all(date)
  const one = ledger.sql('SELECT doc FROM docs WHERE pk = ? AND sk = ?')
  const own = graph.datasets.flatMap(({ dataset, partitioning }) =>
    datedPartitions(partitioning, date).flatMap(partition => one.all(`run/${dataset}`, partition)),
  )
  return ([...led, ...own] as { doc: string }[]).map(row => JSON.parse(row.doc) as RunDoc)
}

/**
 * Whether nothing of a night is under way: no run at work, or queued but for a pause, no change that is not announced,
 * no message. One statement, so that what passes from one table to the next is seen in one of them.
 */
export function isNightOver(ledger: SqliteLedger, date: string): boolean {
  const found = ledger
    .sql(
      `SELECT
        EXISTS (SELECT 1 FROM docs WHERE pk LIKE 'run/%' AND json_extract(doc, '$.cause.night') = ?1 AND (
          state = 'running' OR (state = 'queued' AND NOT EXISTS (
            SELECT 1 FROM docs AS p WHERE p.pk = 'pause' AND p.sk IN (docs.task, 'all') AND json_extract(p.doc, '$.paused'))))) AS runs,
        EXISTS (SELECT 1 FROM feed WHERE json_extract(after, '$.cause.night') = ?1) AS changes,
        EXISTS (SELECT 1 FROM messages WHERE instr(event, ?1)) AS messages`,
    )
    .get(date) as Record<'runs' | 'changes' | 'messages', number>
  return !found.runs && !found.changes && !found.messages
}

/** Whether a run is over. */
export const isOver = (doc: RunDoc | undefined): boolean => doc?.state !== undefined && overStates.includes(doc.state)
