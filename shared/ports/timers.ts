import type { NewEvent } from '../core/events.ts'

/** One-time timers: publishes an event at or after an instant. Setting the same timer again changes nothing. */
export interface Timers {
  set(at: number, event: NewEvent): Promise<void>
}
