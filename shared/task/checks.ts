import type { Check } from '../core/check.ts'
import type { Dataset } from './dataset.ts'

/** How many rows a version may have. */
export function rows(limits: { atLeast?: number; atMost?: number }): Check {
  return { check: 'rows', ...limits }
}
/** These columns are never null. */
export function notNull(...columns: string[]): Check {
  return { check: 'notNull', columns }
}
/** No two rows have the same values in these columns. */
export function unique(...columns: string[]): Check {
  return { check: 'unique', columns }
}
/** A column's values, where not null, lie within these bounds, both included. */
export function between(column: string, from: number | string, to: number | string): Check {
  return { check: 'between', column, from, to }
}
/** A column's values, where not null, are among these. */
export function accepted(column: string, values: readonly (string | number | boolean)[]): Check {
  return { check: 'accepted', column, values }
}
/** A column's values, where not null, are found in a column of an input dataset. */
export function matches(column: string, dataset: Dataset, datasetColumn: string = column): Check {
  return { check: 'matches', column, dataset: dataset.name, datasetColumn }
}
/** A query over the output, by its dataset's name, whose rows are violations. */
export function custom(name: string, sql: string): Check {
  return { check: 'sql', name, sql }
}
