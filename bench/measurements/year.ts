import { join } from 'node:path'
import { dateOfDay, dayOfDate } from '../../shared/core/zone.ts'
import type { Bench, Measurement } from '../figure.ts'
import { median, monotonicMs } from '../statistics.ts'
import { type SyntheticRuntime, synthetic } from '../synthetic-runtime.ts'

const FIRST = dayOfDate('2001-01-01')!
const MB = 1024 * 1024
const TASKS = 10

/** A year of days, as they are delivered, through a graph of ten tasks. */
export const year: Measurement = bench => years(bench, 'as days are delivered', asDelivered)

/** The same by a request, after all days were delivered. */
export const backfill: Measurement = bench => years(bench, 'by a request', byRequest)

async function years({ quick, folder }: Bench, how: string, one: (state: string, dates: readonly string[]) => Promise<Year>) {
  const count = quick ? 3 : 365
  const dates = Array.from({ length: count }, (_, i) => dateOfDay(FIRST + i))
  let resident = 0
  const look = () => (resident = Math.max(resident, process.memoryUsage.rss()))
  const looking = setInterval(look, 5)
  const first = await one(join(folder, 'year-0'), dates)
  look()
  clearInterval(looking)
  const seconds = [first.seconds]
  // What ended runtimes leave in a process is no runtime's, so memory is the first one's.
  for (let round = 1; round < (quick ? 1 : 3); round++) seconds.push((await one(join(folder, `year-${round}`), dates)).seconds)
  const name = `${count} days × ${TASKS} tasks, ${how}`
  const most = { most: 2 }
  return [
    { name: `${name}: the first year of a process`, unit: 's', value: first.seconds, goal: most },
    { name: `${name}: median of three years`, unit: 's', value: median(seconds), goal: most },
    { name: `${name}: most resident memory in the first`, unit: 'MB', value: resident / MB, goal: { most: 200 } },
    { name: `${name}: ledger requests a run`, unit: 'requests', value: first.requests },
  ]
}

interface Year {
  seconds: number
  /** A run. */
  requests: number
}

async function asDelivered(state: string, dates: readonly string[]): Promise<Year> {
  return through(state, dates, async bench => void (await Promise.all(dates.map(date => bench.deliver('source', date)))))
}

/** What was delivered before the tasks were deployed starts nothing by itself. */
async function byRequest(state: string, dates: readonly string[]): Promise<Year> {
  {
    await using before = await synthetic({ shape: 'days', deployed: false }, state)
    for (const date of dates) await before.deliver('source', date)
  }
  const tasks = Array.from({ length: TASKS }, (_, i) => `d-${i}`)
  return through(state, dates, bench =>
    bench.runtime.publish([{ type: 'RunRequested', detail: { id: 'year', tasks, from: dates[0]!, to: dates.at(-1)! } }]),
  )
}

async function through(state: string, dates: readonly string[], begin: (bench: SyntheticRuntime) => Promise<void>): Promise<Year> {
  let succeeded = 0
  await using bench = await synthetic({ shape: 'days', deployed: true }, state, { onSuccess: () => void succeeded++ })
  const began = monotonicMs()
  await begin(bench)
  await bench.runtime.idle()
  const seconds = (monotonicMs() - began) / 1000
  if (succeeded !== dates.length * TASKS) throw new Error(`${succeeded} runs succeeded, not ${dates.length * TASKS}`)
  return { seconds, requests: bench.requests() / succeeded }
}
