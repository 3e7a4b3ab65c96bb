import type { NewEvent } from '../core/events.ts'
import type { RunDoc, RunError } from '../core/run.ts'

/** Publishes events, at least once, in no promised order. */
export interface Bus {
  publish(events: readonly NewEvent[]): Promise<void>
}

/** One-time timers: publishes an event at or after an instant. Setting the same timer again changes nothing. */
export interface Timers {
  set(at: number, event: NewEvent): Promise<void>
}

export interface Clock {
  now(): number
  /** The present instant with a fraction that makes it later than every stamp before: orders what one process publishes. */
  stamp(): number
}

/** Chance, for jitter: a number in 0..1. */
export interface Chance {
  next(): number
}

/** Names one attempt of a run. */
export interface AttemptName {
  task: string
  dataset: string
  partition: string
  generation: number
  attempt: number
}

/** Invokes a task's `work`, and stops it. Both return at once; neither promises anything: the ledger's lease does. */
export interface Workers {
  start(attempt: AttemptName): Promise<void>
  stop(attempt: AttemptName): Promise<void>
}

/** Tells people. An alert is for a failed run's owner, a notice for whoever can approve. */
export interface Notifier {
  alert(alert: { task: string; partition: string; generation: number; error: RunError | undefined; waiting: string[] }): Promise<void>
  notice(notice: { task: string; partition: string; run: RunDoc }): Promise<void>
  /** Something that concerns no run: a refused request, a poison event. */
  platform(message: string): Promise<void>
}

/** Where what cannot be handled goes, with its reason. */
export interface DeadLetters {
  put(letter: { function: string; reason: string; event: unknown }): Promise<void>
}
