import type { SqlType } from './type.ts'

/** A column of an input, as the origin of a value. */
export interface Origin {
  input: string
  column: string
}

/** An expression as understood: its Spark type, and the DuckDB text that gives its value. */
export interface Typed {
  type: SqlType
  /** DuckDB text that binds as tightly as a name: a name, a call, a literal or something in brackets. */
  sql: string
  from: Origin[]
  at: number
  /** The value, where it is written as a literal; what decides a translation (a format, a path, a unit) must be one. */
  literal?: string | boolean | null
  /** What the column is called when nothing else is said. */
  name?: string
  /** A lambda is translated where its arguments' types are known. */
  lambda?: (parameters: SqlType[]) => { body: Typed; names: string[] }
}

/** The union of what several values are made of. */
export function origins(...values: { from: Origin[] }[]): Origin[] {
  const seen = new Map<string, Origin>()
  for (const value of values) for (const origin of value.from) seen.set(`${origin.input}.${origin.column}`, origin)
  return [...seen.values()]
}
