import { computeFailure } from '../../shared/compute/failure.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { beginWork } from '../../shared/engine/attempt.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { pinnedInputs, work } from '../../shared/engine/work.ts'
import { type Attempt, type Compute, Unfinished } from '../../shared/ports/compute.ts'
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
  cleaning: { inputs: { orders: same }, output: clean, timeout: 1s, retry: { attempts: 2, backoff: 1m } }
steps: []
`,
  'work.yaml',
)
const day = { description: '', owner: '', columns: { id: 'int' }, partition: daily({ from: '2026-03-01' }) } as const
const declared = transform({ inputs: { orders: same(dataset('orders', day)) }, output: dataset('clean', day), sql: 'clean.sql' })
const task = { ...declared, name: 'cleaning' } as Task
const story = { ...parsed, tasks: parsed.tasks.map(t => ({ ...t, inputsHash: inputsHash(task) })) }
const name = { task: 'cleaning', dataset: 'clean', partition: '2026-03-02', generation: 1, attempt: 1 }

test('what pinned nothing reads nothing', () => {
  expect(pinnedInputs(task, undefined)).toEqual({ orders: [] })
  expect(pinnedInputs(task, { inputsHash: '', inputs: [], at: 0 })).toEqual({ orders: [] })
})

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
    let told: unknown
    await doing(async attempt => {
      told = attempt
      return manifest
    })
    expect(told).toMatchObject({
      task: 'cleaning',
      partition: '2026-03-02',
      generation: 1,
      attempt: 1,
      folder: 'clean/2026-03-02/g1-a1',
      inputs: { orders: [{ partition: '2026-03-02', version: 1, folder: 'orders/2026-03-02/g1-a1' }] },
      cause: { lane: 'nightly' },
    })
    expect(await run()).toMatchObject({ state: 'succeeded', version: { number: 1, rows: 3, bytes: 5 } })
  })

  test('says that it has begun, but where its start can arrive only once', async () => {
    const before = await run()
    const once = { ...host.world, workers: { ...host.world.workers, once: true as const } }
    expect(await beginWork(once, name)).toMatchObject({ doc: { state: 'running', attempt: 1 } })
    expect(await beginWork(once, { ...name, attempt: 2 })).toBeUndefined()
    expect(await beginWork(once, { ...name, partition: '2026-03-07' })).toBeUndefined()
    expect(await run()).toEqual(before)
    const { begunAt: _, ...unbegun } = before
    await host.ledger.put(runKey('clean', '2026-03-02'), unbegun, 1)
    const { once: __, ...often } = host.world.workers
    expect(await beginWork({ ...host.world, workers: often }, name)).toBeDefined()
    expect(await beginWork({ ...host.world, workers: often }, name)).toBeUndefined()
    expect(await run()).toMatchObject({ begunAt: host.now })
  })

  test('that is told with its run does not read it, unless somebody has written it since', async () => {
    const { begunAt: _, ...doc } = await run()
    await host.ledger.put(runKey('clean', '2026-03-02'), doc, 1)
    const { once: __, ...often } = host.world.workers
    let reads = 0
    const { get } = host.world.ledger
    const world = {
      ...host.world,
      workers: often,
      ledger: {
        ...host.world.ledger,
        get: (key: Parameters<typeof get>[0]) => {
          reads++
          return get(key) as never
        },
      },
    }
    expect(await beginWork(world, { ...name, run: { rev: 1, doc } })).toMatchObject({ rev: 3 })
    expect(reads).toBe(1)
    await host.ledger.put(runKey('clean', '2026-03-02'), doc, 3)
    reads = 0
    expect(await beginWork(world, { ...name, run: { rev: 4, doc } })).toMatchObject({ rev: 5, doc: { begunAt: host.now } })
    expect(reads).toBe(0)
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

  test('ends with where its task is wrong', async () => {
    const file = task.declared.file.replace(/[^/]+$/, 'clean.sql')
    await doing(async () => {
      throw new RedeyeError('BAD_SQL', 'no column is called "ids"', { remedy: 'did you mean id?', file, line: 2, column: 8 })
    })
    expect((await run()).error!.message).toBe('no column is called "ids" (test/engine/clean.sql:2:8); did you mean id?')
  })

  test('ends by what its function knows of its task, without asking for the contracts of all', async () => {
    const { retry } = host.graph.task('cleaning')!
    const world = { ...host.world, ownTask: { task: 'cleaning', retry, hash: 'built' }, graph: () => Promise.reject(new Error('asked')) }
    await work(world, task, { run: async () => manifest }, name, () => {})
    expect((await run()).version).toMatchObject({ number: 1, hash: 'built' })
  })

  test('knows that an earlier one outgrew its function', async () => {
    const outgrown: (true | undefined)[] = []
    const noted = async (attempt: Attempt) => {
      outgrown.push(attempt.outgrown)
      return manifest
    }
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
    await host.ledger.put(runKey('clean', '2026-03-02'), { ...doc, ended: { resources: 1 } }, rev)
    await doing(noted)
    expect(outgrown).toEqual([true])
  })

  test('whose task has other inputs by now reads nothing, and is tried again', async () => {
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
    await host.ledger.put(runKey('clean', '2026-03-02'), { ...doc, pins: { ...doc.pins, inputsHash: 'those it had' } }, rev)
    let reads = false
    await doing(async () => {
      reads = true
      return manifest
    })
    expect(reads).toBe(false)
    expect(await run()).toMatchObject({ state: 'queued', error: { failure: 'transient', code: 'INPUTS_CHANGED' } })
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
    await invoke(async ({ handedOn }) => {
      expect(handedOn).toBe(true)
      return manifest
    })
    expect(await run()).toMatchObject({ state: 'succeeded', attempt: 1, handedOn: 1 })
    expect(deadline).toBeDefined()
  })

  test('that is a Spark job’s from now on leaves it to the job', async () => {
    const cancelled: string[] = []
    host.world.spark = { submit: async () => '', status: async () => undefined, cancel: async id => void cancelled.push(id) }
    await doing(async () => ({ job: 'j1' }))
    expect(await run()).toMatchObject({ state: 'running', attempt: 1, job: 'j1' })
    expect(cancelled).toEqual([])
  })

  test('that was cancelled while its job was submitted ends the job', async () => {
    const cancelled: string[] = []
    host.world.spark = { submit: async () => '', status: async () => undefined, cancel: async id => void cancelled.push(id) }
    await doing(async () => {
      await host.publish([{ type: 'RunCancelled', detail: { task: 'cleaning', partition: '2026-03-02' } }])
      await host.drain()
      return { job: 'j1' }
    })
    expect([(await run()).state, cancelled]).toEqual(['cancelled', ['j1']])
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

  describe('at long work', () => {
    const real = { setInterval, clearInterval }
    let beats: { renew: () => Promise<void>; ms: number }[]
    let ended: number
    beforeEach(() => {
      beats = []
      ended = 0
      globalThis.setInterval = ((renew: () => Promise<void>, ms: number) => beats.push({ renew, ms })) as never
      globalThis.clearInterval = (() => ended++) as never
    })
    afterEach(() => {
      Object.assign(globalThis, real)
    })

    test('says every ten minutes that it is alive, until it ends', async () => {
      await doing(async ({ signal }) => {
        expect(beats.map(b => b.ms)).toEqual([600_000])
        host.now += 600_000
        await beats[0]!.renew()
        expect((await run()).lease).toBe(host.now + 1_800_000)
        expect(signal.aborted).toBe(false)
        return manifest
      })
      expect(ended).toBe(1)
      expect((await run()).state).toBe('succeeded')
    })

    test('stops when the attempt is no longer the run’s own', async () => {
      let stopped: unknown
      await doing(async ({ signal }) => {
        await host.publish([{ type: 'RunCancelled', detail: { task: 'cleaning', partition: '2026-03-02' } }])
        await host.drain()
        await beats[0]!.renew()
        stopped = signal.reason
        throw signal.reason
      })
      expect(stopped).toMatchObject({ name: 'AbortError' })
      expect((await run()).state).toBe('cancelled')
    })

    test('goes on where the ledger did not answer', async () => {
      await doing(async ({ signal }) => {
        const { get } = host.world.ledger
        host.world.ledger.get = async () => {
          throw new Error('busy')
        }
        await beats[0]!.renew()
        host.world.ledger.get = get
        expect(signal.aborted).toBe(false)
        return manifest
      })
      expect((await run()).state).toBe('succeeded')
    })
  })

  describe('under a clock of its own', () => {
    const real = { setTimeout, clearTimeout }
    let timers: (number | undefined)[]
    let cleared: unknown[]
    beforeEach(() => {
      timers = []
      cleared = []
      globalThis.setTimeout = ((_: unknown, ms?: number) => timers.push(ms)) as never
      globalThis.clearTimeout = (timer => cleared.push(timer)) as typeof clearTimeout
    })
    afterEach(() => {
      Object.assign(globalThis, real)
    })
    const deadline = async (change: (doc: RunDoc) => RunDoc) => {
      const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
      await host.ledger.put(runKey('clean', '2026-03-02'), change(doc), rev)
    }

    test('has its whole time, however long it waited for a worker', async () => {
      host.now += 300
      await doing(async () => manifest)
      expect([timers, cleared]).toEqual([[1000], [1]])
    })

    test('that goes on has what is left of its time', async () => {
      host.world.workers.start = async () => {}
      await doing(async () => {
        throw new Unfinished()
      })
      host.now += 300
      await doing(async () => manifest)
      expect(timers).toEqual([1000, 700])
    })

    test('that goes on too late has none left', async () => {
      host.world.workers.start = async () => {}
      await doing(async () => {
        throw new Unfinished()
      })
      host.now += 1300
      await doing(async () => manifest)
      expect(timers).toEqual([1000, 0])
    })

    test('of more than a timer takes is looked at when that is over; of one without an end there is no timer', async () => {
      await deadline(doc => ({ ...doc, deadline: doc.startedAt! + 60 * 86_400_000 }))
      await doing(async () => manifest)
      expect(timers).toEqual([2 ** 31 - 1])
    })

    test('that may take for ever has no timer', async () => {
      await deadline(({ deadline: _, ...doc }) => doc)
      await doing(async () => manifest)
      expect(timers).toEqual([])
    })
  })

  test('tells its log of the night it belongs to, and of no lane where none is known', async () => {
    const said: unknown[] = []
    const begun = async (cause: RunDoc['cause']) => {
      const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
      const { begunAt: _, ...rest } = doc
      await host.ledger.put(runKey('clean', '2026-03-02'), { ...rest, state: 'running', cause }, rev)
      await work(host.world, task, { run: async () => Promise.reject(new Unfinished()) }, name, (_message, fields) => said.push(fields))
      return said.splice(0)[0]
    }
    host.world.workers.start = async () => {}
    expect(await begun({ lane: 'nightly', night: '2026-03-02' })).toStrictEqual({
      generation: 1,
      attempt: 1,
      lane: 'nightly',
      night: '2026-03-02',
    })
    expect(await begun(undefined)).toStrictEqual({ generation: 1, attempt: 1 })
  })

  test('says what it does to whoever keeps its log', async () => {
    const said: unknown[] = []
    const log = (message: string, fields?: object) => said.push([message, fields])
    await work(host.world, task, { run: async () => manifest }, name, log)
    expect(said).toEqual([
      ['attempt began', { generation: 1, attempt: 1, lane: 'nightly' }],
      ['published', { rows: 3, bytes: 5 }],
    ])
  })

  test('that was overtaken tells its log that it is refused', async () => {
    const said: string[] = []
    const overtaken = async () => {
      await host.publish([{ type: 'RunCancelled', detail: { task: 'cleaning', partition: '2026-03-02' } }])
      await host.drain()
      return manifest
    }
    await work(host.world, task, { run: overtaken }, name, message => said.push(message))
    expect(said).toEqual(['attempt began', expect.stringContaining('refused')])
  })

  test('that fails tells its log how', async () => {
    const said: unknown[] = []
    const failing = async () => {
      throw new RedeyeError('SOURCE_UNAVAILABLE', 'the API is busy')
    }
    await work(host.world, task, { run: failing }, name, (message, fields) => said.push([message, fields]))
    expect(said[1]).toEqual(['failed: the API is busy', { failure: 'transient', code: 'SOURCE_UNAVAILABLE' }])
  })
})
