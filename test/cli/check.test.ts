import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { datasetFile, soundProject, trialProject } from './trial-project.ts'

interface Printed {
  code: string
  file: string
  line: number
  column: number
  message: string
  remedy: string
  severity: string
}

/** What `check` finds in the sound project after these files are put into it. */
async function findings(files: Record<string, string>) {
  const { exit, out, err } = await trialProject({ ...soundProject(), ...files }).served('check', '--json')
  expect(err).toBe('')
  const found = JSON.parse(out) as Printed[]
  expect(exit).toBe(found.some(f => f.severity === 'error') ? 2 : 0)
  return found
}
const brief = (found: Printed[]) => found.map(f => `${f.code} ${f.file}:${f.line}:${f.column} ${f.message}`)
const task = (text: string) => ({ 'services/clean-orders/task.ts': text })

test('nothing is wrong with a sound project', async () => {
  const { redeye } = trialProject(soundProject())
  expect(await redeye('check')).toEqual({ exit: 0, out: 'nothing wrong in 2 tasks and 4 datasets\n', err: '' })
  expect(await redeye('check', '--json')).toEqual({ exit: 0, out: '[]\n', err: '' })
})

test('people read place, severity, message and remedy, without colours where no terminal is', async () => {
  const { redeye, write } = trialProject(soundProject())
  write('services/clean-orders/task.ts', "import { transform } from 'redeye/task'\nexport default transform({ inputs: , })\n")
  const { exit, out } = await redeye('check')
  expect(exit).toBe(2)
  expect(out).toContain('services/clean-orders/task.ts:2:36 error it cannot be parsed: Expression expected BAD_TASK\n  → mend the syntax')
  expect(out).toContain('1 error in 1 task and 4 datasets')
  expect(out).not.toContain('\u001b')
})

describe('a task.ts that cannot be read is one finding, with its place', () => {
  test.each<[string, string, string]>([
    ['a syntax error', 'const x = 1\nexport default transform({ inputs: , output })\n', '2:36 it cannot be parsed: Expression expected'],
    [
      'TypeScript that is not only types',
      "import { ingest } from 'redeye/task'\nenum Colour { red }\nexport default ingest({})\n",
      '2:1 TypeScript enum is not supported in strip-only mode',
    ],
    [
      'an unknown word of the language',
      "import { transfrom } from 'redeye/task'\nexport default transfrom({})\n",
      '1:10 redeye/task has no export "transfrom"',
    ],
    [
      'a module that is not there',
      "import { ingest } from 'redeye/task'\nimport { orders } from '../dataset/orders.ts'\nexport default ingest({ orders })\n",
      "2:36 Cannot find module 'services/dataset/orders.ts' imported from services/clean-orders/task.ts",
    ],
    ['an exception', "\n  throw new Error('no such luck')\nexport default 1\n", '2:9 it throws Error: no such luck'],
    [
      'a duration that is none',
      "import { same, transform } from 'redeye/task'\nimport { clean, orders } from '#datasets'\nexport default transform({ inputs: { o: same(orders) }, output: clean, sql: 'x.sql', timeout: '5 minutes' })\n",
      '3:16 "5 minutes" is no duration',
    ],
    ['no default export', "export const task = { kind: 'ingest' }\n", '1:1 it has no default export'],
    ['something else', "export default { kind: 'transform' }\n", '1:1 its default export is not made with the language'],
    ['an empty file', '', '1:1 it has no default export'],
  ])('%s', async (_, text, expected) => {
    const found = brief(await findings(task(text)))
    expect(found[0]).toBe(`BAD_TASK services/clean-orders/task.ts:${expected}`)
    // That clean has no producer now is not said: it follows.
    expect(found.slice(1)).toEqual([])
  })
})

test.each([
  ["import { dataset } from 'redeye/task'\nexport const clean = dataset('clean', {\n", '2:40 it cannot be parsed'],
  ["import { dataset } from 'redeye/task'\nexport const clean = dataset(, {})\n", '2:30 it cannot be parsed'],
  ["import { dataset } from 'redeye/task'\nexport const clean = datasets('clean', {})\n", '2:22 it throws ReferenceError'],
])('a datasets’ file that cannot be read is named once, where it is wrong, however many services import it: %j', async (text, expected) => {
  const found = await findings({ 'datasets/clean.ts': text })
  expect(brief(found)).toEqual([expect.stringContaining(`BAD_DATASET datasets/clean.ts:${expected}`)])
})

describe('what a declaration lacks or misspells is a finding at its place', () => {
  const transformed = (options: string) =>
    task(`import { notNull, same, transform } from 'redeye/task'
import { clean, orders } from '#datasets'
export default transform({ ${options} })
`)
  const whole = "inputs: { orders: same(orders) }, output: clean, sql: 'clean-orders.sql'"
  test.each<[string, string, string]>([
    ["inputs: { orders }, output: clean, sql: 'x'", '3:38 the input "orders" is the dataset orders', 'same(orders)'],
    ["inputs: { orders: 'orders' }, output: clean, sql: 'x'", '3:38 the input "orders" is "orders"', 'write a mapping around a dataset'],
    ['inputs: { orders: same(orders) }, output: clean', '3:16 transform needs sql', 'give sql: the name of'],
    ["output: clean, sql: 'x'", '3:16 transform needs inputs', 'give inputs: an object'],
    ["inputs: { orders: same(orders) }, sql: 'x'", '3:16 transform needs output', 'give output: the dataset it makes'],
    [`${whole}, checks: notNull('id')`, '3:102 transform has the check notNull for checks', 'give a list of checks'],
    [`${whole}, cheks: []`, '3:102 transform has no option "cheks"', 'did you mean checks?'],
  ])('%s', async (options, message, remedy) => {
    const found = await findings(transformed(options))
    expect(brief(found)).toEqual([expect.stringContaining(`BAD_TASK services/clean-orders/task.ts:${message}`)])
    expect(found[0]!.remedy).toContain(remedy)
  })

  test('of a dataset it is named once, and every command says it', async () => {
    const { redeye, write } = trialProject(soundProject())
    write('datasets/clean.ts', datasetFile('clean', '', "daily({ timezone: 'America/NewYork' })"))
    const expected = 'clean cannot be partitioned so: "America/NewYork" is no time zone'
    const { out } = await redeye('check')
    expect(out).toBe(
      `datasets/clean.ts:4:33 error ${expected} BAD_DATASET\n  → name a zone as IANA does, like America/New_York\n\n1 error in 0 tasks and 3 datasets\n`,
    )
    for (const command of [['graph'], ['show', 'clean@2001-02-14'], ['run', 'clean-orders', '--partition', '2001-02-14']])
      expect(await redeye(...command)).toEqual({ exit: 2, out: '', err: expect.stringContaining(expected) })
  })
})

test('a load’s columns have types, and a source or target whose options are not there is told so', async () => {
  const load = (options: string) => ({
    'datasets/sent.ts': datasetFile('sent').replace("{ id: 'int', city: 'string' }", 'receipts'),
    'services/send/task.ts': `import { httpApi } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { clean } from '#datasets'
import { sent } from '../../datasets/sent.ts'
export default load({ inputs: { clean: same(clean) }, output: sent, ${options} })
`,
  })
  const typed = await findings(load("target: httpApi({ connection: 'X', path: '/x' }), columns: { x: 'float' }"))
  expect(brief(typed)).toEqual([expect.stringMatching(/task\.ts:5:\d+ send: the column "x" is of an unknown type "float"/)])
  const nameless = await findings(load("target: httpApi({ path: '/x' })"))
  expect(brief(nameless)).toEqual([expect.stringContaining('send: it lacks the name of a setting')])
  const pathless = await findings(load("target: httpApi({ connection: 'X' })"))
  expect(brief(pathless)).toEqual([expect.stringContaining('send: an option is missing, or of another kind than it takes')])
})

test('waiting for more than an input takes is doubtful', async () => {
  const found = await findings(
    task(`import { trailing, transform } from 'redeye/task'
import { clean, orders } from '#datasets'
const inputs = { orders: trailing(orders, 7, { wait: { atLeast: 9 } }) }
export default transform({ inputs, output: clean, sql: 'clean.sql' })
`),
  )
  const { severity, message, remedy } = found[0]!
  expect([severity, message]).toEqual(['warning', 'clean-orders: atLeast is 9, and orders takes 7'])
  expect(remedy).toBe('give at most 7, or leave wait out: it waits for all')
})

describe('the platform’s serverless.yml', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['params:\n', []],
    ['params: [1]\n', []],
    ['- platform\n', ['error serverless.yml:1 it holds no settings']],
    ['service: x\nparams: {\n', [expect.stringMatching(/^error serverless\.yml:\d it cannot be parsed: \w/)]],
    ["params:\n  default:\n    nightat: '03:30'\n", ['warning serverless.yml:3 no setting of a stage is called nightat']],
  ])('%j', async (text, expected) => {
    const found = await findings({ 'serverless.yml': text })
    expect(found.map(f => `${f.severity} ${f.file}:${f.line} ${f.message}`)).toEqual(expected)
  })
})

test('a task that is declared elsewhere would have another name', async () => {
  const found = await findings({
    'lib/standard.ts': `import { same, transform } from 'redeye/task'
import { clean, orders } from '#datasets'
export const standard = () => transform({ inputs: { o: same(orders) }, output: clean, sql: 'x.sql' })
`,
    ...task("import { standard } from '../../lib/standard.ts'\nexport default standard()\n"),
  })
  expect(found[0]!.message).toMatch(/its task is declared in .*lib\/standard\.ts, so it would be called "lib"/)
})

test('what a folder is called, a task is called', async () => {
  const files = soundProject()
  const found = await findings({
    'services/Clean_Orders2/task.ts': files['services/clean-orders/task.ts']!.replaceAll('clean,', 'report,'),
  })
  expect(brief(found)).toContain('BAD_TASK services/Clean_Orders2/task.ts:4:16 Clean_Orders2: this is no name for a task')
  expect(brief(found)).toContain('BAD_TASK services/Clean_Orders2/task.ts:7:9 Clean_Orders2: there is no file clean-orders.sql')
})

test('a task has no name that stands for something else', async () => {
  const files = soundProject()
  for (const [name, what] of [
    ['all', 'all tasks together'],
    ['backfill', 'a lane'],
    ['platform', 'what all tasks stand on'],
  ] as const) {
    const found = await findings({ [`services/${name}/task.ts`]: files['services/clean-orders/task.ts']!.replaceAll('clean,', 'report,') })
    expect(brief(found)).toContain(`BAD_TASK services/${name}/task.ts:4:16 ${name}: this is the name of ${what}`)
  }
})

test('the graph’s faults stand at the input or the task that is wrong', async () => {
  const found = await findings({
    'services/weekly-report/task.ts': `import { same, transform } from 'redeye/task'
import { clean, report } from '#datasets'

export default transform({
  inputs: {
    clean: same(clean),
  },
  output: report,
  sql: 'weekly-report.sql',
})
`,
    'services/zz-again/task.ts': `import { overlapping, transform } from 'redeye/task'
import { orders, report } from '#datasets'
export default transform({ inputs: { clean: overlapping(orders) }, output: report, sql: '../weekly-report/weekly-report.sql' })
`,
  })
  expect(brief(found)).toEqual([
    'BAD_MAPPING services/weekly-report/task.ts:6:12 weekly-report ← clean: same cannot join a daily input to a weekly output: the grains differ',
    'BAD_GRAPH services/zz-again/task.ts:3:16 weekly-report and zz-again both make report',
  ])
})

test('datasets: keys, names, types and times that cannot be', async () => {
  const found = await findings({
    'datasets/clean.ts': datasetFile('clean', "key: ['idd'], readyBy: '5:30', keep: 'a week',"),
    'datasets/other.ts': datasetFile('Other', '').replace("city: 'string'", "city: 'text', ID: 'decimal'"),
  })
  expect(found.map(f => `${f.file}:${f.line} ${f.message} → ${f.remedy}`)).toEqual([
    'datasets/clean.ts:8 clean: the key names "idd", which is no column → did you mean id?',
    'datasets/clean.ts:8 clean: readyBy "5:30" is no time of day → write it like 05:30',
    'datasets/clean.ts:8 clean: keep "a week" is no duration → write it like 30d',
    'datasets/other.ts:3 Other: this is no name for a dataset → use small letters, digits and "_": SQL and the lake name it so',
    expect.stringContaining('Other: the column "city" is of an unknown type "text" → use string, int'),
    expect.stringContaining('Other: the column "ID" is of an unknown type "decimal"'),
    expect.stringContaining('Other: two columns are called "ID"'),
  ])
})

test('a dataset declared twice is named at the second place', async () => {
  const found = await findings({ 'datasets/orders-again.ts': datasetFile('orders', 'outside: true') })
  expect(brief(found)).toEqual([
    'BAD_DATASET datasets/orders-again.ts:3:32 orders is declared a second time: first in datasets/orders.ts:3',
  ])
})

test('checks name columns that are there, and values that compare with them', async () => {
  const found = await findings(
    task(`import { accepted, between, latest, matches, notNull, rows, same, transform, unique } from 'redeye/task'
import { clean, orders, regions, report } from '#datasets'

export default transform({
  inputs: { orders: same(orders), regions: latest(regions) },
  output: clean,
  sql: 'clean-orders.sql',
  checks: [
    notNull('id', 'citty'),
    unique(),
    between('id', 'a', 'b'),
    between('id', 9, 1),
    accepted('city', [1]),
    matches('city', regions, 'name'),
    matches('city', report),
    rows({ atLeast: 9, atMost: 3 }),
  ],
})
`),
  )
  expect(found.map(f => `${f.line} ${f.message.replace('clean-orders: ', '')} → ${f.remedy}`)).toEqual([
    '9 the check notNull names "citty", which clean does not have → did you mean city?',
    "10 the check unique names no column → say which: unique('…')",
    "11 the check between compares clean.id with 'a' → give a number",
    "11 the check between compares clean.id with 'b' → give a number",
    '11 no id lies between 9 and 1 → name the smaller bound first',
    '13 the check accepted compares clean.city with 1 → give a string',
    '14 the check matches compares with report, which is no input → add it to the inputs',
    '14 the check matches names "name", which regions does not have → the columns are id, city',
    '16 no version has at least 9 and at most 3 rows → mend the limits',
  ])
})

test('a source and a target are asked what is wrong with them', async () => {
  const found = await findings({
    'datasets/sent.ts': datasetFile('sent').replace("{ id: 'int', city: 'string' }", 'receipts'),
    'services/send/task.ts': `import { httpApi } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { clean } from '#datasets'
import { sent } from '../../datasets/sent.ts'
export default load({ inputs: { clean: same(clean) }, target: httpApi({ connection: 'DESK', path: 'late', batch: 0 }), output: sent })
`,
    'services/pull/task.ts': `import { logFiles } from 'redeye/sources'
import { ingest } from 'redeye/task'
import { pulled } from '../../datasets/pulled.ts'
export default ingest({ source: logFiles({ connection: '', files: '{dat}.log', format: 'combined' }), output: pulled, maxRejected: 5 })
`,
    'datasets/pulled.ts': datasetFile('pulled'),
  })
  expect(found.map(f => f.file)).toEqual([...Array(3).fill('services/pull/task.ts'), ...Array(2).fill('services/send/task.ts')])
  expect(found.map(f => f.message).join('\n')).toContain('send: the path "late" must begin with /')
  expect(found.map(f => f.message).join('\n')).toContain('pull: maxRejected is 5')
})

describe('a misspelled option of a source or a target is found where it is written', () => {
  const pull = (source: string) => ({
    'datasets/pulled.ts': datasetFile('pulled'),
    'services/pull/task.ts': `import { jsonApi, sqlQuery, sqlTable } from 'redeye/sources'
import { ingest } from 'redeye/task'
import { pulled } from '../../datasets/pulled.ts'
export default ingest({
  output: pulled,
  source: ${source},
})
`,
  })
  const lacks = "4:16 pull: it lacks the name of a setting, like connection: 'AIRPORTS_API'"
  test.each<[string, string[]]>([
    [
      "sqlTable({ connection: 'X', table: 'y', partitonColumn: 'day' })",
      ['6:51 pull: sqlTable has no option "partitonColumn"; did you mean partitionColumn?'],
    ],
    ["sqlTable({ connection: 'X', tabl: 'y' })", ['6:39 pull: sqlTable has no option "tabl"; did you mean table?']],
    ["sqlQuery({ connection: 'X', querry: 'select 1' })", ['6:39 pull: sqlQuery has no option "querry"; did you mean query?']],
    ["jsonApi({ conection: 'X' })", [lacks, '6:21 pull: jsonApi has no option "conection"; did you mean connection?']],
    ["jsonApi({ connection: 'X', pages: { bye: 'link' } })", ['6:47 pull: pages has no option "bye"; did you mean by?']],
  ])('%s', async (source, expected) => {
    const found = brief(await findings(pull(source)))
    expect(found.map(f => f.replace('BAD_TASK services/pull/task.ts:', ''))).toEqual(expected)
  })
})

test('a load has one input, and an output of receipts', async () => {
  const found = await findings({
    'datasets/sent.ts': datasetFile('sent'),
    'services/send/task.ts': `import { queue } from 'redeye/targets'
import { load, same } from 'redeye/task'
import { clean, orders } from '#datasets'
import { sent } from '../../datasets/sent.ts'
export default load({ inputs: { clean: same(clean), orders: same(orders) }, target: queue({ connection: 'Q' }), output: sent })
`,
  })
  expect(found.map(f => f.message)).toContain('send: a load delivers one input, and this has 2')
  expect(found.map(f => f.message)).toContain("send: sent does not have the columns of a load's receipts")
})

test('all into a dated output must say what an update means', async () => {
  const found = await findings(
    task(`import { all, same, transform } from 'redeye/task'
import { clean, orders, regions } from '#datasets'
export default transform({ inputs: { orders: same(orders), regions: all(regions) }, output: clean, sql: 'clean-orders.sql' })
`),
  )
  expect(brief(found)).toEqual([
    'BAD_TASK services/clean-orders/task.ts:3:69 clean-orders: all(regions) into the daily clean does not say onUpdate',
  ])
})

test('warnings alone are no error', async () => {
  const found = await findings({
    'datasets/slow.ts': datasetFile('slow'),
    'services/by-request/task.ts': `import { latest, transform } from 'redeye/task'
import { regions } from '#datasets'
import { slow } from '../../datasets/slow.ts'
export default transform({ inputs: { regions: latest(regions) }, output: slow, sql: 'by-request.sql' })
`,
    'services/by-request/by-request.sql': 'SELECT id, city FROM regions\n',
  })
  expect(found.map(f => `${f.severity} ${f.message}`)).toEqual([
    'warning nothing starts by-request: it has no input that triggers and does not run on the night',
  ])
})

test('a service that nothing can host is an error, and no night begins with it', async () => {
  const { redeye, folder } = trialProject(soundProject())
  rmSync(join(folder, 'services/clean-orders/handler.ts'))
  const message = 'clean-orders: there is no handler.ts beside task.ts, so nothing can host it'
  const { exit, out } = await redeye('check')
  expect([exit, out]).toEqual([2, expect.stringContaining(`services/clean-orders/task.ts:4:16 error ${message}`)])
  expect(await redeye('night', '2001-02-14')).toEqual({ exit: 2, out: '', err: expect.stringContaining(message) })
})

test('a service without a serverless.yml is an error where there is a platform, for it cannot be deployed', async () => {
  const lacking = async (files: Record<string, string>) => {
    const { served, folder } = trialProject({ ...soundProject(), ...files })
    rmSync(join(folder, 'services/clean-orders/serverless.yml'), { force: true })
    const { exit, out } = await served('check', '--json')
    return { exit, found: brief(JSON.parse(out)) }
  }
  expect(await lacking({ 'serverless.yml': 'service: platform\n' })).toEqual({
    exit: 2,
    found: [
      'BAD_TASK services/clean-orders/task.ts:4:16 clean-orders: there is no serverless.yml beside task.ts, so it cannot be deployed',
    ],
  })
  expect(await lacking({})).toEqual({ exit: 0, found: [] })
})

test('a folder without a task.ts is no service, which is doubtful', async () => {
  const found = await findings({
    'services/half-made/notes.md': '',
    'services/README.md': '',
    'services/.serverless/state.json': '',
    'services/node_modules/x/index.js': '',
  })
  expect(found.map(f => `${f.severity} ${f.file} ${f.message}`)).toEqual([
    'warning services/half-made half-made: there is no task.ts in this folder, so it is no service',
  ])
})

describe('a handler and a serverless.yml are looked at too', () => {
  const handlers: [string, string][] = [
    [
      "import { lambda } from 'redeye/lambda'\nimport task from './tsk.ts'\nexport const { decide, work } = lambda(task)\n",
      '2:21 Cannot find module',
    ],
    ["import { lambda } from 'redeye/lambda'\nexport const { decide, work } = lambda(\n", '2:40 it cannot be parsed'],
    ["import { lamda } from 'redeye/lambda'\nexport const { decide, work } = lamda()\n", '1:10 redeye/lambda has no export "lamda"'],
    ['export const decide = () => {}\n', '1:1 clean-orders: its handler exports no work'],
    ['export default 1\n', '1:1 clean-orders: its handler exports no decide and no work'],
    [
      "import { lambda } from 'redeye/lambda'\nimport task from '../weekly-report/task.ts'\nexport const { decide, work } = lambda(task)\n",
      '2:19 clean-orders: its handler hosts ../weekly-report/task.ts, which is another task',
    ],
  ]
  test.each(handlers)('%j', async (text, expected) => {
    const { served, write } = trialProject(soundProject())
    write('services/clean-orders/handler.ts', text)
    const found = JSON.parse((await served('check', '--json')).out) as Printed[]
    expect(brief(found)).toEqual([expect.stringContaining(`BAD_TASK services/clean-orders/handler.ts:${expected}`)])
  })

  test('no night begins with a handler that cannot be read, and it is told where', async () => {
    const { redeye, write } = trialProject(soundProject())
    write('services/clean-orders/handler.ts', "import task from './tsk.ts'\n")
    const { exit, err } = await redeye('night', '2001-02-14')
    expect([exit, err]).toEqual([
      2,
      expect.stringMatching(/^BAD_TASK Cannot find module [\s\S]*at services\/clean-orders\/handler\.ts:1:21/),
    ])
  })

  const sound = 'service: clean-orders\nprovider: { name: aws }\nplugins: [redeye/deploy]\n'
  test.each<[string, string[]]>([
    [sound, []],
    [sound.replace('clean-orders', 'clean-order'), ['BAD_TASK 1 clean-orders: it would be deployed as "clean-order"']],
    [sound.replace('aws', 'azure'), ['BAD_TASK 2 clean-orders: its provider is "azure"']],
    [sound.replace('redeye/deploy', 'redeye/platform'), ['BAD_TASK 3 clean-orders: it does without redeye/deploy']],
    ['', ['BAD_TASK 1 clean-orders: it would be', 'BAD_TASK 1 clean-orders: its provider', 'BAD_TASK 1 clean-orders: it does without']],
    ['service: [', ['BAD_ARGUMENT 1 it cannot be parsed']],
  ])('%j', async (text, expected) => {
    const found = await findings({ 'services/clean-orders/serverless.yml': text })
    expect(found.every(f => f.file === 'services/clean-orders/serverless.yml')).toBe(true)
    expect(found.map(f => `${f.code} ${f.line} ${f.message}`)).toEqual(expected.map(message => expect.stringContaining(message)))
  })
})

describe('SQL', () => {
  const statement = (sql: string) => ({ 'services/clean-orders/clean-orders.sql': sql })

  test('an unknown column is named in the .sql file', async () => {
    const found = await findings(statement('SELECT\n  o.id,\n  o.citty AS city\nFROM orders AS o\nJOIN regions AS r ON r.id = o.id\n'))
    expect(found).toMatchObject([{ code: 'BAD_SQL', file: 'services/clean-orders/clean-orders.sql', line: 3, severity: 'error' }])
    expect(`${found[0]!.message} ${found[0]!.remedy}`).toMatch(/citty[\s\S]*city/)
  })

  test('an output that lacks a declared column, and a statement that cannot be parsed', async () => {
    expect((await findings(statement('SELECT o.id FROM orders AS o JOIN regions AS r ON r.id = o.id\n')))[0]!.message).toContain('city')
    expect(await findings(statement('SELEC id FROM orders\n'))).toMatchObject([{ code: 'BAD_SQL', line: 1, column: 1 }])
  })

  test('what only Spark can run is told to need it for tests, too', async () => {
    const found = await findings(statement('SELECT o.id, soundex(o.city) AS city FROM orders AS o JOIN regions AS r ON r.id = o.id\n'))
    expect(found).toMatchObject([{ severity: 'info', remedy: expect.stringContaining('need a Python that has PySpark') }])
  })

  test('an input that the statement leaves out is a warning', async () => {
    const found = await findings(statement('SELECT id, city FROM orders\n'))
    expect(found).toMatchObject([
      { severity: 'warning', file: 'services/clean-orders/clean-orders.sql', message: expect.stringContaining('regions') },
    ])
  })

  test('a check’s query is looked at too, and found by the check’s name', async () => {
    const found = await findings(
      task(`import { custom, latest, same, transform } from 'redeye/task'
import { clean, orders, regions } from '#datasets'

export default transform({
  inputs: { orders: same(orders), regions: latest(regions) },
  output: clean,
  sql: 'clean-orders.sql',
  checks: [
    custom('all is well', 'select * from clean where id < 0'),
    custom('nowhere', 'select * from clean where town is null'),
  ],
})
`),
    )
    expect(found).toMatchObject([{ code: 'BAD_SQL', file: 'services/clean-orders/task.ts', line: 10, column: 13 }])
    expect(found[0]!.message).toMatch(/^clean-orders, check "nowhere": .*town.* \(line 1, column \d+ of its query\)/)
  })
})
