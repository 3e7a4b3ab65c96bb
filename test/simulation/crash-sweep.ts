import { crashGraphs } from './crash-graphs.ts'
import { play, type Scenario } from './play.ts'

const whens = ['before', 'after'] as const
type Crashes = NonNullable<Scenario['crashes']>

export interface Swept {
  calls: number
  played: number
  failed: { crashes: Crashes; failure: string }[]
}

/** Dies at every single call of a port, before it is heard and after; with `pairs` also at every two of them. */
export async function sweepCrashes(name: string, pairs: boolean, each: (played: number) => void = () => {}): Promise<Swept> {
  const scenario = crashGraphs[name]!
  const calm = await play({ ...scenario, crashes: [] })
  const swept: Swept = { calls: calm.calls, played: 1, failed: calm.failure ? [{ crashes: [], failure: calm.failure.message }] : [] }
  const tryOne = async (crashes: Crashes): Promise<number> => {
    const { failure, calls } = await play({ ...scenario, crashes })
    if (failure) swept.failed.push({ crashes, failure: failure.message })
    each(++swept.played)
    return calls
  }
  for (let a = 0; a < calm.calls; a++)
    for (const when of whens) {
      const calls = await tryOne([[a, when]])
      for (let b = a + 1; pairs && b < calls; b++)
        for (const then of whens)
          await tryOne([
            [a, when],
            [b, then],
          ])
    }
  return swept
}

/** `npm run simulate -- --crashes [--pairs]`. True when nothing was found. */
export async function runCrashSweep(pairs: boolean, only?: string): Promise<boolean> {
  let good = true
  for (const name of Object.keys(crashGraphs)) {
    if (only && name !== only) continue
    const began = performance.now()
    let told = began
    const { calls, played, failed } = await sweepCrashes(name, pairs, done => {
      if (performance.now() - told < 10_000) return
      told = performance.now()
      console.error(`${name}: ${done} played`)
    })
    good &&= failed.length === 0
    console.log(`${name}: ${calls} calls, ${played} plays in ${Math.round((performance.now() - began) / 1000)} s, ${failed.length} failed`)
    for (const { crashes, failure } of failed.slice(0, 5))
      console.log(`  dies at ${crashes.map(c => c.join(' ')).join(' and ')}: ${failure}`)
  }
  return good
}
