import type { ErrorCode, Place } from './errors.ts'

/** Something wrong (error), doubtful (warning) or worth knowing (info) about what a developer wrote, with its place and what to do. */
export interface Finding extends Place {
  code: ErrorCode
  severity: 'error' | 'warning' | 'info'
  message: string
  remedy: string
  /** The task or dataset it is about, where there is one. */
  task?: string
  dataset?: string
}
