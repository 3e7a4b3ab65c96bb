import { mutants } from './mutants.ts'
import { plant } from './mutate.ts'

/*
 * One process of many: plays the seeds it is given, and says of each what it came to. Started by simulate.ts, with the name
 * of a deliberate bug to plant as its argument, if any.
 */
const planted = process.argv[2]
const mutant = mutants.find(m => m.name === planted)
if (planted && !mutant) throw new Error(`there is no mutant "${planted}"`)
if (mutant) plant(mutant)
const { drawScenario, play } = await import('./play.ts')

process.on('message', async ({ from, to }: { from: number; to: number }) => {
  for (let seed = from; seed < to; seed++) {
    const { failure, ...played } = await play(drawScenario(seed)).catch(error => ({ seed, nights: 0, hash: 0, failure: error as Error }))
    process.send!({ ...played, ...(failure && { failure: failure.message }) })
  }
  process.send!({ done: to })
})
// Who asked for the seeds is gone.
process.on('disconnect', () => process.exit())
process.send!({ ready: true })
