import type { Check } from '../core/check.ts'
import type { Dataset } from './dataset.ts'

type Unique = Extract<Check, { check: 'unique' }>

/** That a dataset's key identifies a row, which targets rely on: two rows of one key would be one message. None where there is no key. */
export function keyCheck({ key, columns }: Pick<Dataset, 'key' | 'columns'>): Unique | undefined {
  // A key that names no column is the declaration's fault, and told as that.
  const named = key.length > 0 && key.every(column => column in columns)
  return named ? { check: 'unique', columns: key } : undefined
}

/** A task's checks, with its output's key among them unless one of them promises as much or more. */
export function withKeyCheck(output: Pick<Dataset, 'key' | 'columns'>, checks: readonly Check[]): readonly Check[] {
  const key = keyCheck(output)
  const isPromised = checks.some(
    c => c.check === 'unique' && c.columns.length > 0 && c.columns.every(column => output.key.includes(column)),
  )
  return key && !isPromised ? [...checks, key] : checks
}
