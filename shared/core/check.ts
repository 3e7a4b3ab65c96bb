/** A check of a version before it is published. `sql` is a query over the output (by its dataset's name) whose rows are violations. */
export type Check =
  | { check: 'rows'; atLeast?: number; atMost?: number }
  | { check: 'notNull'; columns: readonly string[] }
  | { check: 'unique'; columns: readonly string[] }
  | { check: 'between'; column: string; from: number | string; to: number | string }
  | { check: 'accepted'; column: string; values: readonly (string | number | boolean)[] }
  | { check: 'matches'; column: string; dataset: string; datasetColumn: string }
  | { check: 'sql'; name: string; sql: string }

/** What a check found: how many rows violate it, and a few of them as text. */
export interface CheckResult {
  check: Check
  ok: boolean
  /** One line for people: what was expected, and what is. */
  message: string
  violations: number
}
