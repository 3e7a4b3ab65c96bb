import type { NewEvent } from '../core/events.ts'

/** Publishes events, at least once, in no promised order. */
export interface Bus {
  publish(events: readonly NewEvent[]): Promise<void>
}
