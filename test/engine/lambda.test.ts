import { provideHost } from '../../shared/engine/host.ts'
import { lambda } from '../../shared/engine/lambda.ts'
import { Unfinished } from '../../shared/ports/compute.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { inputsHash } from '../../shared/task/contract.ts'
import { daily, dataset } from '../../shared/task/dataset.ts'
import { same } from '../../shared/task/input.ts'
import { type Task, transform } from '../../shared/task/task.ts'

const parsed = parseStory(
  `
story: one task
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
steps: []
`,
  'lambda.yaml',
)
const day = { description: '', owner: '', columns: { id: 'int' }, partition: daily({ from: '2026-03-01' }) } as const
const declared = transform({ inputs: { orders: same(dataset('orders', day)) }, output: dataset('clean', day), sql: 'clean.sql' })
const task = { ...declared, name: 'cleaning' } as Task
const story = { ...parsed, tasks: parsed.tasks.map(t => ({ ...t, inputsHash: inputsHash(task) })) }
const name = { task: 'cleaning', dataset: 'clean', partition: '2026-03-02', generation: 1, attempt: 1 }
afterEach(() => provideHost(undefined))

/** What an attempt is told of its time, when an invocation that began with so much has so much left. */
async function yieldsAfter(all: number, left: number): Promise<boolean | undefined> {
  const host = new StoryHost(story, story.now)
  await host.deploy()
  host.hold(['cleaning'])
  await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
  await host.drain()
  host.world.workers.start = async () => {}
  let now = all
  let told: boolean | undefined
  const run = async ({ yields }: { yields?(): boolean }) => {
    now = left
    told = yields?.()
    throw new Unfinished()
  }
  provideHost({ world: host.world, compute: () => ({ run }), logger: () => () => {} })
  await lambda(task).work(name, { getRemainingTimeInMillis: () => now } as never)
  return told
}

test.each([
  [900_000, 91_000, false],
  [900_000, 90_000, false],
  [900_000, 89_000, true],
  [60_000, 13_000, false],
  [60_000, 11_000, true],
])('an invocation of %s ms with %s ms left yields: %s', async (all, left, yields) => {
  expect(await yieldsAfter(all, left)).toBe(yields)
})

test('the schedule of a service is its sweep', async () => {
  const host = new StoryHost(story, story.now)
  await host.deploy()
  await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
  let handled = 0
  const handle = async () => void handled++
  provideHost({ world: host.world, compute: () => ({ run: () => Promise.reject(new Error('x')) }), logger: () => () => {}, handle })
  const { decide } = lambda(task)
  await decide({ 'detail-type': 'Scheduled Event', source: 'aws.events' }, {})
  expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  expect(handled).toBe(0)
  // What else it is told is handled as its host does.
  await decide({ 'detail-type': 'RunDue', detail: {} } as never, {})
  expect(handled).toBe(1)
})

test('an invocation without an end never yields', async () => {
  const host = new StoryHost(story, story.now)
  await host.deploy()
  host.hold(['cleaning'])
  await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
  await host.drain()
  let told: object | undefined
  const run = async (attempt: object) => {
    told = attempt
    throw new Error('x')
  }
  provideHost({ world: host.world, compute: () => ({ run }), logger: () => () => {} })
  await lambda(task).work(name, {} as never)
  expect(told).not.toHaveProperty('yields')
})
