import { join } from 'node:path'
import type { Bench, Figure } from '../figure.ts'
import type { Shape } from '../shapes.ts'
import { median, monotonicMs } from '../statistics.ts'
import { synthetic } from '../synthetic-runtime.ts'

const GOAL_SECONDS = 2
const GOAL_RATIO = 1.5

/** 1 → N → 1 with N tasks, and with N partitions of one task: the cost of a task must not grow with N. */
export async function fan({ quick, folder }: Bench): Promise<Figure[]> {
  const sizes = quick ? [3, 12] : [10, 100, 1000, 10_000]
  return [...(await widths(folder, 'fan', 'tasks', sizes, quick)), ...(await widths(folder, 'keys', 'partitions', sizes, quick))]
}

async function widths(folder: string, shape: 'fan' | 'keys', word: string, sizes: number[], quick: boolean): Promise<Figure[]> {
  const figures: Figure[] = []
  const costs: number[] = []
  for (const n of sizes) {
    const { seconds, runs, requests } = await one(folder, { shape, n }, quick ? 1 : roundsOf(n))
    costs.push((seconds * 1e6) / runs)
    const name = `1 → ${n.toLocaleString('en')} ${word} → 1`
    if (n >= 1000)
      figures.push({ name: `${name}: whole`, unit: 's', value: seconds, ...(n === 10_000 && { goal: { most: GOAL_SECONDS } }) })
    figures.push({ name: `${name}: a task`, unit: 'µs', value: costs.at(-1)! })
    figures.push({ name: `${name}: ledger requests a run`, unit: 'requests', value: requests / runs })
  }
  const flat = Math.max(...costs) / Math.min(...costs)
  const worst = costs.at(-1)! / Math.min(...costs.slice(0, -1))
  figures.push({ name: `1 → N ${word} → 1: dearest task to cheapest`, unit: '×', value: flat, goal: { most: GOAL_RATIO } })
  figures.push({
    name: `1 → N ${word} → 1: a task of the widest to the cheapest of the others`,
    unit: '×',
    value: worst,
    goal: { most: GOAL_RATIO },
  })
  return figures
}

// Small graphs vary most; each round begins with a warm-up of some seconds.
const roundsOf = (n: number) => (n <= 100 ? 5 : n <= 1000 ? 3 : 1)

async function one(folder: string, shape: Extract<Shape, { n: number }>, rounds: number) {
  const seconds: number[] = []
  let requests = 0
  let runs = 0
  for (let round = 0; round < rounds; round++) {
    runs = 0
    await using bench = await synthetic(shape, join(folder, `${shape.shape}-${shape.n}-${round}`), {
      onSuccess: ({ task }) => void (task!.startsWith('warm') || runs++),
    })
    const end = bench.succeeded('last')
    const began = monotonicMs()
    await bench.deliver('source', 'all')
    await end
    seconds.push((monotonicMs() - began) / 1000)
    await bench.runtime.idle()
    requests = bench.requests()
  }
  return { seconds: median(seconds), runs, requests }
}
