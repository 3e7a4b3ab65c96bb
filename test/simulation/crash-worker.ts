import { type Part, sweepPart } from './crash-sweep.ts'

/* One process of many: plays the crashes it is given, and says what they came to. Started by crash-sweep.ts. */
process.on('message', async (part: Part) => {
  process.send!(await sweepPart(part))
})
