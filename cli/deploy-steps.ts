import type { DeploymentOrder } from '../shared/aws/deploy/deployment-order.ts'

/** What came of each: those that stand, those that failed, and those that were not begun, each with the failures it waited for. */
export interface StepsEnd {
  deployed: string[]
  failed: string[]
  left: { name: string; after: string[] }[]
}

/** Deploys each after those it waits for, some at once. What waits for one that failed is not begun; all else is. */
export async function inSteps(before: DeploymentOrder, atOnce: number, deployOne: (name: string) => Promise<boolean>): Promise<StepsEnd> {
  const [deployed, failed] = [new Set<string>(), new Set<string>()]
  const waiting = new Set(before.keys())
  const running = new Set<Promise<void>>()
  const isNext = (name: string) => [...before.get(name)!].every(one => deployed.has(one))
  for (;;) {
    for (const name of [...waiting].filter(isNext).slice(0, atOnce - running.size)) {
      waiting.delete(name)
      const run: Promise<void> = deployOne(name).then(ok => {
        running.delete(run)
        ;(ok ? deployed : failed).add(name)
      })
      running.add(run)
    }
    if (running.size === 0) break
    // One that throws is beyond this; what is under way ends before anybody hears of it.
    await Promise.race(running).catch(async cause => {
      await Promise.allSettled(running)
      throw cause
    })
  }
  const left = [...waiting].map(name => ({ name, after: [...failuresBefore(name, before, failed)] }))
  return { deployed: [...deployed], failed: [...failed], left }
}

function failuresBefore(name: string, before: DeploymentOrder, failed: ReadonlySet<string>, found = new Set<string>()): Set<string> {
  for (const one of before.get(name)!) failed.has(one) ? found.add(one) : failuresBefore(one, before, failed, found)
  return found
}
