import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters } from 'node:util'
import { type TrialProject, trialProject } from '../trial-project.ts'

const command = join(import.meta.dirname, '../../../cli/redeye.ts')
const owner = `owner: 'shop@example.com'`

const dataset = (name: string, variable: string, columns: string, partition = 'daily({ from: "2001-02-01" })', more = '') => `
import { daily, dataset, keys, monthly, receipts, unpartitioned, weekly } from 'redeye/task'
export const ${variable} = dataset('${name}', { partition: ${partition}, columns: ${columns}, description: 'of a shop', ${owner}, ${more} })
`

const orderColumns = `{ order_id: 'int', ordered_on: 'date', customer: 'string', cents: 'int' }`

/** A shop's night: orders from a database; their sum a day; the customers so far, from yesterday's; the week; prices come from outside. */
const files: Record<string, string> = {
  'datasets/index.ts': ['orders', 'day-totals', 'customers', 'week-totals', 'totals-loaded', 'prices', 'priced']
    .map(name => `export * from './${name}.ts'\n`)
    .join(''),
  'datasets/orders.ts': dataset('orders', 'orders', orderColumns, undefined, `key: ['order_id']`),
  'datasets/day-totals.ts': dataset('day_totals', 'dayTotals', `{ orders: 'int', cents: 'bigint' }`),
  'datasets/customers.ts': dataset('customers', 'customers', `{ customer: 'string', orders: 'int' }`, undefined, `key: ['customer']`),
  'datasets/week-totals.ts': dataset('week_totals', 'weekTotals', `{ days: 'int', cents: 'bigint' }`, 'weekly({ from: "2001-02-01" })'),
  'datasets/totals-loaded.ts': dataset('totals_loaded', 'totalsLoaded', 'receipts'),
  'datasets/prices.ts': dataset('prices', 'prices', `{ product: 'string', cents: 'int' }`, undefined, 'outside: true'),
  'datasets/priced.ts': dataset('priced', 'priced', `{ products: 'int' }`),
  'services/read-orders/task.ts': `import { sqlTable } from 'redeye/sources'
import { ingest } from 'redeye/task'
import { orders } from '#datasets'

export default ingest({
  source: sqlTable({ connection: 'SHOP_DB', table: 'orders', partitionColumn: 'ordered_on', key: ['order_id'] }),
  output: orders,
})
`,
  'services/sum-days/task.ts': `import { same, transform } from 'redeye/task'
import { dayTotals, orders } from '#datasets'

export default transform({ inputs: { orders: same(orders) }, output: dayTotals, sql: 'sum-days.sql' })
`,
  'services/sum-days/sum-days.sql': 'select cast(count(*) as int) as orders, sum(cents) as cents from orders\n',
  'services/list-customers/task.ts': `import { offset, same, transform } from 'redeye/task'
import { customers, orders } from '#datasets'

export default transform({ inputs: { before: offset(customers, -1), orders: same(orders) }, output: customers, sql: 'list-customers.sql' })
`,
  'services/list-customers/list-customers.sql': `select customer, cast(sum(orders) as int) as orders
from (select customer, orders from before union all select customer, 1 as orders from orders) as both
group by customer
`,
  'services/sum-weeks/task.ts': `import { overlapping, transform } from 'redeye/task'
import { dayTotals, weekTotals } from '#datasets'

export default transform({ inputs: { days: overlapping(dayTotals) }, output: weekTotals, sql: 'sum-weeks.sql' })
`,
  'services/sum-weeks/sum-weeks.sql': 'select cast(count(*) as int) as days, cast(sum(cents) as bigint) as cents from days\n',
  'services/load-totals/task.ts': `import { warehouse } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { dayTotals, totalsLoaded } from '#datasets'

export default load({ inputs: { totals: same(dayTotals) }, target: warehouse({ connection: 'SHOP_WAREHOUSE' }), output: totalsLoaded })
`,
  'services/count-prices/task.ts': `import { same, transform } from 'redeye/task'
import { priced, prices } from '#datasets'

export default transform({ inputs: { prices: same(prices, { onUpdate: 'hold' }) }, output: priced, sql: 'count-prices.sql' })
`,
  'services/count-prices/count-prices.sql': 'select cast(count(*) as int) as products from prices\n',
}

export interface Shop extends TrialProject {
  /** Starts the command, to be stopped or killed; what it prints is in `text`. */
  start(...args: string[]): Started
  /** The lines of a `--json` command. */
  lines(out: string): Record<string, unknown>[]
}

interface Started {
  child: ChildProcess
  text: { out: string; err: string }
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  /** Resolves when what it printed matches. */
  said(pattern: RegExp): Promise<void>
}

// A test that goes wrong leaves no process behind.
const started = new Set<ChildProcess>()
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** The shop's project with its database: `days` days of orders from 1 February 2001. */
export function shop(days = 14, more: Record<string, string> = {}): Shop {
  const project = trialProject({ ...files, ...more })
  const { folder } = project
  const db = new DatabaseSync(join(folder, 'shop.db'))
  db.exec('CREATE TABLE orders (order_id INTEGER PRIMARY KEY, ordered_on TEXT, customer TEXT, cents INTEGER)')
  const insert = db.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)')
  db.exec('BEGIN')
  for (let n = 0; n < days * 20; n++) {
    const date = new Date(Date.UTC(2001, 1, 1 + Math.floor(n / 20))).toISOString().slice(0, 10)
    insert.run(n, date, `c${(n * 7) % 31}`, (n * 137) % 1000)
  }
  db.exec('COMMIT')
  db.close()
  project.write(
    '.redeye/settings.json',
    JSON.stringify({ SHOP_DB: `sqlite:${join(folder, 'shop.db')}`, SHOP_WAREHOUSE: `duckdb:${join(folder, 'warehouse.duckdb')}` }),
  )
  return {
    ...project,
    start: (...args) => startRedeye(folder, args),
    lines: out =>
      out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>),
  }
}

/** Starts the command in a folder; `more` is added to the environment. */
export function startRedeye(cwd: string, args: string[], more: NodeJS.ProcessEnv = {}): Started {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '', ...more }
  delete env.FORCE_COLOR
  const child = spawn(process.execPath, [command, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.add(child)
  const text = { out: '', err: '' }
  const waiting: { pattern: RegExp; resolve: () => void }[] = []
  const heard = (to: 'out' | 'err') => (chunk: Buffer) => {
    text[to] += chunk
    for (const w of waiting) if (w.pattern.test(stripVTControlCharacters(text.out + text.err))) w.resolve()
  }
  child.stdout.on('data', heard('out'))
  child.stderr.on('data', heard('err'))
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      started.delete(child)
      resolve(code ?? signal!)
    })
  })
  const said = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      if (pattern.test(text.out + text.err)) return resolve()
      waiting.push({ pattern, resolve })
      void ended.then(code => reject(new Error(`it ended (${code}) without saying ${pattern}: ${text.out}${text.err}`)))
    })
  return { child, text, ended, said }
}

/** What a command printed with `--json`, as one value. */
export const parsed = <T>(out: string): T => JSON.parse(out) as T

/** Every run in a ledger: how it stands, and how often its partition has been published. */
export function runsIn(folder: string): { run: string; state: string; generation: number; published: number }[] {
  const db = new DatabaseSync(join(folder, '.redeye/ledger.db'), { readOnly: true })
  try {
    return db
      .prepare(
        `SELECT json_extract(doc, '$.task') || '@' || sk AS run, json_extract(doc, '$.state') AS state, json_extract(doc, '$.generation') AS generation,
          coalesce(json_extract(doc, '$.version.number'), 0) AS published
        FROM docs WHERE pk LIKE 'run/%' AND json_extract(doc, '$.task') IS NOT NULL ORDER BY 1`,
      )
      .all()
      .map(row => ({ ...row })) as unknown as ReturnType<typeof runsIn>
  } finally {
    db.close()
  }
}
