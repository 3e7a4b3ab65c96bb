import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { jest } from '@jest/globals'

// Every test starts processes, and a machine at work on other things starts them slowly.
jest.setTimeout(60_000)

const root = join(import.meta.dirname, '../..')

interface Ended {
  exit: number
  out: string
  err: string
}

export interface TrialProject {
  folder: string
  /** Runs the real command in the project, as a user would. */
  redeye(...args: string[]): Promise<Ended>
  /** Runs it with answers typed in. */
  redeyeWith(input: string, ...args: string[]): Promise<Ended>
  /** Runs it in one process with others of the suite, whose start is most of what a command takes: there a module is read but once. */
  served(...args: string[]): Promise<Ended>
  write(file: string, text: string): void
}

const made: string[] = []
afterAll(() => {
  server?.kill()
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

const handler = `import { lambda } from 'redeye/lambda'
import task from './task.ts'
export const { decide, work } = lambda(task)
`

const serverless = (service: string) => `service: ${service}
provider: { name: aws }
plugins: [redeye/deploy]
`

/**
 * A company's own repository in a folder of its own: these files, a handler beside every task, with a serverless.yml where there is a
 * platform, and Redeye among its packages.
 */
export function trialProject(files: Record<string, string>): TrialProject {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'redeye-cli-')))
  made.push(folder)
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  write('package.json', '{ "type": "module", "imports": { "#datasets": "./datasets/index.ts" } }')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/redeye'))
  for (const [file, text] of Object.entries(files)) {
    write(file, text)
    if (!file.endsWith('/task.ts')) continue
    write(file.replace('task.ts', 'handler.ts'), handler)
    if ('serverless.yml' in files) write(file.replace('task.ts', 'serverless.yml'), serverless(basename(dirname(file))))
  }
  const redeyeWith = (input: string, ...args: string[]) => run(folder, args, input)
  return { folder, write, redeyeWith, redeye: (...args) => redeyeWith('', ...args), served: (...args) => serve(folder, args) }
}

function environment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR, ...env } = process.env
  return { ...env, NODE_OPTIONS: '' }
}

let server: ChildProcess | undefined

function serve(cwd: string, args: string[]): Promise<Ended> {
  server ??= fork(join(import.meta.dirname, 'command-server.ts'), { env: environment(), execArgv: [], stdio: 'pipe' })
  const child = server
  return new Promise((resolve, reject) => {
    const lost = (code: number) => reject(new Error(`the process of ${args.join(' ')} ended with ${code}`))
    child.once('exit', lost)
    child.once('message', ended => {
      child.off('exit', lost)
      resolve({ ...(ended as Ended) })
    })
    child.send({ cwd, args })
  })
}

function run(cwd: string, args: string[], input: string): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'cli/redeye.ts'), ...args], { cwd, env: environment() })
  const text = { out: '', err: '' }
  child.stdout.on('data', chunk => (text.out += chunk))
  child.stderr.on('data', chunk => (text.err += chunk))
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ exit: code ?? -1, ...text }))
  })
}

/** A dataset's file; `more` is added to its options. */
export const datasetFile = (name: string, more = '', partition = 'daily()') => `
import { daily, dataset, keys, monthly, receipts, unpartitioned, weekly } from 'redeye/task'
export const ${name} = dataset('${name}', {
  partition: ${partition},
  columns: { id: 'int', city: 'string' },
  description: 'of the tests',
  owner: 'tests@example.com',
  ${more}
})
`

/** Two outside datasets, a chain of two transforms behind one, and nothing wrong. */
export const soundProject = (): Record<string, string> => ({
  'datasets/index.ts': ['orders', 'regions', 'clean', 'report'].map(d => `export { ${d} } from './${d}.ts'\n`).join(''),
  'datasets/orders.ts': datasetFile('orders', 'outside: true'),
  'datasets/regions.ts': datasetFile('regions', 'outside: true', "keys(['emea', 'apac'])"),
  'datasets/clean.ts': datasetFile('clean', "key: ['id'],"),
  'datasets/report.ts': datasetFile('report', '', 'weekly()'),
  'services/clean-orders/task.ts': `import { latest, notNull, same, transform } from 'redeye/task'
import { clean, orders, regions } from '#datasets'

export default transform({
  inputs: { orders: same(orders), regions: latest(regions) },
  output: clean,
  sql: 'clean-orders.sql',
  checks: [notNull('id')],
})
`,
  'services/clean-orders/clean-orders.sql': 'SELECT o.id, o.city FROM orders AS o JOIN regions AS r ON r.id = o.id\n',
  'services/weekly-report/task.ts': `import { overlapping, transform } from 'redeye/task'
import { clean, report } from '#datasets'

export default transform({ inputs: { clean: overlapping(clean) }, output: report, sql: 'weekly-report.sql' })
`,
  'services/weekly-report/weekly-report.sql': 'SELECT id, city FROM clean\n',
})
