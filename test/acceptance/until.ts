import { setTimeout as wait } from 'node:timers/promises'
import { say } from './say.ts'

// No judgement of speed: where nothing at all has changed for so long, on the slowest machine, nothing ever will.
const STILL_MS = 5 * 60_000
const NUDGE_MS = 30_000
const POLL_MS = 500
const SAY_EVERY_MS = 15_000

/**
 * Asks until nothing is missing any more, and says now and then what is; rejects with that when it has been the same for long. `nudge` is
 * done whenever nothing has changed for half a minute.
 */
export async function until(what: string, missing: () => Promise<string | undefined>, nudge = async () => {}): Promise<void> {
  let [last, changed, said, nudged] = ['', Date.now(), Date.now(), Date.now()]
  for (;;) {
    const left = await missing()
    if (left === undefined) return
    const now = Date.now()
    if (left !== last) [last, changed, nudged] = [left, now, now]
    if (now - nudged > NUDGE_MS) {
      say(`${what} does not come by itself: ${left}`)
      await nudge()
      nudged = Date.now()
    }
    if (now - changed > STILL_MS) throw new Error(`waited in vain for ${what}: ${left}`)
    if (now - said > SAY_EVERY_MS) {
      say(`waiting for ${what}: ${left}`)
      said = now
    }
    await wait(POLL_MS)
  }
}
