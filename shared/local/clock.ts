import type { Clock } from '../ports/clock.ts'

// A microsecond, about the finest that an instant of this century still holds as a number of milliseconds.
const STAMP_MS = 1 / 1024

/** The machine's clock; its stamps never repeat within a process. */
export function systemClock(): Clock {
  let last = 0
  return {
    now: () => Date.now(),
    stamp: () => (last = Math.max(performance.timeOrigin + performance.now(), last + STAMP_MS)),
  }
}
