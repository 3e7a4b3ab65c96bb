import { dirname, join, relative } from 'node:path'
import type { RedeyeError } from '../core/errors.ts'
import type { Task } from './task.ts'

/** A task's error in one line: what is wrong, where in the project (`services/NAME/NAME.sql:4:8`), and what to do. */
export function errorText({ message, place, remedy }: RedeyeError, task: Pick<Task, 'declared'>): string {
  const project = join(dirname(task.declared.file), '../..')
  const at = place.file && [relative(project, place.file), place.line, place.column].filter(part => part !== undefined).join(':')
  return `${message}${at ? ` (${at})` : ''}${remedy ? `; ${remedy}` : ''}`
}
