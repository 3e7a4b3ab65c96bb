import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Bench, Figure } from '../figure.ts'
import { buildShape, durationsOf } from '../shapes.ts'
import { median, monotonicMs } from '../statistics.ts'
import { synthetic } from '../synthetic-runtime.ts'

const SEED = 20010214

/** A thousand tasks that compute, in random layers: how near the whole comes to what its path and the cores allow. */
export async function layered({ quick, folder }: Bench): Promise<Figure[]> {
  const shape = { shape: 'layered', tasks: quick ? 60 : 1000, seed: SEED } as const
  const reads = readsOf(shape)
  const durations = durationsOf(shape)
  const cores = availableParallelism()
  const bound = Math.max(criticalPath(reads, durations), durations.reduce((a, b) => a + b) / cores) / 1000
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    ours.push(await hosted(shape, join(folder, `layered-${round}`)))
    bare.push(await withoutRuntime(reads, durations, 2 * cores))
  }
  const seconds = median(ours)
  const peer = median(bare)
  return [
    {
      name: `random layered graph of ${shape.tasks} computing tasks`,
      unit: 's',
      value: seconds,
      floor: bound,
      peer,
      goal: { most: bound * 1.05 },
      note: `floor: the larger of critical path and work ÷ ${cores} cores; peer: the same computation and threads with a bare in-memory order, no ledger`,
    },
    { name: `random layered graph: over the floor`, unit: '%', value: (seconds / bound - 1) * 100, goal: { most: 5 } },
    { name: `random layered graph: over the bare order`, unit: '%', value: (seconds / peer - 1) * 100 },
  ]
}

async function hosted(shape: Parameters<typeof synthetic>[0], state: string): Promise<number> {
  await using bench = await synthetic(shape, state)
  const began = monotonicMs()
  await bench.deliver('source', 'all')
  await bench.runtime.idle()
  return (monotonicMs() - began) / 1000
}

/** What each task reads, by index. */
function readsOf(shape: Parameters<typeof buildShape>[0]): number[][] {
  const measured = [...buildShape(shape).tasks.values()].filter(t => !t.task.startsWith('warm'))
  return measured.map(t => t.inputs.flatMap(({ dataset }) => (dataset === 'source' ? [] : [Number(dataset.slice(2))])))
}

function criticalPath(reads: number[][], durations: number[]): number {
  const ends: number[] = []
  for (const [i, from] of reads.entries()) ends.push(durations[i]! + Math.max(0, ...from.map(f => ends[f]!)))
  return Math.max(...ends)
}

/** The same durations in the same order of dependence on as many threads, and nothing else. */
async function withoutRuntime(reads: number[][], durations: number[], threads: number): Promise<number> {
  const left = reads.map(r => r.length)
  const readers: number[][] = reads.map(() => [])
  reads.forEach((from, i) => {
    for (const f of from) readers[f]!.push(i)
  })
  const workers = Array.from({ length: threads }, () => new Worker(new URL('../bare-thread.ts', import.meta.url)))
  await Promise.all(workers.map(w => new Promise(resolve => w.once('message', resolve))))
  const ready = left.flatMap((n, i) => (n === 0 ? [i] : []))
  const free = [...workers]
  let open = reads.length
  const began = monotonicMs()
  await new Promise<void>(resolve => {
    const dispatch = () => {
      while (free.length > 0 && ready.length > 0) {
        const i = ready.shift()!
        free.pop()!.postMessage({ i, ms: durations[i]! })
      }
    }
    for (const worker of workers)
      worker.on('message', (i: number) => {
        free.push(worker)
        for (const r of readers[i]!) if (--left[r]! === 0) ready.push(r)
        if (--open === 0) resolve()
        else dispatch()
      })
    dispatch()
  })
  const seconds = (monotonicMs() - began) / 1000
  await Promise.all(workers.map(w => w.terminate()))
  return seconds
}
