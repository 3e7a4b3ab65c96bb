import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contract } from '../../shared/core/contract.ts'
import { recordVersion } from '../../shared/engine/deliveries.ts'
import { lambda } from '../../shared/engine/lambda.ts'
import { type Decide, startRuntime } from '../../shared/local/runtime.ts'
import { inputsHash } from '../../shared/task/contract.ts'
import type { Task } from '../../shared/task/task.ts'
import { type CrowdData, crowdTask } from './crowd-services.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-workers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SHORT = 60
const names = [...Array.from({ length: SHORT }, (_, i) => `short-${i}`)]
names.splice(20, 0, 'long')

function contracts(deployedAt: (task: string) => number): Contract[] {
  const dataset = (name: string): Contract => ({
    kind: 'dataset',
    dataset: name,
    partitioning: { grain: 'unpartitioned' },
    outside: name === 'source',
    keepMs: 0,
  })
  return [
    dataset('source'),
    ...names.flatMap((task): Contract[] => [
      dataset(task),
      {
        kind: 'task',
        task,
        output: task,
        inputs: [{ dataset: 'source', mapping: { map: 'same' }, wait: 'all', onUpdate: 'rerun' }],
        onNight: false,
        retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
        hash: '',
        inputsHash: inputsHash(crowdTask(task)),
        deployedAt: deployedAt(task),
      },
    ]),
  ]
}

test('an attempt that takes its time keeps no other from starting, though it came first to its thread', async () => {
  const data: CrowdData = { worked: new Int32Array(new SharedArrayBuffer(8)), short: SHORT }
  const succeeded: string[] = []
  const runtime = await startRuntime({
    state: join(folder, 'state'),
    contracts,
    decides: new Map(names.map(task => [task, lambda({ name: task } as Task).decide as Decide])),
    services: { services: new URL('./crowd-services.ts', import.meta.url).href, servicesData: data },
    inspect: () => Promise.reject(new Error('nothing is delivered by event')),
    notifier: { alert: async () => {}, notice: async () => {}, platform: async () => {} },
    onRun: (_, run) => void (run.state === 'succeeded' && succeeded.push(run.task!)),
    threads: 2,
    logs: false,
  })
  await recordVersion(runtime.world, 'source', 'all', 'v1', 1, { rows: 1, bytes: 1, schemaHash: '' })
  await runtime.idle()
  await runtime.close()
  expect(succeeded.toSorted()).toEqual(names.toSorted())
}, 30_000)
