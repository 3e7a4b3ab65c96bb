import { startOrEnd } from '../../shared/aws/start-or-end.ts'
import type { TaskContract } from '../../shared/core/contract.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { runKey } from '../../shared/engine/keys.ts'
import type { World } from '../../shared/engine/world.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'

const contract: TaskContract = {
  kind: 'task',
  task: 'clean-orders',
  output: 'clean',
  inputs: [],
  onNight: false,
  retry: { attempts: 1, timeouts: 2, losses: 3, backoffMs: 1000, factor: 2, jitter: 0 },
  hash: 'h',
  inputsHash: 'i',
  deployedAt: 0,
}
const graph = buildGraph([
  contract,
  { kind: 'dataset', dataset: 'clean', partitioning: { grain: 'daily', timezone: 'UTC' }, outside: false, keepMs: 0 },
])
const attempt = { task: 'clean-orders', dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 1 }
const running: RunDoc = { v: 1, ...attempt, state: 'running', ended: {}, startedAt: 1, lease: 10 }

/** What stands in the ledger after `start` has answered so. */
async function after(start: () => Promise<void>, throws = false): Promise<RunDoc> {
  const ledger = new SqliteLedger({ path: ':memory:', filter: () => false })
  const key = runKey('clean', '2001-02-14')
  await ledger.put(key, running, 0)
  const world = {
    ledger,
    graph: async () => graph,
    clock: { now: () => 5, stamp: () => 5 },
    chance: { next: () => 0.5 },
  } as unknown as World
  const starting = startOrEnd(world, { start, stop: async () => {} }, attempt)
  if (throws) await expect(starting).rejects.toThrow()
  else await starting
  const { doc } = (await ledger.get<RunDoc>(key))!
  ledger.close()
  return doc
}

test('what was started runs', async () => {
  expect((await after(async () => {})).state).toBe('running')
})

test('one that could not be invoked takes none of the run’s attempts: whoever delivers the message does so again', async () => {
  const doc = await after(async () => {
    throw new RedeyeError('AWS_FAILED', 'lambda:InvokeFunction failed: throttled', { remedy: 'it is tried again' })
  }, true)
  expect(doc).toEqual(running)
})

test('one that may not be invoked fails, and says what to grant', async () => {
  const doc = await after(async () => {
    throw new RedeyeError('NOT_DEPLOYED', 'lambda:InvokeFunction is not allowed', { remedy: 'allow it in the role', failure: 'user' })
  })
  expect(doc).toMatchObject({
    state: 'failed',
    error: { failure: 'user', code: 'NOT_DEPLOYED', message: 'lambda:InvokeFunction is not allowed; allow it in the role' },
  })
})
