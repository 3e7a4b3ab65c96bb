import type { Columns } from '../../core/schema.ts'
import type { Expr, Query, WindowSpec } from '../parse/ast.ts'
import type { SqlType } from '../type.ts'
import type { Origin, Typed } from '../typed.ts'
import type { Context } from './context.ts'
import type { Scope } from './scope.ts'

/** What a query gives. `sql` is its text without brackets. */
export interface Analyzed {
  sql: string
  columns: OutputColumn[]
  ordered: boolean
  /** Whether there may be more columns, of something outside the table. */
  open?: boolean
  /** Whether it gives at most one row, whatever it reads: an aggregate without GROUP BY, or LIMIT 1. */
  single?: boolean
  /** Whether it is grouped. */
  grouped?: boolean
}
export interface OutputColumn {
  name: string
  /** Its name in the compiled text, where two columns may not share one. */
  sqlName: string
  type: SqlType
  from: Origin[]
  unnamed?: boolean
  at: number
}

/** A table expression of WITH, in reach by its name. */
export interface Cte {
  sqlName: string
  columns: OutputColumn[]
  open?: boolean
}
export type Ctes = ReadonlyMap<string, Cte>

/** Where an expression stands. */
export interface Env {
  context: Context
  scope: Scope
  ctes: Ctes
  /** The task's inputs, by their names in small letters. */
  inputs: ReadonlyMap<string, { alias: string; columns: Columns }>
  /** What the expression belongs to, for messages: `WHERE`, `SELECT`, … */
  clause: string
  /** Where aggregates go; absent where they cannot stand. */
  grouping?: Grouping
  /** Whether window functions may stand here. */
  windows?: boolean
  /** Whether what stands around makes the order of collected rows not matter. */
  settled?: boolean
  /** The windows that WINDOW names. */
  namedWindows?: ReadonlyMap<string, WindowSpec>
  analyze(expr: Expr, env: Env): Typed
  query(query: Query, outer: Scope, ctes: Ctes): Analyzed
}

/** A grouped select: the rows of FROM are grouped in an inner select, and everything else is computed from its columns. */
export interface Grouping {
  /** How the arguments of aggregates are understood. */
  input: Env
  /** The column that holds a grouped expression, by the text of the expression. */
  group(sql: string): Typed | undefined
  /** Adds a column that holds an aggregate. */
  aggregate(value: Typed): Typed
  /** GROUPING(…) of grouped expressions, or of all of them. */
  groupingOf(values: Typed[] | 'all', at: number): Typed
  /** A condition that every aggregate is filtered by, in PIVOT. */
  filter?: string
}
