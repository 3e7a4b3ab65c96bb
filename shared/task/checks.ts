import type { Check } from '../core/check.ts'
import type { Columns } from '../core/schema.ts'
import type { Dataset } from './dataset.ts'
import { checkShapes, rowsShape } from './declared-shapes.ts'
import { refuseMisshapen, refuseValue } from './shape.ts'

/** The checks that a dataset with these columns can have; a name that is none of them does not compile. */
export type CheckOn<Column extends string> =
  | Exclude<Check, { column: string } | { columns: readonly string[] }>
  | ColumnCheck<'notNull' | 'unique', { columns: readonly Column[] }>
  | ColumnCheck<'between' | 'accepted' | 'matches', { column: Column }>
type ColumnCheck<Name extends Check['check'], Named> = Extract<Check, { check: Name }> & Named
type Named<Name extends Check['check'], Column extends string> = Extract<Check, { check: Name }> & { column: Column }

/** How many rows a version may have. */
export function rows(limits: { atLeast?: number; atMost?: number }): Extract<Check, { check: 'rows' }> {
  refuseMisshapen('rows', limits, rowsShape)
  return { check: 'rows', ...limits }
}
/** These columns are never null. */
export function notNull<const C extends string>(...columns: C[]): { check: 'notNull'; columns: readonly C[] } {
  refuseValue('notNull', 'its columns', columns, checkShapes.columns)
  return { check: 'notNull', columns }
}
/** No two rows have the same values in these columns. */
export function unique<const C extends string>(...columns: C[]): { check: 'unique'; columns: readonly C[] } {
  refuseValue('unique', 'its columns', columns, checkShapes.columns)
  return { check: 'unique', columns }
}
/** A column's values, where not null, lie within these bounds, both included. */
export function between<const C extends string>(column: C, from: number | string, to: number | string): Named<'between', C> {
  refuseValue('between', 'its column', column, checkShapes.column)
  return { check: 'between', column, from, to }
}
/** A column's values, where not null, are among these. */
export function accepted<const C extends string>(column: C, values: readonly (string | number | boolean)[]): Named<'accepted', C> {
  refuseValue('accepted', 'its column', column, checkShapes.column)
  refuseValue('accepted', 'its values', values, checkShapes.values)
  return { check: 'accepted', column, values }
}
/** A column's values, where not null, are found in a column of an input dataset, of the same name unless another is given. */
export function matches<const C extends string, D extends Columns>(
  column: C,
  dataset: Dataset<D> & (C extends keyof D ? unknown : never),
): Named<'matches', C>
export function matches<const C extends string, D extends Columns>(
  column: C,
  dataset: Dataset<D>,
  datasetColumn: keyof D & string,
): Named<'matches', C>
export function matches<const C extends string>(column: C, dataset: Dataset, datasetColumn: string = column): Named<'matches', C> {
  refuseValue('matches', 'its column', column, checkShapes.column)
  refuseValue('matches', 'its dataset', dataset, checkShapes.dataset)
  return { check: 'matches', column, dataset: dataset.name, datasetColumn }
}
/** A query over the output, by its dataset's name, whose rows are violations. */
export function custom(name: string, sql: string): Extract<Check, { check: 'sql' }> {
  refuseValue('custom', 'its name', name, checkShapes.name)
  refuseValue('custom', 'its query', sql, checkShapes.sql)
  return { check: 'sql', name, sql }
}
