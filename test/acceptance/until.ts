import { setTimeout as wait } from 'node:timers/promises'
import { say } from './say.ts'

// No judgement of speed: a nudge takes as long as it takes, and where so many have changed nothing at all, nothing ever will.
const NUDGES = 10
const NUDGE_MS = 30_000
const POLL_MS = 500
const SAY_EVERY_MS = 15_000

/**
 * Asks until nothing is missing any more, and says now and then what is. `nudge` is done whenever nothing has changed for half a minute;
 * rejects with what is missing when the tenth has changed nothing either.
 */
export async function until(what: string, missing: () => Promise<string | undefined>, nudge = async () => {}): Promise<void> {
  let [last, nudges, since, said] = ['', 0, Date.now(), Date.now()]
  for (;;) {
    const left = await missing()
    if (left === undefined) return
    if (left !== last) [last, nudges, since] = [left, 0, Date.now()]
    if (Date.now() - since > NUDGE_MS) {
      if (nudges === NUDGES) throw new Error(`waited in vain for ${what}: ${left}`)
      say(`${what} does not come by itself: ${left}`)
      await nudge()
      ;[nudges, since] = [nudges + 1, Date.now()]
    }
    if (Date.now() - said > SAY_EVERY_MS) {
      say(`waiting for ${what}: ${left}`)
      said = Date.now()
    }
    await wait(POLL_MS)
  }
}
