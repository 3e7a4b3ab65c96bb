import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import { type RunDoc, type RunState, runName, type runStates } from '../shared/core/run.ts'
import { dayOfDate } from '../shared/core/zone.ts'
import type { PauseDoc } from '../shared/engine/keys.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { exits } from './exits.ts'
import { failureReason } from './failure-reason.ts'
import { instantText } from './measures.ts'
import { interrupted, nightStatus, runFacts } from './night-status.ts'
import { count, paint, say, table, toJson } from './output.ts'
import { findLedger, graphOf, isHeld, runsIn } from './session.ts'
import { stateOf } from './state-of.ts'
import { type Waits, waitsOf, waitsText } from './waits.ts'

export interface StatusOptions {
  state?: string
  night?: string
  json?: boolean
}

/** What a state folder holds: states by task, what waits for what, and everything that wants a person. Only reads. */
export async function status(root: string, options: StatusOptions): Promise<number> {
  if (options.night !== undefined && dayOfDate(options.night) === undefined)
    throw new RedeyeError('BAD_DATE', `"${options.night}" is no date`, { remedy: 'write a night’s date like 2001-02-14' })
  const folder = stateOf(root, options.state)
  const ledger = findLedger(folder)
  if (!ledger) {
    if (options.json) say(toJson({ state: folder, running: false, tasks: [] }, 2))
    else say(`Nothing has run yet: there is no ledger in ${folder}.\nStart with redeye demo, redeye night DATE or redeye dev.`)
    return exits.ok
  }
  try {
    const graph = await graphOf(ledger)
    const running = isHeld(folder)
    return await (options.night === undefined
      ? everything(ledger, graph, folder, running, options)
      : nightStatus(ledger, graph, options.night, running, options))
  } finally {
    ledger.close()
  }
}

interface TaskCounts {
  task: string
  counts: Partial<Record<RunState, number>>
  newest?: string
}

interface DeadLetter {
  at: number
  target: string
  reason: string
}

async function everything(ledger: SqliteLedger, graph: Graph, folder: string, running: boolean, { json }: StatusOptions): Promise<number> {
  const tasks = countsOf(ledger, graph)
  const open = runsIn(ledger, ['waiting', 'queued', 'running', 'held', 'failed'])
  const of = (state: RunState) => open.filter(d => d.state === state)
  const paused = (await ledger.query<PauseDoc>('pause')).filter(p => p.doc.paused).map(p => p.doc.task)
  const letters = deadLetters(ledger)
  if (json) {
    const runs = (state: RunState) => of(state).map(d => runFacts(graph, d))
    const states = {
      running: runs('running'),
      queued: runs('queued'),
      waiting: runs('waiting'),
      failed: runs('failed'),
      held: runs('held'),
    }
    say(toJson({ state: folder, running, tasks, runs: states, paused, deadLetters: letters }, 2))
    return exits.ok
  }
  say(`${paint('bold', folder)}  ${running ? paint('green', 'a runtime runs') : paint('dim', 'no runtime runs')}`)
  say()
  for (const line of taskTable(tasks)) say(line)
  section('Failed', of('failed'), d => `${nameOf(d)}  ${paint('red', failureReason(d))} ${paint('dim', d.error?.failure ?? '')}`)
  section('Held, until approved or cancelled', of('held'), nameOf)
  const isPaused = (doc: RunDoc) => paused.includes('all') || paused.includes(doc.task!)
  section('Running', of('running'), d => `${nameOf(d)}  ${paint('dim', sinceText(d))}`)
  section(
    'Queued',
    of('queued').filter(d => !d.error),
    d => `${nameOf(d)}  ${paint('dim', queuedText(d, paused, running))}`,
  )
  section(
    'To be tried again',
    of('queued').filter(d => d.error),
    d => `${nameOf(d)}  ${paint('dim', `${instantText(d.due ?? 0)}: ${failureReason(d)}`)}`,
  )
  sayWaiting(graph, of('waiting'))
  section('Paused', paused, task => (task === 'all' ? 'everything' : task))
  section('Could not be delivered', letters, l => `${instantText(l.at)}  ${l.target}  ${paint('red', l.reason)}`)
  if (!running && [...of('running'), ...of('queued')].some(doc => !isPaused(doc))) say(`\n${interrupted}`)
  return exits.ok
}

const nameOf = (doc: RunDoc) => runName(doc.task!, doc.partition)

function sinceText({ startedAt, attempt }: RunDoc): string {
  const since = startedAt === undefined ? '' : `since ${instantText(startedAt)}`
  return [since, attempt > 1 && `attempt ${attempt}`].filter(Boolean).join(', ')
}

/** What keeps a queued run from running. */
function queuedText({ task, due, refusedBy }: RunDoc, paused: readonly string[], running: boolean): string {
  const pause = ['all', task!].find(name => paused.includes(name))
  if (pause) return `paused; redeye resume ${pause}`
  if (due !== undefined && due > Date.now()) return `due at ${instantText(due)}`
  if (refusedBy !== undefined) return `no place at the limit of ${refusedBy.replace('/', ' ')}`
  return running ? 'about to run' : 'no runtime runs'
}

function countsOf(ledger: SqliteLedger, graph: Graph): TaskCounts[] {
  const rows = ledger
    .sql(
      `SELECT json_extract(doc, '$.task') AS task, json_extract(doc, '$.state') AS state, count(*) AS n,
        max(sk) FILTER (WHERE json_extract(doc, '$.state') = 'succeeded') AS newest
      FROM docs WHERE pk LIKE 'run/%' GROUP BY 1, 2`,
    )
    .all() as unknown as { task: string | null; state: RunState | null; n: number; newest: string | null }[]
  return graph.order().map(({ task }) => {
    const own = rows.filter(r => r.task === task && r.state !== null)
    const newest = own.find(r => r.newest !== null)?.newest
    return { task, counts: Object.fromEntries(own.map(r => [r.state, r.n])), ...(newest && { newest }) }
  })
}

function deadLetters(ledger: SqliteLedger): DeadLetter[] {
  // The table is the bus's, which a ledger that was only read has not met.
  if (!ledger.sql(`SELECT 1 FROM sqlite_master WHERE name = 'dead_letters'`).get()) return []
  return ledger
    .sql('SELECT at, target, reason FROM dead_letters ORDER BY seq')
    .all()
    .map(row => ({ ...row })) as unknown as DeadLetter[]
}

const colours = {
  succeeded: 'green',
  running: 'cyan',
  queued: 'cyan',
  waiting: 'dim',
  held: 'yellow',
  failed: 'red',
  cancelled: 'yellow',
} as const
// As a run goes, then how it ends.
const shown: readonly RunState[] = [
  'waiting',
  'queued',
  'running',
  'held',
  'succeeded',
  'failed',
  'cancelled',
] satisfies (typeof runStates)[number][]

function taskTable(tasks: readonly TaskCounts[]): string[] {
  const states = shown.filter(s => s === 'succeeded' || tasks.some(t => t.counts[s]))
  const columns = [{ title: 'task' }, ...states.map(title => ({ title, align: 'right' as const })), { title: 'newest' }]
  const rows = tasks.map(t => [
    t.task,
    ...states.map(s => (t.counts[s] ? paint(colours[s], t.counts[s]!.toLocaleString('en-US')) : paint('dim', '·'))),
    t.newest ?? '',
  ])
  return table(columns, rows)
}

// A page of each: who wants all asks for --json.
const LINES = 10

function section<T>(title: string, items: readonly T[], line: (item: T) => string): void {
  if (items.length === 0) return
  say(`\n${paint('bold', title)}`)
  for (const item of items.slice(0, LINES)) say(`  ${line(item)}`)
  if (items.length > LINES) say(paint('dim', `  and ${items.length - LINES} more (--json lists all)`))
}

/** Runs of a task that wait for the same come together: a window that tomorrow opens is one line. */
export function sayWaiting(graph: Graph, docs: readonly RunDoc[]): void {
  const now = Date.now()
  const groups = new Map<string, { docs: RunDoc[]; text: string }>()
  for (const doc of docs) {
    const waits: Waits = waitsOf(graph, doc, now)
    const text = waitsText(waits, doc.partition)
    const key = `${doc.task} ${waits.missing.map(m => m.dataset).join()} ${waits.stale.length > 0} ${waits.until ?? ''}`
    const group = groups.get(key)
    if (group) group.docs.push(doc)
    else groups.set(key, { docs: [doc], text })
  }
  section('Waiting', [...groups.values()], ({ docs: [first, ...more], text }) => {
    const last = more.at(-1)
    const name = last ? `${nameOf(first!)}..${last.partition} (${count(more.length + 1, 'run')})` : nameOf(first!)
    return `${name}  ${paint('dim', `for ${text}${last ? ', and so on' : ''}`)}`
  })
}
