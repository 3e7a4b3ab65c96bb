import { setTimeout as wait } from 'node:timers/promises'

// No judgement of speed: what has not come on the slowest machine by now never will.
const LIMIT_MS = 8 * 60_000
const POLL_MS = 500
const SAY_EVERY_MS = 15_000

/** Asks until nothing is missing any more, and says now and then what is; rejects with that in the end. */
export async function until(what: string, missing: () => Promise<string | undefined>, limitMs = LIMIT_MS): Promise<void> {
  const began = Date.now()
  let said = began
  for (;;) {
    const left = await missing()
    if (left === undefined) return
    const now = Date.now()
    if (now - began > limitMs) throw new Error(`waited ${Math.round(limitMs / 1000)} s in vain for ${what}: ${left}`)
    if (now - said > SAY_EVERY_MS) {
      console.error(`  waiting for ${what}: ${left}`)
      said = now
    }
    await wait(POLL_MS)
  }
}
