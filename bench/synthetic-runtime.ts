import type { RunDoc } from '../shared/core/run.ts'
import { recordVersion } from '../shared/engine/deliveries.ts'
import { lambda } from '../shared/engine/lambda.ts'
import { type Decide, type Runtime, startRuntime } from '../shared/local/runtime.ts'
import type { Task } from '../shared/task/task.ts'
import type { BenchData } from './services.ts'
import { buildShape, contractsOf, type Shape } from './shapes.ts'

/** A synthetic graph, hosted by the local runtime as a project is. */
export interface SyntheticRuntime extends AsyncDisposable {
  runtime: Runtime
  /** When the i-th task's work had its first line (2i) and its last (2i + 1), in monotonic milliseconds. */
  times: Float64Array
  /** An outside dataset's partition gets its next version. */
  deliver(dataset: string, partition: string, version?: number): Promise<void>
  /** Resolves when a run of the task has succeeded, with the time of its commit. */
  succeeded(task: string): Promise<void>
  /** Ledger requests since the last call. */
  requests(): number
}

const nobody = async () => {}

export async function synthetic(
  shape: Shape,
  state: string,
  { onSuccess, threads }: { onSuccess?: (run: RunDoc) => void; threads?: number } = {},
): Promise<SyntheticRuntime> {
  const graph = buildShape(shape)
  const times = new SharedArrayBuffer(16 * graph.tasks.size)
  const waiting = new Map<string, () => void>()
  const runtime = await startRuntime({
    state,
    contracts: deployedAt => contractsOf(graph, deployedAt),
    decides: new Map([...graph.tasks.keys()].map(task => [task, lambda({ name: task } as Task).decide as Decide])),
    services: { services: new URL('./services.ts', import.meta.url).href, servicesData: { shape, times } satisfies BenchData },
    inspect: () => Promise.reject(new Error('nothing is delivered by event here')),
    notifier: { alert: async a => fail(a), notice: nobody, platform: async message => fail(message) },
    onRun: (_before, after) => {
      if (after.state !== 'succeeded') return
      onSuccess?.(after)
      waiting.get(after.task!)?.()
    },
    logs: false,
    ...(threads !== undefined && { threads }),
  })
  let counted = total(runtime)
  const bench: SyntheticRuntime = {
    runtime,
    times: new Float64Array(times),
    deliver: (dataset, partition, version = 1) =>
      recordVersion(runtime.world, dataset, partition, `version ${version}`, version, { rows: 1, bytes: 1, schemaHash: '' }),
    succeeded: task => new Promise(resolve => waiting.set(task, resolve)),
    requests: () => -counted + (counted = total(runtime)),
    [Symbol.asyncDispose]: () => runtime.close(),
  }
  if (shape.shape !== 'days') await warmUp(bench)
  bench.requests()
  return bench
}

// With 400 tasks: every thread is up, and what decides has run often enough to be compiled as well as it ever is.
const WARM_ROUNDS = 6

async function warmUp(bench: SyntheticRuntime): Promise<void> {
  for (let version = 1; version <= WARM_ROUNDS; version++) {
    await bench.deliver('warm', 'all', version)
    await bench.runtime.idle()
  }
}

function fail(what: unknown): never {
  throw new Error(`the bench met what should not be: ${JSON.stringify(what)}`)
}

const total = ({ ledger }: Runtime) => Object.values(ledger.requests).reduce((a, b) => a + b)
