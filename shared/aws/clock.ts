import type { Clock } from '../ports/clock.ts'

// A microsecond, about the finest that an instant of this century still holds as a number of milliseconds.
const STAMP_MS = 1 / 1024

/**
 * The clock of a function's machine; its stamps never repeat within a process. A sandbox that slept keeps no monotonic time, so a
 * stamp is made of the wall clock, which AWS keeps to within milliseconds.
 */
export function lambdaClock(): Clock {
  let last = 0
  return {
    now: () => Date.now(),
    stamp: () => (last = Math.max(Date.now(), last + STAMP_MS)),
  }
}
