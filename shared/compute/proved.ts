import type { ColumnStatistics } from '../core/manifest.ts'
import type { Task } from '../task/task.ts'
import type { RowCheck } from './violations.ts'

/**
 * Whether what was learned while writing already proves a check, so that nothing need be read again: no nulls, or both bounds of all
 * values within the check's. False says nothing.
 */
export function isProved(task: Task, check: RowCheck, statistics: Readonly<Record<string, ColumnStatistics>>): boolean {
  if (check.check === 'notNull') return check.columns.every(name => statistics[name]?.nulls === 0)
  if (check.check === 'accepted') return false
  const { column, from, to } = check
  const known = statistics[column]
  if (known?.min === undefined || known.max === undefined) return false
  switch (task.output.columns[column]) {
    case 'int':
    case 'double':
      return typeof from === 'number' && typeof to === 'number' && Number(known.min) >= from && Number(known.max) <= to
    case 'date':
      // ISO dates of the same length order as texts do.
      return typeof from === 'string' && typeof to === 'string' && [from, to].every(isDate) && known.min >= from && known.max <= to
    default:
      return false
  }
}

const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text)
