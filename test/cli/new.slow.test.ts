import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withExport } from '../../cli/new/dataset-file.ts'
import { partitionCode, quote } from '../../cli/new/type-code.ts'
import { type Ask, type KnownDataset, wishFor } from '../../cli/new/wish.ts'
import { daily, dataset, keys, monthly, unpartitioned } from '../../shared/task/index.ts'
import { soundProject, type TrialProject, trialProject } from './trial-project.ts'

const root = join(import.meta.dirname, '../..')

/** Runs the project's own tests as `npm test` would. */
async function jest({ folder, write }: TrialProject): Promise<{ numPassedTests: number; numTotalTests: number }> {
  const transform = { '\\.ts$': join(root, 'test/strip-types.mjs') }
  const config = { testEnvironment: 'node', extensionsToTreatAsEsm: ['.ts'], testMatch: ['**/*.test.ts'], transform }
  write('jest.config.json', JSON.stringify({ ...config, moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'] }))
  const args = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '--rootDir', folder, '--json', '--runInBand']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(error => error as { stdout: string })
  return JSON.parse(stdout)
}

test('what is written passes check, the compiler and the formatter, and its tests are green', async () => {
  const project = trialProject({ 'datasets/index.ts': '' })
  const commands = [
    'new ingest orders --source json --from 2001-02-01 --timezone Europe/Madrid',
    'new ingest page-views --source logs --partition hourly',
    'new ingest stock --source sql --description It’s',
    'new ingest strikes --source xml',
    'new transform weekly-orders --input orders --partition weekly',
    'new transform all-orders --input orders:latest stock:latest --partition unpartitioned',
    'new transform seven-days --input orders:trailing=7 --output orders_of_a_week',
    'new transform orders-before --input orders:offset=-1',
    'new transform earlier-orders --input orders --from 2000-01-01',
    'new ingest week-plan --partition weekly',
    'new load send-orders --input weekly_orders --target http',
    'new load file-orders --input orders',
    'new load queue-orders --input orders --target queue',
  ]
  for (const command of commands) {
    const { exit, err } = await project.redeye(...command.split(' '))
    expect([command, exit, err]).toEqual([command, 0, ''])
  }
  const checked = await project.redeye('check', '--json')
  const findings = JSON.parse(checked.out) as { severity: string; message: string }[]
  expect([checked.exit, findings.filter(f => f.severity === 'error')]).toEqual([0, []])
  expect(findings.filter(f => f.message.includes('no night makes it'))).toEqual([])
  expect(await jest(project)).toMatchObject({ numPassedTests: commands.length, numTotalTests: commands.length })

  const include = ['datasets', 'services']
  project.write(
    'tsconfig.json',
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] }, include }),
  )
  const tsc = promisify(execFile)(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', project.folder])
  await expect(tsc).resolves.toMatchObject({ stdout: '' })

  // Not a repository, so what git ignores is not to be asked for.
  const { vcs: _, ...biome } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  project.write('biome.json', JSON.stringify(biome))
  const lint = promisify(execFile)(join(root, 'node_modules/.bin/biome'), ['check', ...include], { cwd: project.folder })
  await expect(lint).resolves.toMatchObject({ stderr: expect.stringMatching(/^Checked \d+ files/) })
}, 120_000)

test('it says what it wrote, and what next', async () => {
  const project = trialProject(soundProject())
  const { out } = await project.redeye('new', 'transform', 'city-orders', '--input', 'orders')
  expect(out).toBe(`wrote datasets/city-orders.ts
wrote services/city-orders/task.ts
wrote services/city-orders/handler.ts
wrote services/city-orders/serverless.yml
wrote services/city-orders/task.test.ts
wrote services/city-orders/city-orders.sql
added its export to datasets/index.ts

Next:
  npm test -- services/city-orders   runs its test, which passes
  npx redeye check   says what is wrong with the project
  then say in these files what the task is about
`)
  const read = (file: string) => readFileSync(join(project.folder, file), 'utf8')
  expect(read('services/city-orders/task.ts')).toBe(`import { same, transform } from 'redeye/task'
import { cityOrders, orders } from '#datasets'

export default transform({
  inputs: { orders: same(orders) },
  output: cityOrders,
  sql: 'city-orders.sql',
})
`)
  expect(read('datasets/city-orders.ts')).toContain("partition: daily(),\n  columns: {\n    id: 'int',\n    city: 'string',\n  },")
  expect(read('datasets/index.ts').split('\n')[0]).toBe("export { cityOrders } from './city-orders.ts'")
})

test('a dataset that is declared, and that no task makes yet, is taken as it is', async () => {
  const project = trialProject(soundProject())
  project.write(
    'datasets/wanted.ts',
    soundProject()['datasets/report.ts']!.replaceAll('report', 'wanted').replace("id: 'int', ", "total: 'double', "),
  )
  project.write('datasets/index.ts', `${soundProject()['datasets/index.ts']}export { wanted } from './wanted.ts'\n`)
  const { exit, out } = await project.redeye('new', 'transform', 'make-wanted', '--input', 'clean', '--output', 'wanted')
  expect([exit, out]).toEqual([0, expect.not.stringContaining('datasets/')])
  const sql = readFileSync(join(project.folder, 'services/make-wanted/make-wanted.sql'), 'utf8')
  expect(sql).toContain('SELECT\n  CAST(NULL AS double) AS total,\n  clean.city\nFROM clean\n')
  expect((await project.redeye('check')).exit).toBe(0)
})

test('of a dataset that is declared nothing more can be said, and no export is made twice', async () => {
  const about = { columns: { id: 'int' }, description: '', owner: 'owner@example.com' } as const
  const known = [{ dataset: dataset('wanted', { partition: daily(), ...about }), exported: 'routeA1' }]
  const wish = (flags: object) => wishFor('ingest', 'x', flags, known, new Set(), undefined)
  await expect(wish({ output: 'wanted', partition: 'weekly' })).rejects.toThrow('--partition means nothing here: datasets/ declares wanted')
  await expect(wish({ output: 'route_a1' })).rejects.toThrow('datasets/index.ts exports another dataset as routeA1')
})

describe('bad input writes nothing', () => {
  test.each([
    ['new transfrom x --input orders', 'there is no kind of task "transfrom"\n  → did you mean transform?'],
    [
      'new transform Clean_Orders --input orders',
      '"Clean_Orders" is no name for a task\n  → write it in small letters, digits and "-": clean-orders',
    ],
    ['new transform clean-orders --input orders --output other', 'services/clean-orders/task.ts is there already'],
    [
      'new transform x --input orders --output Other',
      '"Other" is no name for a dataset\n  → write it in small letters, digits and "_": other',
    ],
    ['new transform x --input orders --output clean', 'clean is made by another task already'],
    ['new transform x --input orders --output regions', 'regions is made outside already'],
    ['new transform x', 'a transform takes datasets, and none was named'],
    ['new transform x --input ordres', 'there is no dataset ordres\n  → did you mean orders?'],
    ['new transform x --input orders:sum', '"sum" is no mapping'],
    ['new transform x --input orders:all', 'BAD_MAPPING x ← orders: all takes a keyed or an unpartitioned input'],
    ['new load x --input orders clean', 'a load delivers one dataset, not 2'],
    ['new load x --input orders --target htp', 'there is no target "htp"\n  → did you mean http?'],
    ['new ingest x --source ftp', 'there is no source "ftp"'],
    ['new ingest x --partition yearly', '"yearly" is no partitioning'],
    ['new ingest x --timezone Mars', '"Mars" is no time zone'],
    ['new ingest x --from yesterday', '"yesterday" is no date'],
    ['new ingest default', 'a dataset cannot be called default: TypeScript, or what a task.ts or its test imports, has its own default'],
    ['new ingest class', 'a dataset cannot be called class'],
    ['new ingest dataset', 'a dataset cannot be called dataset'],
    ['new transform same --input orders', 'a dataset cannot be called same'],
    [
      'new ingest sql-table',
      'a dataset cannot be called sql_table: TypeScript, or what a task.ts or its test imports, has its own sqlTable',
    ],
    ['new ingest inputs', '→ name the dataset otherwise: --output inputs_rows'],
    ['new ingest x --input orders', '--input means nothing here: it is an option of a transform or a load, and ingest is none'],
    ['new ingest x --target http', '--target means nothing here'],
    ['new transform x --input orders --source json', '--source means nothing here'],
    ['new load x --input orders --source json', '--source means nothing here'],
    ['new ingest x --partition unpartitioned --from 2001-02-01', '--from means nothing here: a dataset that is cut by unpartitioned'],
    ['new ingest', "missing required argument 'name'"],
  ])('%s', async (command, message) => {
    const project = trialProject(soundProject())
    const files = () => globSync('{services,datasets}/**', { cwd: project.folder }).sort()
    const before = files()
    const { exit, out, err } = await project.served(...command.split(' '))
    expect([exit, out]).toEqual([2, ''])
    expect(err).toContain(message)
    expect(files()).toEqual(before)
  })

  test('a package that does not say what #datasets is', async () => {
    const project = trialProject(soundProject())
    project.write('package.json', '{ "type": "module" }')
    const { exit, err } = await project.served('new', 'ingest', 'x')
    expect([exit, err]).toEqual([2, expect.stringContaining('#datasets')])
  })

  test('a project with a service that cannot be read', async () => {
    const project = trialProject({ ...soundProject(), 'services/broken/task.ts': 'export default {' })
    expect(await project.served('new', 'ingest', 'x')).toMatchObject({ exit: 2, err: expect.stringContaining('services/broken/task.ts:1') })
  })
})

describe('on a terminal', () => {
  const about = { columns: { id: 'int' }, description: '', owner: 'owner@example.com' } as const
  const known: KnownDataset[] = [
    dataset('orders', { partition: daily({ from: '2001-02-01', timezone: 'Europe/Madrid' }), outside: true, ...about }),
    dataset('regions', { partition: keys(['a', 'b']), outside: true, ...about }),
  ].map(d => ({ dataset: d, exported: d.name }))
  /** Answers the questions that contain a word, and takes what is offered otherwise. */
  const answering =
    (answers: Record<string, string>, asked: string[] = []): Ask =>
    async (question, fallback) => {
      asked.push(`${question} [${fallback}]`)
      return Object.entries(answers).find(([word]) => question.includes(word))?.[1] ?? fallback
    }

  test('what the options leave out is asked, and every question has an answer to offer', async () => {
    const asked: string[] = []
    const wish = await wishFor('transform', 'daily-report', {}, known, new Set(), answering({ takes: 'orders, regions' }, asked))
    expect(asked).toEqual([
      'What it takes, of orders, regions (--input) []',
      'The dataset it makes (--output) [daily_report]',
      'How it is cut: hourly, daily, weekly, monthly, unpartitioned or keys:a+b (--partition) [daily]',
      'What a row of it is (--description) [Say what a row is]',
      'Who is told when it fails (--owner) [owner@example.com]',
    ])
    expect(wish.inputs.map(i => i.mapping.map)).toEqual(['same', 'latest'])
    expect(wish.output).toMatchObject({ partition: { grain: 'daily', from: '2001-02-01', timezone: 'Europe/Madrid' } })
  })

  test('what they say is not', async () => {
    const asked: string[] = []
    await wishFor(
      'ingest',
      'pull',
      { source: 'sql', output: 'pulled', owner: 'x', description: 'y', partition: 'daily' },
      known,
      new Set(),
      answering({}, asked),
    )
    expect(asked).toEqual([])
  })

  test('the closest mapping that can join is taken', async () => {
    const mapping = async (input: string, partition: string) => {
      const wish = await wishFor('transform', 'x', { input: [input], partition }, known, new Set(), undefined)
      return wish.inputs[0]!.mapping.map
    }
    expect(await mapping('orders', 'daily')).toBe('same')
    expect(await mapping('orders', 'monthly')).toBe('overlapping')
    expect(await mapping('orders', 'unpartitioned')).toBe('latest')
    expect(await mapping('regions', 'unpartitioned')).toBe('all')
    expect(await mapping('regions', 'keys:a')).toBe('same')
    expect(await mapping('regions', 'daily')).toBe('latest')
  })
})

test('a barrel keeps what is in it, in the order of its files', () => {
  const barrel = "// Everything.\nexport { a } from './a.ts'\nexport type { C } from './c.ts'\n"
  expect(withExport(barrel, 'b_two')).toBe(
    "// Everything.\nexport { a } from './a.ts'\nexport { bTwo } from './b-two.ts'\nexport type { C } from './c.ts'\n",
  )
  expect(withExport('', 'a')).toBe("export { a } from './a.ts'\n")
})

test('texts and partitionings as TypeScript', () => {
  expect(quote("it's")).toBe('"it\'s"')
  expect(quote('a "b" it\'s \\')).toBe("'a \"b\" it\\'s \\\\'")
  expect(partitionCode(monthly({ timezone: 'Europe/Madrid' })).text).toBe("monthly({ timezone: 'Europe/Madrid' })")
  expect(partitionCode(keys(['a'])).text).toBe("keys(['a'])")
  expect(partitionCode(unpartitioned()).text).toBe('unpartitioned()')
})
