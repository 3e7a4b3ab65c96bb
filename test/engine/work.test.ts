import { computeFailure } from '../../shared/compute/failure.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { work } from '../../shared/engine/work.ts'
import { type Compute, Unfinished } from '../../shared/ports/compute.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { daily, dataset } from '../../shared/task/dataset.ts'
import { same } from '../../shared/task/input.ts'
import { type Task, transform } from '../../shared/task/task.ts'

const story = parseStory(
  `
story: one task
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, timeout: 1s, retry: { attempts: 2, backoff: 1m } }
steps: []
`,
  'work.yaml',
)
const day = { description: '', owner: '', columns: { id: 'int' }, partition: daily({ from: '2026-03-01' }) } as const
const declared = transform({ inputs: { orders: same(dataset('orders', day)) }, output: dataset('clean', day), sql: 'clean.sql' })
const task = { ...declared, name: 'cleaning' } as Task
const name = { task: 'cleaning', dataset: 'clean', partition: '2026-03-02', generation: 1, attempt: 1 }

describe('an attempt', () => {
  let host: StoryHost
  const run = async () => (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!.doc
  const doing = (compute: Compute['run']) => work(host.world, task, { run: compute }, name, () => {})
  const manifest = { rows: 3, bytes: 5, schemaHash: 'h' } as Awaited<ReturnType<Compute['run']>>
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
    host.hold(['cleaning'])
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
  })

  test('reads what it pinned, writes into its own folder, and is published', async () => {
    await doing(async attempt => {
      expect(attempt).toMatchObject({
        folder: 'clean/2026-03-02/g1-a1',
        inputs: { orders: [{ partition: '2026-03-02', version: 1, folder: 'orders/2026-03-02/g1-a1' }] },
      })
      return manifest
    })
    expect(await run()).toMatchObject({ state: 'succeeded', version: { number: 1, rows: 3, bytes: 5 } })
  })

  test('whose time is over ends as a timeout, and is tried again', async () => {
    await doing(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            reject(computeFailure(new Error('interrupted'), { task: 'cleaning', partition: '2026-03-02', file: '' }, signal)),
          )
        }),
    )
    expect(await run()).toMatchObject({ state: 'queued', ended: { timeout: 1 }, error: { failure: 'timeout' } })
  })

  test('ends with its error’s class, and with what to do', async () => {
    await doing(async () => {
      throw new RedeyeError('SOURCE_UNAVAILABLE', 'the API is busy', { remedy: 'wait' })
    })
    expect(await run()).toMatchObject({
      state: 'queued',
      error: { failure: 'transient', code: 'SOURCE_UNAVAILABLE', message: 'the API is busy; wait' },
    })
  })

  test('that fails as nobody foresaw is the task’s own mistake', async () => {
    await doing(async () => {
      throw new TypeError('x is undefined')
    })
    expect(await run()).toMatchObject({ state: 'failed', error: { failure: 'user' } })
  })

  test('told twice, works once; told late, not at all', async () => {
    let times = 0
    const compute = async () => {
      times++
      return manifest
    }
    await doing(compute)
    await doing(compute)
    expect(times).toBe(1)
    expect((await run()).version!.number).toBe(1)
  })

  test('that stops at a checkpoint goes on in a next invocation, as the same attempt with what is left of its time', async () => {
    const started: unknown[] = []
    host.world.workers.start = async attempt => void started.push(attempt)
    const yields = () => true
    const invoke = (compute: Compute['run']) => work(host.world, task, { run: compute }, name, () => {}, yields)
    await invoke(async attempt => {
      expect(attempt.yields).toBe(yields)
      throw new Unfinished()
    })
    expect(started).toEqual([name])
    const { deadline } = await run()
    expect(await run()).toMatchObject({ state: 'running', generation: 1, attempt: 1, handedOn: 1 })
    await invoke(async () => manifest)
    expect(await run()).toMatchObject({ state: 'succeeded', attempt: 1, handedOn: 1 })
    expect(deadline).toBeDefined()
  })

  test('that was overtaken meanwhile does not go on', async () => {
    const started: unknown[] = []
    host.world.workers.start = async attempt => void started.push(attempt)
    await doing(async () => {
      await host.publish([{ type: 'RunCancelled', detail: { task: 'cleaning', partition: '2026-03-02' } }])
      await host.drain()
      throw new Unfinished()
    })
    expect([started, (await run()).state]).toEqual([[], 'cancelled'])
  })

  test('whose time was over when it was to go on ends as a timeout', async () => {
    host.world.workers.start = async () => {}
    await doing(async () => {
      throw new Unfinished()
    })
    host.now += 2000
    await doing(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            reject(computeFailure(new Error('x'), { task: 'cleaning', partition: '2026-03-02' }, signal)),
          )
        }),
    )
    expect(await run()).toMatchObject({ error: { failure: 'timeout' } })
  })
})
