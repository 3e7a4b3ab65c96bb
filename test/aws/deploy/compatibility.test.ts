import { deploymentFindings, type Registered } from '../../../shared/aws/deploy/compatibility.ts'
import { deploymentOrder } from '../../../shared/aws/deploy/deployment-order.ts'
import { refuseLossesBy, registeredOn, registerOutside, registerTask } from '../../../shared/aws/deploy/registration.ts'
import { readsOf } from '../../../shared/aws/deploy/schemas.ts'
import { retireTask } from '../../../shared/engine/deploy.ts'
import { readGraph } from '../../../shared/engine/graph.ts'
import type { World } from '../../../shared/engine/world.ts'
import { SqliteLedger } from '../../../shared/local/ledger.ts'
import { loadProject, type Project, type Service } from '../../../shared/task/project.ts'
import type { Task } from '../../../shared/task/task.ts'
import { datasetFile, soundProject, trialProject } from '../../cli/trial-project.ts'
import { demo, root } from './tasks.ts'

const service = (name: string) => demo.services.find(s => s.name === name)!
const flights = service('flown-flights')
const readers = ['airport-day', 'route-punctuality'].map(service)

/** The producer of flights with other columns. */
const changed = (columns: Record<string, unknown>): Service => {
  const { task } = flights
  return { ...flights, task: { ...task, output: { ...task.output, columns: columns as Task['output']['columns'] } } }
}
const { delay_min: _, ...withoutDelay } = flights.task.output.columns
const registered: Registered = {
  made: new Set(demo.datasets.map(d => d.name)),
  columns: new Map(),
  reads: readers.map(r => readsOf(root, r)),
}
/** A reader of them that has given the column up, though the stage has it registered still. */
const reader = service('airport-day')
const reformed: Service = {
  ...reader,
  sql: { ...reader.sql!, text: reader.sql!.text.replace('delay_min > 15', '1 > 15').replace('sum(delay_min)', 'sum(0)') },
}
const delayRead = { flights: { delay_min: { type: 'int' as const, at: 'services/airport-day/airport-day.sql:6:1' } } }
const errors = (chosen: Service[], given = registered, project: Project = demo) => deploymentFindings(project, { services: chosen }, given)

test('the same again, and a column more, is nobody’s loss', () => {
  expect(errors([flights])).toEqual([])
  expect(errors([changed({ ...flights.task.output.columns, gate: 'string' })])).toEqual([])
})

test('a column that a registered reader uses may not go; who reads it where, and what to do', () => {
  const found = errors([changed(withoutDelay)])
  expect(found.map(f => [f.severity, f.message])).toContainEqual([
    'error',
    expect.stringMatching(
      /^flights would lose the column "delay_min", which airport-day reads \(services\/airport-day\/airport-day\.sql:\d+:\d+\)$/,
    ),
  ])
  expect(found[0]).toMatchObject({
    file: 'datasets/flights.ts',
    line: expect.any(Number),
    remedy: expect.stringContaining('without it first'),
  })
})

test('nor may it change its type', () => {
  const [found] = errors([changed({ ...flights.task.output.columns, delay_min: 'double' })])
  expect(found).toMatchObject({ severity: 'error', message: expect.stringContaining('"delay_min" would become double') })
})

test('unless its readers are deployed without it at the same time', () => {
  const given = { ...registered, reads: registered.reads.filter(r => r.task === 'airport-day') }
  expect(errors([changed(withoutDelay), reformed], given).filter(f => f.severity === 'error' && f.message.includes('airport-day'))).toEqual(
    [],
  )
})

test('they go first, so they cannot take up a column at once that is only made then', () => {
  const { origin: _, ...before } = flights.task.output.columns
  const given = {
    ...registered,
    reads: [{ v: 1 as const, task: 'airport-day', reads: delayRead }],
    columns: new Map([['flights', before]]),
  }
  expect(errors([changed(withoutDelay), reformed], given)).toMatchObject([
    {
      severity: 'error',
      task: 'airport-day',
      message: 'airport-day reads "origin" of flights, which in the stage has no such column',
      remedy: expect.stringContaining('let flown-flights have old and new columns beside each other for one deployment'),
    },
  ])
})

describe('the order', () => {
  const names = (order: ReturnType<typeof deploymentOrder>) =>
    Object.fromEntries([...order].map(([name, after]) => [name, [...after].sort()]))

  test('is upstream first: whoever reads waits for who makes, as far as they are deployed', () => {
    const order = deploymentOrder(demo, { services: ['airport-day', 'flown-flights', 'airport-registry'].map(service) }, [])
    expect(names(order)).toEqual({ 'airport-registry': [], 'flown-flights': [], 'airport-day': ['airport-registry', 'flown-flights'] })
    expect([...order.keys()].at(-1)).toBe('airport-day')
  })

  test('is turned around for who gives up a column: whoever takes it away waits for him', () => {
    const reads = [{ v: 1 as const, task: 'airport-day', reads: delayRead }]
    const order = deploymentOrder(
      demo,
      { services: [changed(withoutDelay), reformed, ...['airport-registry', 'route-punctuality'].map(service)] },
      reads,
    )
    expect(names(order)).toEqual({
      'airport-registry': [],
      'airport-day': [],
      'flown-flights': ['airport-day'],
      'route-punctuality': ['airport-registry', 'flown-flights'],
    })
  })
})

test('an input that nothing makes is a warning, until something does', () => {
  const [warning] = errors([service('airport-day')], { ...registered, made: new Set(['airports', 'wildlife_strikes']) })
  expect(warning).toMatchObject({
    severity: 'warning',
    message: 'airport-day reads flights, which nothing in the stage makes',
    file: 'services/airport-day/task.ts',
  })
  expect(errors([service('airport-day'), flights], { ...registered, made: new Set(['airports', 'wildlife_strikes']) })).toEqual([])
})

test('a reader of a column that the stage does not make yet is refused, until its producer goes with it', () => {
  const given = { ...registered, columns: new Map([['flights', withoutDelay]]) }
  const [found] = errors([service('airport-day')], given)
  expect(found).toMatchObject({
    severity: 'error',
    file: 'services/airport-day/airport-day.sql',
    line: 6,
    message: 'airport-day reads "delay_min" of flights, which in the stage has no such column',
    remedy: 'deploy flown-flights first, or with it',
  })
  expect(errors([service('airport-day'), flights], given)).toEqual([])
})

describe('registration', () => {
  const ledger = new SqliteLedger({ path: ':memory:', filter: () => false })
  afterAll(() => ledger.close())
  const told: string[] = []
  const world = {
    ledger,
    clock: { now: () => 1000, stamp: () => 1000 },
    notifier: { platform: async (message: string) => void told.push(message) },
  } as unknown as World

  test('a service registers its own contract and nobody else’s, and says what it waits for', async () => {
    expect(await registerTask(world, root, service('airport-day').task)).toEqual([
      'airport-day: its contract is registered',
      'airport-day waits for flights, which nothing here makes yet: deploy its producer',
      'airport-day waits for airports, which nothing here makes yet: deploy its producer',
      'airport-day waits for wildlife_strikes, which nothing here makes yet: deploy its producer',
    ])
    const graph = await readGraph(ledger)
    expect(graph.tasks.map(t => t.task)).toEqual(['airport-day'])
    // So that it can wait for them.
    expect(graph.dataset('flights')?.partitioning).toMatchObject({ grain: 'daily' })
  })

  test('registered again nothing changes, and its life began when it first was', async () => {
    const later = { ...world, clock: { now: () => 2000, stamp: () => 2000 } }
    const lines = await registerTask(later, root, service('airport-day').task)
    expect(lines[0]).toBe('airport-day: its contract has not changed')
    expect((await readGraph(ledger)).task('airport-day')?.deployedAt).toBe(1000)
  })

  test('once its producer is there nobody waits; what is registered is known to the next deployment', async () => {
    expect(await registerTask(world, root, flights.task)).toEqual(['flown-flights: its contract is registered'])
    const known = await registeredOn(ledger)
    expect([...known.made].sort()).toEqual(['airport_days', 'flights'])
    expect(known.reads.map(r => r.task)).toEqual(['airport-day', 'flown-flights'])
    expect(deploymentFindings(demo, { services: [changed(withoutDelay)] }, known).map(f => f.severity)).toEqual(['error'])
  })

  test('a task that is retired reads nothing any more, and begins a new life when it comes back', async () => {
    expect(await retireTask(world, 'airport-day')).toBe(true)
    expect(await retireTask(world, 'airport-day')).toBe(false)
    const known = await registeredOn(ledger)
    expect(deploymentFindings(demo, { services: [changed(withoutDelay)] }, known)).toEqual([])
    expect(known.made.has('airport_days')).toBe(false)
    await registerTask({ ...world, clock: { now: () => 3000, stamp: () => 3000 } }, root, service('airport-day').task)
    expect((await readGraph(ledger)).task('airport-day')?.deployedAt).toBe(3000)
  })

  test('the demo has no dataset made outside', async () => {
    expect(await registerOutside(world, root)).toEqual([])
  })

  test('a plain deployment of a service, or of the platform, is refused where a registered reader would miss what it reads', async () => {
    const project = trialProject(soundProject())
    const sound = await loadProject(project.folder)
    expect(await registerOutside(world, project.folder)).toEqual(['made outside, and registered: orders, regions'])
    for (const { task } of sound.services) await registerTask(world, project.folder, task)
    const known = await registeredOn(ledger)
    const renamed = async (dataset: string, more: string) => {
      const columns = datasetFile(dataset, more).replace("city: 'string'", "town: 'string'")
      return loadProject(trialProject({ ...soundProject(), [`datasets/${dataset}.ts`]: columns }).folder)
    }
    for (const task of [undefined, 'clean-orders', 'weekly-report']) expect(() => refuseLossesBy(known, sound, task)).not.toThrow()
    const [orders, clean] = [await renamed('orders', 'outside: true'), await renamed('clean', "key: ['id'],")]
    expect(() => refuseLossesBy(known, orders)).toThrow(
      expect.objectContaining({
        code: 'BAD_DATASET',
        message: expect.stringMatching(/^orders would lose the column "city", which clean-orders reads \(.*\); nothing is deployed$/),
        remedy: expect.stringMatching(/^deploy clean-orders without it first/),
        place: expect.objectContaining({ file: 'datasets/orders.ts' }),
      }),
    )
    expect(() => refuseLossesBy(known, clean, 'clean-orders')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^clean would lose the column "city", which weekly-report reads/) }),
    )
    // Who reads what the stage lacks is refused too, and who deploys something else is not.
    expect(() => refuseLossesBy(known, clean)).not.toThrow()
    const without = { ...known, columns: new Map([...known.columns, ['clean', { id: 'int' as const }]]) }
    expect(() => refuseLossesBy(without, sound, 'weekly-report')).toThrow(
      /^weekly-report reads "city" of clean, which in the stage has no such column/,
    )
  })
})
