import { relative } from 'node:path'
import { type Answer, answers, theNight } from '../demo/demo.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'
import { bytes, paint, say, table } from './output.ts'

const right = (title: string) => ({ title, align: 'right' as const })

/** What there is at the end of the demo: what was made, and what it answers, where there is a warehouse to ask because nothing failed. */
export async function epilogue(graph: Graph, ledger: SqliteLedger, warehouse: string | undefined): Promise<void> {
  say()
  say(paint('bold', 'What was made'))
  say()
  for (const line of made(graph, ledger)) say(line)
  if (warehouse === undefined)
    return say(`\n${paint('red', 'Some runs failed')}, so nothing is asked of the warehouse; redeye status says which, and why.`)
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
  say()
  say(paint('bold', 'Try next'))
  for (const [command, why] of steps) {
    say()
    say(paint('dim', `  # ${why}`))
    say(`  ${redeye} ${command}${command === 'graph' ? '' : where}`)
  }
  say()
  say(
    paint('dim', '  # another night: the first command keeps the APIs up, which end with the demo; the second goes into a second terminal'),
  )
  say(`  ${redeye} demo --serve${where}`)
  say(`  ${redeye} night 2001-03-01${where}`)
}
