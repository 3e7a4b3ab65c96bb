import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { crashGraphs } from './crash-graphs.ts'
import { play, type Scenario } from './play.ts'

const whens = ['before', 'after'] as const
type Crashes = NonNullable<Scenario['crashes']>

export interface Swept {
  played: number
  failed: { crashes: Crashes; failure: string }[]
}

/** Which plays: all in which the first crash is at this call of a port; with `pairs` also those with a second one after it. */
export interface Part {
  graph: string
  first: number
  pairs: boolean
}

/** How many calls of ports a graph's night takes when nobody dies, and what is wrong with that night, if anything is. */
export async function calmNight(graph: string): Promise<{ calls: number; failure: Error | undefined }> {
  const { calls, failure } = await play({ ...crashGraphs[graph]!, crashes: [] })
  return { calls, failure }
}

/** Dies at one call of a port, before it is heard and after; with `pairs` also at every later one. */
export async function sweepPart({ graph, first, pairs }: Part): Promise<Swept> {
  const swept: Swept = { played: 0, failed: [] }
  const tryOne = async (crashes: Crashes): Promise<number> => {
    const { failure, calls } = await play({ ...crashGraphs[graph]!, crashes })
    swept.played++
    if (failure) swept.failed.push({ crashes, failure: failure.message })
    return calls
  }
  for (const when of whens) {
    const calls = await tryOne([[first, when]])
    for (let second = first + 1; pairs && second < calls; second++)
      for (const then of whens)
        await tryOne([
          [first, when],
          [second, then],
        ])
  }
  return swept
}

/** Sweeps all of a graph over all cores: dies at every single call of a port, and with `pairs` at every two of them. */
export async function sweepGraph(graph: string, pairs: boolean): Promise<Swept & { calls: number }> {
  const { calls, failure } = await calmNight(graph)
  const all: Swept & { calls: number } = { calls, played: 1, failed: failure ? [{ crashes: [], failure: failure.message }] : [] }
  let next = 0
  const workers = Array.from({ length: availableParallelism() }, () => {
    const child = fork(fileURLToPath(new URL('./crash-worker.ts', import.meta.url)))
    const give = () => (next < calls ? child.send({ graph, first: next++, pairs } satisfies Part) : child.disconnect())
    child.on('message', (swept: Swept) => {
      all.played += swept.played
      all.failed.push(...swept.failed)
      give()
    })
    give()
    return new Promise<void>((resolve, reject) =>
      child.on('exit', code => (code === 0 ? resolve() : reject(new Error(`a process that swept crashes ended with ${code}`)))),
    )
  })
  await Promise.all(workers)
  return all
}

/** `npm run simulate -- --crashes | --pairs`. True when nothing was found. */
export async function runCrashSweep(pairs: boolean): Promise<boolean> {
  let good = true
  for (const graph of Object.keys(crashGraphs)) {
    const began = performance.now()
    const { calls, played, failed } = await sweepGraph(graph, pairs)
    good &&= failed.length === 0
    console.log(`${graph}: ${calls} calls, ${played} plays in ${Math.round((performance.now() - began) / 1000)} s, ${failed.length} failed`)
    for (const { crashes, failure } of failed.slice(0, 5))
      console.log(`  dies at ${crashes.map(c => c.join(' ')).join(' and ')}: ${failure}`)
  }
  return good
}
