import { LEASE_MS } from '../../shared/core/attempt.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { heedJob, recordJob } from '../../shared/engine/job.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { sweepTask } from '../../shared/engine/sweep.ts'
import type { JobStatus } from '../../shared/ports/spark.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: a task whose work is a Spark job
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, retry: { attempts: 2, losses: 2, backoff: 1m } }
steps: []
`,
  'job.yaml',
)
const key = runKey('clean', '2026-03-02')
const attempt = { task: 'cleaning', dataset: 'clean', partition: '2026-03-02', generation: 1, attempt: 1 }
const folder = 'clean/2026-03-02/g1-a1'

let host: StoryHost
let jobs: Map<string, JobStatus>
let cancelled: string[]
let files: Map<string, string>
const doc = async () => (await host.ledger.get<RunDoc>(key))!.doc
const write = async (more: Partial<RunDoc>) => {
  const rev = (await host.ledger.get(key))?.rev ?? 0
  const running = {
    v: 1,
    dataset: 'clean',
    partition: '2026-03-02',
    task: 'cleaning',
    state: 'running',
    generation: 1,
    attempt: 1,
  } as const
  const cause = { lane: 'nightly' } as const
  await host.ledger.put(key, { ...running, cause, lease: host.now + LEASE_MS, ...more }, rev)
}
const say = (state: JobStatus['state'], message?: string) => jobs.set('j1', { attempt, state, ...(message && { message }) })

beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
  jobs = new Map()
  cancelled = []
  files = new Map()
  host.world.spark = {
    submit: async () => 'j1',
    status: async id => jobs.get(id),
    cancel: async id => void cancelled.push(id),
  }
  host.world.lake.get = async name => (files.has(name) ? new TextEncoder().encode(files.get(name)) : undefined)
  await write({ job: 'j1' })
})

describe('a job that runs', () => {
  test('keeps its attempt alive', async () => {
    await write({ job: 'j1', lease: host.now + 1 })
    say('running')
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'running', job: 'j1', lease: host.now + LEASE_MS })
  })

  test('is written down by whoever hears of it first', async () => {
    await write({})
    say('running')
    await heedJob(host.world, 'j1')
    expect((await doc()).job).toBe('j1')
  })

  test('is ended where another does the work, or the attempt is no longer the run’s own', async () => {
    expect(await recordJob(host.world, attempt, 'j2')).toBe(false)
    await write({ attempt: 2 })
    say('running')
    await heedJob(host.world, 'j1')
    await write({ state: 'cancelled' })
    await heedJob(host.world, 'j1')
    expect(cancelled).toEqual(['j2', 'j1', 'j1'])
  })
})

describe('a job that is over', () => {
  test('has made what its manifest says, whatever its status', async () => {
    files.set(`${folder}/manifest.json`, JSON.stringify({ rows: 3, bytes: 40, schemaHash: 's', files: [] }))
    say('failed', 'the cluster went away')
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'succeeded', version: { number: 1, rows: 3, bytes: 40, schemaHash: 's' } })
    expect(await doc()).not.toHaveProperty('job')
  })

  test('has failed as it says itself', async () => {
    files.set(`${folder}/failure.json`, JSON.stringify({ failure: 'user', code: 'CHECK_FAILED', message: 'no rows' }))
    say('failed')
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'failed', error: { failure: 'user', code: 'CHECK_FAILED', message: 'no rows' } })
  })

  test.each([
    ['failed', 'java.lang.OutOfMemoryError: Java heap space', 'resources'],
    ['failed', 'executor exited with exit code 137', 'resources'],
    ['failed', 'java.io.IOException: No space left on device', 'resources'],
    ['cancelled', 'Job run timed out after 30 minutes', 'timeout'],
    ['failed', 'something else', 'lost'],
    ['succeeded', undefined, 'lost'],
  ] as const)('without a word of its own, %s for “%s”, counts as %s', async (state, message, failure) => {
    say(state, message)
    await heedJob(host.world, 'j1')
    expect((await doc()).error).toMatchObject({ failure, message: expect.stringContaining(`the job ${state} without a word`) })
  })

  test.each([
    ['java.lang.OutOfMemoryError: Java heap space', 'set spark.memoryGb in its task.ts, 16 unless given and 120 at most'],
    ['java.io.IOException: No space left on device', 'set spark.diskGb in its task.ts, 20 unless given and 200 at most'],
  ])('that outgrew its workers (%s) names the size to set, and is not tried again', async (message, remedy) => {
    await write({ ended: { resources: 1 } })
    say('failed', message)
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'failed', error: { message: expect.stringContaining(remedy) } })
  })

  test('says nothing of an attempt whose work another job does, or of a later one', async () => {
    files.set(`${folder}/manifest.json`, '{}')
    say('succeeded')
    await write({ job: 'j2' })
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'running', job: 'j2' })
    await write({ attempt: 2 })
    await heedJob(host.world, 'j1')
    expect(await doc()).toMatchObject({ state: 'running', attempt: 2 })
  })
})

describe('the sweep', () => {
  test('asks after jobs: one that runs is not lost, one that is over has ended', async () => {
    await write({ job: 'j1', lease: host.now - 1 })
    say('running')
    await sweepTask(host.world, 'cleaning')
    expect(await doc()).toMatchObject({ state: 'running', lease: host.now + LEASE_MS })
    files.set(`${folder}/manifest.json`, JSON.stringify({ rows: 1, bytes: 4, schemaHash: '' }))
    say('succeeded')
    await sweepTask(host.world, 'cleaning')
    expect((await doc()).state).toBe('succeeded')
  })

  test('counts a job that nobody knows of as lost once its lease is over, and ends it in case it lives', async () => {
    await sweepTask(host.world, 'cleaning')
    expect((await doc()).state).toBe('running')
    await write({ job: 'j1', lease: host.now - 1 })
    await sweepTask(host.world, 'cleaning')
    expect(await doc()).toMatchObject({ state: 'running', attempt: 2, ended: { lost: 1 } })
    expect(await doc()).not.toHaveProperty('job')
    expect(cancelled).toEqual(['j1'])
  })
})
