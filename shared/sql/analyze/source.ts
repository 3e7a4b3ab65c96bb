import { SqlProblem } from '../finding.ts'
import type { Alias } from '../parse/ast.ts'
import { quoted, type SqlType } from '../type.ts'
import type { Origin } from '../typed.ts'
import type { Env } from './env.ts'
import { type Column, type Relation, relationOf, type Scope } from './scope.ts'

/** What FROM brings, and its text. */
export interface Source {
  sql: string
  relations: Relation[]
  visible: Column[]
  /** A join's text needs brackets where it is the right side of another. */
  join?: boolean
  /** Whether something outside the table may have brought columns that are not known. */
  open?: boolean
}

export type SourceColumn = { name: string; sqlName: string; type: SqlType; from: Origin[]; unnamed?: boolean }

export const emptyScope: Scope = { relations: [], visible: [] }

/** A source as what names are looked up in. */
export const inScope = (source: Pick<Source, 'relations' | 'visible' | 'open'>, outer: Scope | undefined): Scope => ({
  relations: source.relations,
  visible: source.visible,
  open: source.open,
  outer,
})

/** A source as the right side of a join. */
export const rightSide = (source: Source): string => (source.join ? `(${source.sql})` : source.sql)
/** Every row of one with every row of the other. */
export const crossed = (a: Source, b: Source): Source => ({
  sql: `${a.sql} CROSS JOIN ${rightSide(b)}`,
  relations: [...a.relations, ...b.relations],
  visible: [...a.visible, ...b.visible],
  open: a.open || b.open,
  join: true,
})

/** A table expression under its alias, which may rename its columns. */
export function derived(sql: string, columns: SourceColumn[], alias: Alias | undefined, env: Env, at: number, open?: boolean): Source {
  const sqlAlias = env.context.unique(alias?.table.name || 'derived')
  if (alias?.columns && alias.columns.length !== columns.length)
    throw new SqlProblem(
      `${alias.table.name} names ${alias.columns.length} columns of ${columns.length}`,
      'name each column',
      alias.columns[0]?.at ?? at,
    )
  const named = columns.map((c, i) => (alias?.columns ? { ...c, name: alias.columns[i]!.name, unnamed: false } : c))
  const relation = relationOf(alias?.table.name, sqlAlias, named)
  return { sql: `${sql} AS ${quoted(sqlAlias)}`, relations: [relation], visible: relation.columns, open }
}
