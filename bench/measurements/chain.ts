import { join } from 'node:path'
import { twoCommits } from '../commit-floor.ts'
import type { Bench, Figure } from '../figure.ts'
import { monotonicMs, percentile } from '../statistics.ts'
import { synthetic } from '../synthetic-runtime.ts'

/** A chain of tasks that do nothing: how soon the next begins after one is committed, durable against the process's death. */
export async function chain({ quick, folder }: Bench): Promise<Figure[]> {
  const length = quick ? 5 : 100
  const hops: number[] = []
  const steps: number[] = []
  let requests = 0
  const rounds = quick ? 1 : 10
  for (let round = 0; round < rounds; round++) {
    const committed = new Float64Array(length)
    await using bench = await synthetic({ shape: 'chain', length }, join(folder, `chain-${round}`), {
      onSuccess: ({ task }) => {
        if (task!.startsWith('t-')) committed[Number(task!.slice(2))] = monotonicMs()
      },
    })
    const end = bench.succeeded(`t-${length - 1}`)
    await bench.deliver('source', 'all')
    await end
    await bench.runtime.idle()
    requests += bench.requests()
    for (let i = 1; i < length; i++) {
      hops.push(bench.times[2 * i]! - committed[i - 1]!)
      steps.push(bench.times[2 * i]! - bench.times[2 * (i - 1) + 1]!)
    }
  }
  const floor = twoCommits(folder)
  const name = `chain of ${length}`
  return [
    { name: `${name}: commit to next first line, p50`, unit: 'ms', value: percentile(hops, 0.5), floor: floor.p50, goal: { most: 0.2 } },
    { name: `${name}: commit to next first line, p99`, unit: 'ms', value: percentile(hops, 0.99), floor: floor.p99, goal: { most: 1 } },
    { name: `${name}: last line to next first line, p50`, unit: 'ms', value: percentile(steps, 0.5), floor: floor.p50 },
    { name: `${name}: last line to next first line, p99`, unit: 'ms', value: percentile(steps, 0.99), floor: floor.p99 },
    { name: `${name}: ledger requests a run`, unit: 'requests', value: requests / rounds / length },
  ]
}
