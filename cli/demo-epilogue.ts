import { relative } from 'node:path'
import { type Answer, answers, theNight } from '../demo/demo.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { bytes, paint, say, table } from './output.ts'

const right = (title: string) => ({ title, align: 'right' as const })

/** What there is at the end of the demo: what was made, what it answers, and what to try next. */
export async function epilogue(graph: Graph, ledger: SqliteLedger, warehouse: string): Promise<void> {
  say()
  say(paint('bold', 'What was made'))
  say()
  for (const line of made(graph, ledger)) say(line)
  for (const answer of await answers(warehouse, theNight)) {
    say()
    say(paint('bold', answer.question))
    say()
    for (const line of answerTable(answer)) say(line)
  }
}

interface Made {
  task: string
  runs: number
  rows: number
  bytes: number
}

/** A line a task over all its published partitions, and one for all together. */
function made(graph: Graph, ledger: SqliteLedger): string[] {
  const found = ledger
    .sql(
      `SELECT task, count(*) AS runs, sum(json_extract(doc, '$.version.rows')) AS rows, sum(json_extract(doc, '$.version.bytes')) AS bytes
      FROM docs WHERE pk LIKE 'run/%' AND task IS NOT NULL AND json_extract(doc, '$.version.number') > 0 GROUP BY task`,
    )
    .all() as unknown as Made[]
  const byTask = new Map(found.map(m => [m.task, m]))
  const rows = graph.order().flatMap(({ task, output }) => {
    const m = byTask.get(task)
    return m ? [[task, output, ...facts(m)]] : []
  })
  const sum = (pick: (m: Made) => number) => found.reduce((total, m) => total + pick(m), 0)
  const all = { task: '', runs: sum(m => m.runs), rows: sum(m => m.rows), bytes: sum(m => m.bytes) }
  rows.push([paint('bold', 'all'), '', ...facts(all).map(f => paint('bold', f))])
  return table([{ title: 'task' }, { title: 'dataset' }, right('partitions'), right('rows'), right('size')], rows)
}

const facts = (m: Made) => [m.runs.toLocaleString('en-US'), m.rows.toLocaleString('en-US'), bytes(m.bytes)]

function answerTable({ columns, rows }: Answer): string[] {
  const isNumber = (i: number) => rows.every(r => r[i] === null || (r[i] !== '' && !Number.isNaN(Number(r[i]))))
  return table(
    columns.map((title, i) => (isNumber(i) ? right(title.replaceAll('_', ' ')) : { title: title.replaceAll('_', ' ') })),
    rows.map(row => row.map(value => String(value ?? ''))),
  )
}

/** The commands to go on with; from elsewhere than the project they name it, and the state folder where it is not the usual one. */
export function nextSteps(root: string, state: string | undefined): void {
  const from = relative(process.cwd(), root)
  const redeye = ['npx redeye', from === '' ? '' : `-C ${from}`].filter(Boolean).join(' ')
  const where = state === undefined ? '' : ` --state ${state}`
  const steps: [string, string][] = [
    [`status --night ${theNight}`, 'how that night went'],
    ['graph', 'which task makes what of what'],
    [`show route_punctuality@${theNight}`, 'a dataset’s partition'],
    [`query "select route, flights from route_punctuality order by flights desc limit 5"`, 'SQL over everything there is'],
    [`logs flown-flights@${theNight}`, 'what an attempt said'],
    [`run route-punctuality --partition ${theNight}`, 'one task again, its inputs from the lake'],
    ['request flown-flights --from 2001-02-12 --to 2001-02-14 --run all --plan', 'what a replay would do'],
  ]
  const commands = steps.map(([command, why]) => [`  ${paint('dim', why)}`, `${redeye} ${command}${command === 'graph' ? '' : where}`])
  say()
  say(paint('bold', 'Try next'))
  say()
  for (const line of table([{ title: '' }, { title: '' }], commands).slice(1)) say(line)
  say()
  say(`The APIs of the demo end with it. For another night, ${redeye} demo --serve${where} keeps them up,`)
  say(`and in a second terminal ${redeye} night 2001-03-01${where} runs it.`)
}
