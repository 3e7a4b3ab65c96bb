import { stripVTControlCharacters } from 'node:util'
import type { TaskContract } from '../shared/core/contract.ts'
import type { Graph } from '../shared/core/graph.ts'
import { nightOrdinals } from '../shared/core/night.ts'
import { isTimed, keyOf, ordinalAt, type Partitioning } from '../shared/core/partition.ts'
import type { RunDoc } from '../shared/core/run.ts'
import { dayOfDate, startOfDay } from '../shared/core/zone.ts'
import { failureReason } from './failure-reason.ts'
import { timeText } from './measures.ts'
import { bytes, count, paint, table } from './output.ts'
import { spinner } from './spinner.ts'
import { waitsOf, waitsText } from './waits.ts'

/** What is known of a night's runs, and how it is shown: a line a task. */
export class NightView {
  readonly date: string
  readonly #graph: Graph
  readonly #runs = new Map<string, Map<string, RunDoc>>()

  constructor(graph: Graph, date: string) {
    this.date = date
    this.#graph = graph
  }

  /** Takes note of a run: one that the night led to, or that has made the date's own data since, on whose wish ever. */
  note(doc: RunDoc): void {
    if (doc.task === undefined || !this.#concerns(doc)) return
    const runs = this.#runs.get(doc.task) ?? new Map<string, RunDoc>()
    this.#runs.set(doc.task, runs.set(doc.partition, doc))
  }

  #concerns(doc: RunDoc): boolean {
    if (doc.cause?.night === this.date || this.#runs.get(doc.task!)?.has(doc.partition)) return true
    return datedPartitions(this.#graph.dataset(doc.dataset)!.partitioning, this.date).includes(doc.partition)
  }

  /** The night's runs that are over or at work, and of those that wait the ones of its own date. */
  runs(): RunDoc[] {
    return this.#graph.order().flatMap(task => this.#shown(task))
  }

  tally(): Record<'succeeded' | 'failed' | 'waiting' | 'open', number> {
    const runs = this.runs()
    const of = (...states: string[]) => runs.filter(r => states.includes(r.state!)).length
    return { succeeded: of('succeeded'), failed: of('failed'), waiting: of('waiting', 'held'), open: of('running', 'queued') }
  }

  /** The table as it stands, a line a task. */
  lines(now: number, absent = 'not yet'): string[] {
    return tableWithNotes(this.#graph.order().map(task => this.#row(task, now, absent)))
  }

  summary(): string {
    const { succeeded, failed, waiting, open } = this.tally()
    const parts = [
      paint('green', `${succeeded} succeeded`),
      failed && paint('red', `${failed} failed`),
      open && paint('cyan', `${open} at work`),
      waiting && paint('dim', `${waiting} waiting`),
    ]
    return parts.filter(Boolean).join(paint('dim', ' · '))
  }

  #shown(task: TaskContract): RunDoc[] {
    const runs = [...(this.#runs.get(task.task)?.values() ?? [])]
    const own = ownPartitions(this.#graph.dataset(task.output)!.partitioning, this.date)
    return runs.filter(r => r.state !== 'waiting' || own.has(r.partition)).sort((a, b) => (a.partition < b.partition ? -1 : 1))
  }

  #row(task: TaskContract, now: number, absent: string): string[] {
    const runs = this.#shown(task)
    if (runs.length === 0) return [paint('dim', '·'), paint('dim', task.task), '', paint('dim', absent)]
    if (runs.length === 1) return runRow(this.#graph, runs[0]!, now)
    return severalRow(task.task, runs)
  }
}

/** Rows of seven cells make the columns; a row of four ends in a note, which may run on under what is empty there. */
function tableWithNotes(rows: readonly string[][]): string[] {
  const columns = [
    { title: ' ' },
    { title: 'task' },
    { title: 'partition' },
    { title: 'state' },
    right('rows'),
    right('size'),
    right('time'),
  ]
  const lines = table(
    columns,
    rows.map(row => (row.length === columns.length ? row : row.slice(0, 3))),
  )
  const start = 2 + columns.slice(0, 3).reduce((sum, c, i) => sum + 2 + Math.max(width(c.title), ...rows.map(r => width(r[i]!))), -2)
  return lines.map((line, i) => {
    const row = rows[i - 1]
    return row === undefined || row.length === columns.length ? line : `${line}${' '.repeat(start - width(line))}${row[3]}`
  })
}

const width = (text: string) => [...stripVTControlCharacters(text)].length

const right = (title: string) => ({ title, align: 'right' as const })

/** The partitions that are the date's own: the day, or its hours. Weeks, months and keys are of several dates. */
export function datedPartitions(p: Partitioning, date: string): string[] {
  return p.grain === 'daily' || p.grain === 'hourly' ? nightOrdinals(p, date).map(o => keyOf(p, o)) : []
}

/** The partitions that a date falls into, or that begin on it. */
function ownPartitions(p: Partitioning, date: string): Set<string> {
  if (!isTimed(p) || p.grain === 'hourly') return new Set(nightOrdinals(p, date).map(o => keyOf(p, o)))
  return new Set([keyOf(p, ordinalAt(p, startOfDay(p.timezone, dayOfDate(date)!)))])
}

/** A run as cells: mark, task, partition, state, rows, size, time; or only four, the last one a note on what it waits for or why it failed. */
export function runRow(graph: Graph, doc: RunDoc, now: number): string[] {
  const name = [doc.task!, doc.partition]
  const state = doc.state!
  switch (state) {
    case 'succeeded': {
      const { rows, bytes: size } = doc.version!
      const again = doc.attempt > 1 ? paint('dim', ` (attempt ${doc.attempt})`) : ''
      const took = doc.startedAt === undefined || doc.endedAt === undefined ? '' : timeText(doc.endedAt - doc.startedAt)
      return [paint('green', '✓'), ...name, `succeeded${again}`, rows.toLocaleString('en-US'), bytes(size), took]
    }
    case 'running':
      return [spinner(now), ...name, paint('cyan', 'running'), '', '', timeText(now - doc.startedAt!)]
    case 'queued':
      if (doc.error && doc.due !== undefined)
        return [paint('yellow', '↻'), ...name, paint('yellow', `again in ${timeText(doc.due - now)}: ${failureReason(doc)}`)]
      return [paint('dim', '○'), ...name, paint('dim', 'queued')]
    case 'waiting':
      return [paint('dim', '○'), ...name, paint('dim', `waits for ${waitsText(waitsOf(graph, doc, now), doc.partition)}`)]
    case 'held':
      return [paint('yellow', '!'), ...name, paint('yellow', 'held: approve or cancel it')]
    case 'failed':
      return [paint('red', '✗'), ...name, paint('red', `failed: ${failureReason(doc)}`)]
    case 'cancelled':
      return [paint('yellow', '–'), ...name, 'cancelled']
    default:
      return state satisfies never
  }
}

function severalRow(task: string, runs: readonly RunDoc[]): string[] {
  const of = (state: string) => runs.filter(r => r.state === state)
  const done = of('succeeded')
  const sum = (pick: (r: RunDoc) => number) => done.reduce((total, r) => total + pick(r), 0)
  const failed = of('failed').length
  const mark = failed > 0 ? paint('red', '✗') : done.length === runs.length ? paint('green', '✓') : paint('cyan', '●')
  const others = (['running', 'queued', 'waiting', 'held', 'failed', 'cancelled'] as const).flatMap(s =>
    of(s).length > 0 ? `${of(s).length} ${s}` : [],
  )
  const state = [`${done.length} of ${count(runs.length, 'run')}`, ...others].join(', ')
  return [
    mark,
    task,
    `${runs[0]!.partition} …`,
    state,
    sum(r => r.version!.rows).toLocaleString('en-US'),
    bytes(sum(r => r.version!.bytes)),
    timeText(sum(r => (r.endedAt ?? 0) - (r.startedAt ?? 0))),
  ]
}
