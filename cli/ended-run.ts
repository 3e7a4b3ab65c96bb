import type { RunDoc } from '../shared/core/run.ts'
import { failureReason } from './failure-reason.ts'
import { rowsText, timeText } from './measures.ts'
import { bytes, paint } from './output.ts'

/** A run that ended, as `--json` prints it; rows and bytes are null where nothing was published. */
export interface EndedRun {
  task: string
  partition: string
  generation: number
  attempt: number
  state: 'succeeded' | 'failed' | 'cancelled'
  rows: number | null
  bytes: number | null
  /** Of the last attempt. */
  seconds: number | null
  error?: { failure: string; code?: string; message: string }
}

/** The run whose document was written, if that was its end. */
export function endedRun(before: RunDoc | undefined, after: RunDoc): EndedRun | undefined {
  const { state } = after
  if (after.task === undefined || (state !== 'succeeded' && state !== 'failed' && state !== 'cancelled')) return undefined
  if (before?.state === state && before.generation === after.generation && before.attempt === after.attempt) return undefined
  return {
    task: after.task,
    partition: after.partition,
    generation: after.generation,
    attempt: after.attempt,
    state,
    rows: state === 'succeeded' ? after.version!.rows : null,
    bytes: state === 'succeeded' ? after.version!.bytes : null,
    seconds: durationOf(after),
    ...(state === 'failed' && after.error && { error: after.error }),
  }
}

function durationOf({ startedAt, endedAt }: RunDoc): number | null {
  return startedAt === undefined || endedAt === undefined ? null : Math.max(0, endedAt - startedAt) / 1000
}

const marks = { succeeded: ['green', '✓'], failed: ['red', '✗'], cancelled: ['yellow', '–'] } as const

/** One line for people. */
export function endedLine(run: EndedRun): string {
  const [colour, mark] = marks[run.state]
  const tries = run.attempt > 1 ? `attempt ${run.attempt}` : ''
  const facts =
    run.state === 'succeeded'
      ? [rowsText(run.rows!), bytes(run.bytes!), run.seconds === null ? '' : timeText(run.seconds * 1000), tries]
      : [run.state, tries, run.error ? `${failureReason(run)} (${run.error.failure})` : '']
  return `${paint(colour, mark)} ${run.task}@${run.partition}  ${paint('dim', facts.filter(Boolean).join('  '))}`
}

/** One line about an attempt that failed and is tried again; undefined for any other change. */
export function retryLine(before: RunDoc | undefined, after: RunDoc): string | undefined {
  if (before?.state !== 'running' || after.state !== 'queued' || !after.error || after.due === undefined) return undefined
  // What a runtime that ended has left is gone on with, many at once, and nothing failed.
  if (after.error.failure === 'lost' && after.ended?.lost === undefined) return undefined
  const name = `${after.task}@${after.partition}`
  const wait = after.due > Date.now() ? `again in ${timeText(after.due - Date.now())}` : 'again at once'
  return `${paint('yellow', '↻')} ${name}  ${paint('dim', `attempt ${after.attempt} failed, ${wait}: ${failureReason(after)} (${after.error.failure})`)}`
}
