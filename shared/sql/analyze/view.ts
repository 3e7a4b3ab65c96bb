import { SqlProblem } from '../finding.ts'
import type { LateralView } from '../parse/ast.ts'
import { quoted } from '../type.ts'
import type { Env } from './env.ts'
import { generate } from './generator.ts'
import { relationOf } from './scope.ts'
import { inScope, type Source } from './source.ts'

/** Adds the rows of a generator to each row so far. */
export function withView(source: Source, view: Pick<LateralView, 'at' | 'outer' | 'call' | 'table' | 'columns'>, env: Env): Source {
  return env.context.guard<Source>(
    view.at,
    () => {
      const made = generate(view.call, {
        ...env,
        scope: inScope(source, env.scope.outer),
        clause: 'LATERAL VIEW',
        windows: false,
        grouping: undefined,
      })
      if (view.columns.length > 0 && view.columns.length !== made.columns.length)
        throw new SqlProblem(
          `${view.call.name} gives ${made.columns.length} columns; here are ${view.columns.length} names`,
          'name each',
          view.columns[0]!.at,
        )
      const columns = made.columns.map((c, i) => ({
        name: view.columns[i]?.name ?? c.name,
        sqlName: c.name,
        type: c.type,
        from: made.from,
      }))
      const sqlAlias = env.context.unique(view.table.name || 'view')
      const relation = relationOf(view.table.name || undefined, sqlAlias, columns)
      const lateral = `LATERAL (${made.sql}) AS ${quoted(sqlAlias)}`
      const outer = view.outer || made.outer
      const base = source.sql || '(SELECT 1) AS one_row'
      return {
        sql: outer ? `${base} LEFT JOIN ${lateral} ON true` : `${base} CROSS JOIN ${lateral}`,
        relations: [...source.relations, relation],
        visible: [...source.visible, ...relation.columns],
        open: source.open,
        join: true,
      }
    },
    () => ({ ...source, open: true }),
  )
}
