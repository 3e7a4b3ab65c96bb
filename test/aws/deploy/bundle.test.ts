import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, projectOf } from '../../../shared/aws/deploy/bundle.ts'
import { decideEntry, platformEntry, workEntry } from '../../../shared/aws/deploy/entries.ts'
import { root, taskOf } from './tasks.ts'
import { filesOf } from './zip-files.ts'

const folder = join(root, 'services/airport-day')
const taskFile = join(folder, 'task.ts')
const handler = 'services/airport-day/handler.ts'
const codeOf = async (entry: string) => (await filesOf((await bundle({ root, taskFile, entry })).zip)).get('index.js')!.toString()

test('decide is one file, without DuckDB, without a parser, and knows its task by its place in the project', async () => {
  const { zip, nativeBytes } = await bundle({ root, taskFile, entry: decideEntry(handler) })
  const files = await filesOf(zip)
  expect([...files.keys()]).toEqual(['index.js', 'package.json'])
  expect(nativeBytes).toBe(0)
  const code = files.get('index.js')!.toString()
  expect(code).toContain('services/airport-day/task.ts')
  expect(code).toContain('bundled without sql/compile, compute/compute')
  expect(code).not.toContain(root)
})

test('the same sources give the same bytes', async () => {
  const once = () => bundle({ root, taskFile, entry: decideEntry(handler) })
  expect(Buffer.from((await once()).zip).equals(Buffer.from((await once()).zip))).toBe(true)
})

test('work carries its statement, translated when it is built', async () => {
  const { entry } = await workEntry(taskOf('airport-day'), handler)
  expect(entry).toContain('"duckdb":"SELECT')
  expect(await codeOf(entry)).toContain('with_flown')
})

test('work that is Spark’s has no DuckDB, and submits its job without', async () => {
  const shared = (module: string) => JSON.stringify(join(root, 'shared', module))
  const entry = `import { createCompute } from ${shared('compute/compute.ts')}
import { sparkJob } from ${shared('compute/spark-job.ts')}
import task from './services/airport-day/task.ts'
const lake = { put: async () => {}, get: async () => undefined, scratch: () => '/nowhere' }
const spark = { submit: async job => job.plan }
const sql = { statement: 'SELECT 1', parameters: [], checks: {} }
const onSpark = { ...task, engine: 'spark' }
const world = { lake, spark: sparkJob(onSpark, { lake, spark, sql }) }
export const handler = () => createCompute(onSpark, world).run({ partition: '2001-02-14', folder: 'airport_days/x', inputs: {} })`
  const { zip, nativeBytes } = await bundle({ root, taskFile, entry, spark: true })
  const files = await filesOf(zip)
  expect([[...files.keys()], nativeBytes]).toEqual([['index.js', 'package.json'], 0])
  // Where there is nothing to load DuckDB from.
  const folder = mkdtempSync(join(tmpdir(), 'redeye-bundle-'))
  for (const [name, content] of files) writeFileSync(join(folder, name), content)
  const run = 'require("./index.js").handler().then(done => console.log(JSON.stringify(done)))'
  expect(JSON.parse(execFileSync(process.execPath, ['-e', run], { cwd: folder, encoding: 'utf8' }))).toEqual({
    job: 'airport_days/x/plan.json',
  })
  rmSync(folder, { recursive: true })
})

test('what is no transform carries none', async () => {
  expect((await workEntry(taskOf('flown-flights'), 'services/flown-flights/handler.ts')).entry).not.toContain('duckdb')
})

test.each(['night', 'relay'] as const)('the platform’s %s bundles', async name => {
  expect(await codeOf(platformEntry(name))).toContain('exports')
})

test('an import that leads nowhere says where it stands', async () => {
  await expect(bundle({ root, taskFile, entry: "import './nowhere.ts'" })).rejects.toMatchObject({
    code: 'BAD_TASK',
    message: expect.stringContaining('nowhere.ts'),
  })
})

test('a service’s project is the nearest folder upward with services/', () => {
  expect(projectOf(folder)).toBe(root)
  expect(() => projectOf('/')).toThrow('belongs to no project')
})
