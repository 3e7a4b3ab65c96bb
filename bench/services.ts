import middy from '@middy/core'
import { theHost } from '../shared/engine/host.ts'
import { work } from '../shared/engine/work.ts'
import type { ServicesModule } from '../shared/local/thread.ts'
import type { Compute } from '../shared/ports/compute.ts'
import type { AttemptName } from '../shared/ports/workers.ts'
import { buildShape, durationsOf, type Shape, type Synthetic, taskOf } from './shapes.ts'
import { monotonicMs } from './statistics.ts'

/** What threads are told of a synthetic graph. */
export interface BenchData {
  shape: Shape
  /** Shared memory of doubles: when the i-th task's work had its first line, and its last. */
  times: SharedArrayBuffer
}

type Work = Awaited<ReturnType<ServicesModule['workOf']>>
// A service's module is loaded once a thread; so are these.
const works = new Map<string, Work>()
let graph: Synthetic | undefined

/** The work of synthetic tasks: the engine's own, with a computation that writes nothing. */
export const workOf: ServicesModule['workOf'] = async (name, data) => {
  const known = works.get(name)
  if (known) return known
  const { shape, times } = data as BenchData
  graph ??= buildShape(shape)
  const task = taskOf(graph, name)
  const compute = computeOf(shape, new Float64Array(times))
  const made: Work = middy(async (attempt: AttemptName) => {
    const { world, logger } = theHost()
    await work(world, task, compute, attempt, logger(attempt))
  })
  works.set(name, made)
  return made
}

function computeOf(shape: Shape, times: Float64Array): Compute {
  const durations = shape.shape === 'layered' ? durationsOf(shape) : []
  return {
    run: async ({ task, partition, generation, attempt }) => {
      const index = task.startsWith('warm') ? -1 : Number(task.slice(task.lastIndexOf('-') + 1))
      if (index >= 0) times[2 * index] = monotonicMs()
      if (durations[index] !== undefined) computeFor(durations[index])
      if (index >= 0) times[2 * index + 1] = monotonicMs()
      return {
        format: 1,
        dataset: task,
        partition,
        generation,
        attempt,
        files: [],
        rows: 0,
        bytes: 0,
        columns: {},
        schema: '',
        schemaHash: '',
      }
    },
  }
}

/** Computes until this thread has had that much of a core, however busy the machine is. */
export function computeFor(ms: number): void {
  const began = process.threadCpuUsage()
  for (let sum = 0; ; ) {
    for (let i = 0; i < 10_000; i++) sum = (sum * 31 + i) % 1_000_003
    const { user, system } = process.threadCpuUsage(began)
    if ((user + system) / 1000 >= ms) return
  }
}
