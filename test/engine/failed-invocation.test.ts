import type { RunDoc } from '../../shared/core/run.ts'
import { type FailedInvocation, failureOf, isFailedInvocation } from '../../shared/engine/failed-invocation.ts'
import { provideHost } from '../../shared/engine/host.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { lambda } from '../../shared/engine/lambda.ts'
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
  cleaning: { inputs: { orders: same }, output: clean, retry: { attempts: 2, backoff: 1m } }
steps: []
`,
  'failed.yaml',
)
const day = { description: '', owner: '', columns: { id: 'int' }, partition: daily({ from: '2026-03-01' }) } as const
const declared = transform({
  inputs: { orders: same(dataset('orders', day)) },
  output: dataset('clean', day),
  sql: 'clean.sql',
  memoryMb: 2048,
})
const task = { ...declared, name: 'cleaning' } as Task
const attempt = { task: 'cleaning', dataset: 'clean', partition: '2026-03-02', generation: 1, attempt: 1 }

/** As Lambda sends it, but for what the test says. */
const failed = (errorType?: string, errorMessage?: string, more: Partial<FailedInvocation> = {}): FailedInvocation => ({
  version: '1.0',
  timestamp: '2026-03-09T06:15:00.000Z',
  requestContext: {
    requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
    functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:redeye-dev-cleaning-work:$LATEST',
    condition: 'RetriesExhausted',
    approximateInvokeCount: 1,
  },
  requestPayload: attempt,
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: { ...(errorType !== undefined && { errorType }), ...(errorMessage !== undefined && { errorMessage }) },
  ...more,
})

test.each([
  ['Runtime.OutOfMemory', 'RequestId: 1 Error: Runtime exited with error: signal: killed', 'resources'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: signal: killed', 'resources'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: signal: aborted (core dumped)', 'resources'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: exit status 134', 'resources'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: exit status 137', 'resources'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: exit status 1345', 'lost'],
  ['Runtime.OutOfMemory', undefined, 'resources'],
  ['Error', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'resources'],
  ['Sandbox.Timedout', undefined, 'timeout'],
  // Killed because its time was over.
  ['Sandbox.Timedout', 'RequestId: 1 Error: Runtime exited with error: signal: killed', 'timeout'],
  ['Sandbox.Timedout', 'RequestId: 1 Error: Task timed out after 900.00 seconds', 'timeout'],
  [undefined, '2026-03-09T06:15:00.000Z e4b46cbf Task timed out after 900.10 seconds', 'timeout'],
  ['Runtime.ExitError', 'RequestId: 1 Error: Runtime exited with error: exit status 1', 'lost'],
  ['RedeyeError', 'dynamodb:UpdateItem on table/ledger failed', 'lost'],
  ['Runtime.ImportModuleError', "Error: Cannot find module 'x'", 'lost'],
  [undefined, undefined, 'lost'],
])('%s: %s is %s', (errorType, errorMessage, failure) => {
  expect(failureOf(failed(errorType, errorMessage)).failure).toBe(failure)
})

test('one that waited too long and never began is lost, says so, and takes none of the run’s attempts', () => {
  const { requestContext } = failed()
  const waited = failed(undefined, undefined, {
    requestContext: { ...requestContext, condition: 'EventAgeExceeded', approximateInvokeCount: 0 },
    responseContext: undefined,
    responsePayload: undefined,
  })
  expect(failureOf(waited)).toEqual({
    failure: 'lost',
    code: 'WORKER_LOST',
    message: 'no function was free to begin the attempt',
    uncounted: true,
  })
})

test('only what says of what and why is Lambda’s word', () => {
  expect(isFailedInvocation({ requestContext: {}, requestPayload: {} })).toBe(true)
  expect(isFailedInvocation({ requestContext: {} })).toBe(false)
  expect(isFailedInvocation({ requestPayload: {} })).toBe(false)
})

describe('decide', () => {
  let host: StoryHost
  const { decide } = lambda(task)
  const run = async () => (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!.doc
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
    host.hold(['cleaning'])
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
    provideHost({
      world: host.world,
      compute: () => ({ run: () => Promise.reject(new Error('decide never works')) }),
      logger: () => () => {},
    })
  })
  afterEach(() => provideHost(undefined))

  test('ends an attempt that was killed for memory, which is not tried again, and names the size to set', async () => {
    await decide(failed('Runtime.ExitError', 'Runtime exited with error: signal: killed'), {})
    expect(await run()).toMatchObject({
      state: 'failed',
      error: { failure: 'resources', code: 'OUT_OF_MEMORY', message: expect.stringContaining('set memoryMb to 4096 in its task.ts') },
    })
  })

  test('ends one that ran out of time, and the next attempt is due at once', async () => {
    await decide(failed('Sandbox.Timedout', 'Task timed out after 900.00 seconds'), {})
    expect(await run()).toMatchObject({ state: 'queued', ended: { timeout: 1 }, due: host.now, error: { code: 'ATTEMPT_ENDED' } })
    expect((await run()).error!.message).not.toContain('memoryMb')
    await host.drain()
    expect(await run()).toMatchObject({ state: 'running', generation: 1, attempt: 2 })
  })

  test('told twice, or of an attempt that another has taken over, changes nothing', async () => {
    await decide(failed('Runtime.ExitError', 'exit status 1'), {})
    await host.drain()
    const before = await run()
    expect(before).toMatchObject({ state: 'running', attempt: 2, ended: { lost: 1 } })
    await decide(failed('Runtime.ExitError', 'exit status 1'), {})
    expect(await run()).toEqual(before)
  })

  test('an attempt that had reported stays as it ended', async () => {
    await host.end(attempt, 'ok')
    await decide(failed('Runtime.ExitError', 'exit status 1'), {})
    expect(await run()).toMatchObject({ state: 'succeeded' })
  })

  test.each([
    [10_240, 'make its work smaller'],
    [10_239, 'set memoryMb to 10240'],
    [5120, 'set memoryMb to 10240'],
    [undefined, 'set memoryMb to 3538 in its task.ts'],
  ])('of a function of %s MB that took more says: %s', async (memoryMb, said) => {
    const { memoryMb: _, ...rest } = task
    await lambda({ ...rest, ...(memoryMb !== undefined && { memoryMb }) } as Task).decide(failed('Runtime.OutOfMemory'), {})
    expect((await run()).error!.message).toContain(said)
  })

  test('what is no word of Lambda’s goes its own way', async () => {
    const event = { id: 'e', 'detail-type': 'RunCancelled', detail: { task: 'cleaning', partition: '2026-03-02' } }
    await decide(event as never, {})
    expect((await run()).state).toBe('cancelled')
  })

  test.each([
    [undefined],
    [null],
    [{ ...attempt, task: 'another' }],
    [{ ...attempt, task: 3 }],
    [{ ...attempt, dataset: undefined }],
    [{ ...attempt, partition: undefined }],
    [{ ...attempt, generation: 1.5 }],
    [{ ...attempt, attempt: 'x' }],
  ])('refuses %j, which is no attempt of its task', async requestPayload => {
    await expect(decide(failed('x', 'y', { requestPayload }), {})).rejects.toMatchObject({ code: 'BAD_EVENT' })
  })
})
