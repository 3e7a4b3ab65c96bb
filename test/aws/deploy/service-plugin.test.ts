import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Osls } from '../../../shared/aws/deploy/osls.ts'
import ServicePlugin from '../../../shared/aws/deploy/service-plugin.ts'
import { root } from './tasks.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-service-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const name of ['package.json', 'serverless.yml']) cpSync(join(root, name), join(folder, name))
for (const name of ['datasets', 'shared', 'node_modules']) symlinkSync(join(root, name), join(folder, name))

const log: string[] = []

/** The plugin of a service whose folder is called so, and what it has told osls for `sls package`. */
async function plugged(name: string, from: string, mend: (task: string) => string = task => task) {
  const serviceDir = join(folder, 'services', name)
  cpSync(join(root, 'services', from), serviceDir, { recursive: true, filter: path => !path.includes('.serverless') })
  const file = join(serviceDir, 'task.ts')
  writeFileSync(file, mend(readFileSync(file, 'utf8')))
  const told: Record<string, object> = {}
  const osls: Osls = {
    serviceDir,
    classes: { Error },
    service: { service: name, functions: {} },
    configurationInput: {},
    processedInput: { commands: ['package'] },
    getProvider: () => ({ getAccountId: async () => '123456789012' }),
    extendConfiguration: ([section], value) => void Object.assign(told, { [section!]: value }),
  }
  const notice = (text: string) => void log.push(text)
  const plugin = new ServicePlugin(osls, { stage: 'dev' }, { log: { notice, warning() {}, error() {} } })
  await plugin.asyncInit()
  return { plugin, told }
}

test('a service has a stack of its own', async () => {
  const { told } = await plugged('airport-registry', 'airport-registry')
  expect(told.provider).toMatchObject({ stackName: 'redeye-dev-task-airport-registry' })
})

test('a task that is called as the platform would take its stack over: it is refused', async () => {
  await expect(plugged('platform', 'airport-registry')).rejects.toThrow(
    /^BAD_TASK platform: this is the name.*\n {2}at .*task\.ts:\d+:\d+\n {2}→ /,
  )
})

test('a task whose engine is Spark has no DuckDB with it', async () => {
  const { plugin } = await plugged('airport-day', 'airport-day', task => task.replace('transform({', "transform({\n  engine: 'spark',"))
  await plugin.hooks['before:package:createDeploymentArtifacts']!()
  expect(log).toEqual([
    expect.stringMatching(/^airport-day decide: \d+ kB of code, \d+ kB zipped$/),
    expect.stringMatching(/^airport-day work: \d+ kB of code, \d+ kB zipped$/),
  ])
})
