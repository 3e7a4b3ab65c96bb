import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Osls } from '../../../shared/aws/deploy/osls.ts'
import ServicePlugin from '../../../shared/aws/deploy/service-plugin.ts'
import { root } from './tasks.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-service-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const name of ['package.json', 'serverless.yml']) cpSync(join(root, name), join(folder, name))
for (const name of ['datasets', 'shared', 'node_modules']) symlinkSync(join(root, name), join(folder, name))

/** What osls has been told of a service whose folder is called so, by `sls package`. */
async function told(name: string): Promise<Record<string, object>> {
  const serviceDir = join(folder, 'services', name)
  cpSync(join(root, 'services/airport-registry'), serviceDir, { recursive: true, filter: from => !from.includes('.serverless') })
  const sections: Record<string, object> = {}
  const osls: Osls = {
    serviceDir,
    service: { service: name, functions: {} },
    configurationInput: {},
    processedInput: { commands: ['package'] },
    getProvider: () => ({ getAccountId: async () => '123456789012' }),
    extendConfiguration: ([section], value) => void Object.assign(sections, { [section!]: value }),
  }
  await new ServicePlugin(osls, { stage: 'dev' }, { log: { notice() {}, warning() {}, error() {} } }).asyncInit()
  return sections
}

test('a service has a stack of its own', async () => {
  expect((await told('airport-registry')).provider).toMatchObject({ stackName: 'redeye-dev-task-airport-registry' })
})

test('a task that is called as the platform would take its stack over: it is refused', async () => {
  await expect(told('platform')).rejects.toMatchObject({ code: 'BAD_TASK', message: expect.stringContaining('platform: this is the name') })
})
