import { basename } from 'node:path'
import { jest } from '@jest/globals'
import { type DeployOptions, type DeployWorld, deploy } from '../../cli/deploy.ts'
import type { Registered } from '../../shared/aws/deploy/compatibility.ts'
import { datasetFile, soundProject, trialProject } from './trial-project.ts'

let said = ''
beforeEach(() => {
  said = ''
  jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    said += text
    return true
  })
})
afterEach(() => jest.restoreAllMocks())

const nothing: Registered = { made: new Set(), reads: [], columns: new Map() }
/** Registered: this task reads these columns of the outside dataset orders. */
const reading = (task: string, ...columns: ('id' | 'city')[]): Registered => ({
  ...nothing,
  reads: [
    {
      v: 1,
      task,
      reads: { orders: Object.fromEntries(columns.map(c => [c, { type: c === 'id' ? 'int' : 'string', at: 'its.sql:1:8' }])) },
    },
  ],
})

/** A deployment of a project to a stage of which that is registered, by an osls that only notes what it is told. */
async function deployed(
  files: Record<string, string>,
  registered: Registered | undefined,
  {
    names = [],
    failing = [],
    behind = [],
    ...options
  }: { names?: string[]; failing?: string[]; behind?: string[] } & Partial<DeployOptions> = {},
) {
  const { folder } = trialProject({ 'serverless.yml': 'service: redeye-platform\n', ...files })
  const began: string[] = []
  const world: DeployWorld = {
    registered: async () => registered,
    hasLake: async () => true,
    isBehind: async (_, service) => behind.includes(service),
    osls: async (at, args) => {
      const name = at === folder ? 'platform' : basename(at)
      expect(args.slice(0, 5)).toEqual(['deploy', '--stage', options.stage ?? 'dev', '--region', 'eu-west-1'])
      began.push([name, ...args.slice(5)].join(' '))
      await new Promise(setImmediate)
      return { ok: !failing.includes(name), output: 'Error:\nno such bucket' }
    },
  }
  const exit = await deploy(folder, names, { stage: 'dev', region: 'eu-west-1', ...options }, world)
  return { exit, began }
}

const droppedCity = {
  ...soundProject(),
  'datasets/orders.ts': datasetFile('orders', 'outside: true').replace("city: 'string'", "town: 'string'"),
  'services/clean-orders/clean-orders.sql': 'SELECT o.id, o.town AS city FROM orders AS o JOIN regions AS r ON r.id = o.id\n',
}
const givenUp = {
  ...droppedCity,
  'services/clean-orders/clean-orders.sql': "SELECT o.id, 'here' AS city FROM orders AS o JOIN regions AS r ON r.id = o.id\n",
}

test('a stage that is not there yet begins with its platform, then whoever makes what others read', async () => {
  expect(await deployed(soundProject(), undefined)).toEqual({ exit: 0, began: ['platform', 'clean-orders', 'weekly-report'] })
})

test('a column of a dataset made outside that a registered reader uses may not go, and nothing is deployed', async () => {
  expect(await deployed(droppedCity, reading('town-list', 'city'))).toEqual({ exit: 2, began: [] })
  expect(said).toContain('datasets/orders.ts:')
  expect(said).toContain('orders would lose the column "city", which town-list reads (its.sql:1:8)')
  expect(said).toContain('nothing is deployed: a reader would miss what it reads')
})

test('nor may it change its type', async () => {
  const files = {
    ...soundProject(),
    'datasets/orders.ts': datasetFile('orders', 'outside: true').replace("id: 'int'", "id: 'bigint'"),
    'services/clean-orders/clean-orders.sql': 'SELECT CAST(o.id AS int) AS id, o.city FROM orders AS o JOIN regions AS r ON r.id = o.id\n',
  }
  expect(await deployed(files, reading('town-list', 'id'))).toMatchObject({ began: [] })
  expect(said).toContain('"id" would become bigint, and town-list reads it as int')
})

test('a reader that gives it up in the same deployment goes before the platform', async () => {
  expect(await deployed(givenUp, reading('clean-orders', 'id', 'city'))).toEqual({
    exit: 0,
    began: ['clean-orders', 'platform', 'weekly-report'],
  })
})

test('a new column is taken up at once, for the platform that has it goes first; by a service alone it is refused', async () => {
  const registered = { ...nothing, columns: new Map([['orders', { id: 'int', city: 'string' } as const]]) }
  expect((await deployed(droppedCity, registered)).began[0]).toBe('platform')
  expect(await deployed(droppedCity, registered, { names: ['clean-orders'] })).toEqual({ exit: 2, began: [] })
  expect(said).toContain('clean-orders reads "town" of orders, which in the stage has no such column')
  expect(said).toContain('deploy the platform first, or with it')
})

test('after a failure it is said what stands and what was not begun', async () => {
  expect(await deployed(soundProject(), nothing, { failing: ['clean-orders'] })).toEqual({ exit: 1, began: ['platform', 'clean-orders'] })
  expect(said).toContain(
    'no such bucket\n\nfailed: clean-orders\nnot deployed: weekly-report, which comes after clean-orders\ndeployed: the platform\n',
  )
})

test('without its platform nothing else is begun', async () => {
  expect(await deployed(soundProject(), undefined, { failing: ['platform'] })).toEqual({ exit: 1, began: ['platform'] })
  expect(said).toContain('deployed: nothing')
})

test('a service alone needs a stage; a comparison does not', async () => {
  await expect(deployed(soundProject(), undefined, { names: ['clean-orders'] })).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    remedy: expect.stringContaining('redeye deploy --stage dev'),
  })
  expect(await deployed(soundProject(), undefined, { check: true })).toEqual({ exit: 0, began: [] })
  expect(said).toBe('there is no stage dev in eu-west-1 yet, so nothing to compare with\n2 services can be deployed to dev in eu-west-1\n')
})

test('a night at a time that the zone skips is not deployed, but another stage’s is nobody’s concern', async () => {
  const files = { ...soundProject(), 'serverless.yml': "params: { prod: { zone: Europe/Madrid, nightAt: '02:30' } }\n" }
  expect(await deployed(files, nothing, { stage: 'prod' })).toEqual({ exit: 2, began: [] })
  expect(said).toContain('serverless.yml:1:40 error nightAt is 02:30, and Europe/Madrid has no such time on')
  expect(said).toContain('nothing is deployed: the project has errors')
  expect((await deployed(files, nothing)).exit).toBe(0)
})

test('a setting that is misspelled is told, whether or not the rest can be deployed', async () => {
  const files = { ...soundProject(), 'serverless.yml': 'params: { default: { zoen: Europe/Madrid } }\n' }
  expect((await deployed(files, nothing)).exit).toBe(0)
  expect(said).toContain('serverless.yml:1:22 warning no setting of a stage is called zoen')
})

test('a name that no stage can have stands nowhere in the project', async () => {
  await expect(deployed(soundProject(), nothing, { stage: 'Prod' })).rejects.toMatchObject({
    message: '"Prod" is no name for a stage',
    place: {},
  })
})

test('a service that osls would not deploy, or as another, keeps all from being deployed', async () => {
  const files = { ...soundProject(), 'services/clean-orders/serverless.yml': 'service: clean\nprovider: aws\nplugins: [redeye/deploy]\n' }
  expect(await deployed(files, nothing)).toEqual({ exit: 2, began: [] })
  expect(said).toContain('services/clean-orders/serverless.yml:1:1 error clean-orders: it would be deployed as "clean"')
})

test('a service to which the platform tells something else by now is deployed though nothing of its own has changed', async () => {
  const { began } = await deployed(soundProject(), nothing, { behind: ['weekly-report'] })
  expect(began).toEqual(['platform', 'clean-orders', 'weekly-report --force'])
})
