export type { Check } from '../core/check.ts'
export type { Columns, Row } from '../core/schema.ts'
export { accepted, between, custom, matches, notNull, rows, unique } from './checks.ts'
export {
  array,
  type Dataset,
  daily,
  dataset,
  decimal,
  hourly,
  keys,
  monthly,
  type RowOf,
  struct,
  unpartitioned,
  weekly,
} from './dataset.ts'
export { all, type Input, latest, offset, overlapping, same, trailing } from './input.ts'
export { receipts } from './receipts.ts'
export { ingest, load, type Task, transform } from './task.ts'
