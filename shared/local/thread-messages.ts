import type { RunDoc } from '../core/run.ts'
import type { Ledger, Stored } from '../ports/ledger.ts'
import type { AttemptName } from '../ports/workers.ts'

/*
 * What the runtime and a thread tell one another: arrays of these as JSON, for waking another thread costs more than what it is
 * told. The ledger's calls travel so, for only the runtime's own thread writes.
 */
export type ToThread =
  /** Attempts are begun in the order they are sent, each when the one before it has asked to write its end. */
  | { start: AttemptName; run: Stored<RunDoc> | undefined; slot: number }
  /** What is at work lets go of what it holds and records no end; then the thread ends, or says so where the whole process is about to. */
  | { leave: 'thread' | 'process' }
  | { answer: number; value?: unknown; error?: { message: string; code?: string; failure?: string } }
export type FromThread =
  /** `ends`: what is written is the attempt's end, and how long its work took. */
  | { ask: number; method: keyof Ledger; args: unknown[]; ends?: { attempt: AttemptName; tookMs: number } }
  | { done: AttemptName }
  | { failed: AttemptName; how: string }
  /** An attempt that was sent and taken back. */
  | { passed: number }
  /** Nothing is at work any more, nor will be. */
  | { left: true }

/**
 * An attempt that was sent has a slot in memory that both sides see. Whoever turns it from `sent` has it: the thread begins it, or
 * the runtime takes it back for another thread.
 */
export const slotStates = { free: 0, sent: 1, begun: 2, taken: 3 } as const

/** The memory that both sides see: each slot's state, and when its attempt was begun, in milliseconds since the epoch. */
export interface Slots {
  states: Int32Array
  begunAt: Float64Array
}

export function isSame(a: AttemptName, b: AttemptName): boolean {
  return a.partition === b.partition && a.dataset === b.dataset && a.generation === b.generation && a.attempt === b.attempt
}
