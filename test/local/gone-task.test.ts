import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contract } from '../../shared/core/contract.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { lambda } from '../../shared/engine/lambda.ts'
import { type Decide, type Runtime, startRuntime } from '../../shared/local/runtime.ts'
import type { Task } from '../../shared/task/task.ts'
import type { CrowdData } from './crowd-services.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-gone-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A runtime with one task a name, each with a dataset of its own. */
function runtimeWith(tasks: string[]): Promise<Runtime> {
  const data: CrowdData = { worked: new Int32Array(new SharedArrayBuffer(8)), short: 0 }
  return startRuntime({
    state: join(folder, 'state'),
    contracts: deployedAt =>
      tasks.flatMap((task): Contract[] => [
        { kind: 'dataset', dataset: task, partitioning: { grain: 'unpartitioned' }, outside: false, keepMs: 0 },
        {
          kind: 'task',
          task,
          output: task,
          inputs: [],
          onNight: false,
          retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
          hash: '',
          inputsHash: '',
          deployedAt: deployedAt(task),
        },
      ]),
    decides: new Map(tasks.map(task => [task, lambda({ name: task } as Task).decide as Decide])),
    services: { services: new URL('./crowd-services.ts', import.meta.url).href, servicesData: data },
    inspect: () => Promise.reject(new Error('nothing is delivered by event')),
    notifier: { alert: async () => {}, notice: async () => {}, platform: async () => {} },
    logs: false,
  })
}

test('of a task that is gone with its dataset the run that was at work ends, and what was to be told it goes nowhere', async () => {
  const before = await runtimeWith(['kept', 'gone', 'lost'])
  await before.idle()
  for (const task of ['gone', 'lost']) {
    const run: RunDoc = {
      v: 1,
      dataset: task,
      partition: 'all',
      generation: 1,
      attempt: 1,
      task,
      state: 'running',
      cause: { lane: 'manual' },
    }
    await before.ledger.put(runKey(task, 'all'), run, 0)
  }
  // As a process leaves it that dies before the event reaches its task.
  const event = JSON.stringify({ id: '1', 'detail-type': 'RunDue', detail: { task: 'gone', partition: 'all' } })
  before.ledger.sql('INSERT INTO messages (seq, target, event, tries) VALUES (1000, ?, ?, 0)').run('gone', event)
  await before.close()

  const after = await runtimeWith(['kept'])
  await after.idle()
  const graph = await after.graph()
  const states = await Promise.all(['gone', 'lost'].map(async task => (await after.ledger.get<RunDoc>(runKey(task, 'all')))?.doc.state))
  const letters = after.ledger.sql('SELECT target, reason FROM dead_letters').all()
  await after.close()
  expect(states).toEqual(['cancelled', 'cancelled'])
  expect(graph.tasks.map(t => t.task)).toEqual(['kept'])
  expect(letters).toEqual([])
})
