import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where an attempt's log is: a JSON object a line, `{ at, message, … }`. */
export function attemptLogFile(logs: string, attempt: { task: string; partition: string; generation: number; attempt: number }): string {
  return join(logs, attempt.task, attempt.partition, `g${attempt.generation}-a${attempt.attempt}.jsonl`)
}

/** Writes an attempt's log, line by line, so that it can be followed and what a dead worker said last is there. */
export function attemptLogger(logs: string | undefined, attempt: { task: string; partition: string; generation: number; attempt: number }) {
  if (logs === undefined) return () => {}
  const file = attemptLogFile(logs, attempt)
  let made = false
  return (message: string, fields: Record<string, unknown> = {}) => {
    if (!made) mkdirSync(join(file, '..'), { recursive: true })
    made = true
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), message, ...fields })}\n`)
  }
}
