import { join } from 'node:path'
import { dateOfDay, dayOfDate } from '../../shared/core/zone.ts'
import type { Bench, Figure } from '../figure.ts'
import { median, monotonicMs } from '../statistics.ts'
import { type SyntheticRuntime, synthetic } from '../synthetic-runtime.ts'

const FIRST = dayOfDate('2001-01-01')!
const MB = 1024 * 1024
const TASKS = 10

/** A year of days through a graph of ten tasks, from a process that has just started; and the most memory it had meanwhile. */
export async function year({ quick, folder }: Bench): Promise<Figure[]> {
  const count = quick ? 3 : 365
  const dates = Array.from({ length: count }, (_, i) => dateOfDay(FIRST + i))
  let resident = 0
  const look = () => (resident = Math.max(resident, process.memoryUsage.rss()))
  const looking = setInterval(look, 5)
  const delivered: Year[] = []
  const requested: Year[] = []
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    delivered.push(await asDelivered(join(folder, `delivered-${round}`), dates))
    requested.push(await byRequest(join(folder, `requested-${round}`), dates))
    look()
  }
  clearInterval(looking)
  const name = `${count} days × ${TASKS} tasks`
  const most = { most: 2 }
  return [
    { name: `${name}: the first time in a process`, unit: 's', value: delivered[0]!.seconds, goal: most },
    { name: `${name}: as days are delivered`, unit: 's', value: median(delivered.map(y => y.seconds)), goal: most },
    { name: `${name}: by a request`, unit: 's', value: median(requested.map(y => y.seconds)), goal: most },
    { name: `${name}: most resident memory`, unit: 'MB', value: resident / MB, goal: { most: 200 } },
    { name: `${name}: ledger requests a run, delivered`, unit: 'requests', value: delivered[0]!.requests },
    { name: `${name}: ledger requests a run, by a request`, unit: 'requests', value: requested[0]!.requests },
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
