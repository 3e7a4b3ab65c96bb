import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { Expr, Values } from '../parse/ast.ts'
import { sharedOf } from '../table/rule.ts'
import { quoted } from '../type.ts'
import { origins } from '../typed.ts'
import type { Env, OutputColumn } from './env.ts'
import { emptyScope } from './source.ts'

/** VALUES: each column takes the one type of its cells. */
export function analyzeValues(values: Values, env: Env): { sql: string; columns: OutputColumn[] } {
  const width = values.rows[0]!.length
  const cells = values.rows.map(row => {
    if (row.length !== width)
      throw new SqlProblem(`this row has ${row.length} values, the first ${width}`, 'give every row the same', row[0]!.at)
    return row.map((e: Expr) =>
      env.analyze(e, { ...env, scope: { ...emptyScope, outer: env.scope.outer }, clause: 'VALUES', windows: false, grouping: undefined }),
    )
  })
  const columns = Array.from({ length: width }, (_, c): OutputColumn => {
    const column = cells.map(row => row[c]!)
    return {
      name: `col${c + 1}`,
      sqlName: `col${c + 1}`,
      type: sharedOf(
        column.map(v => v.type),
        'VALUES',
        column[0]!.at,
      ),
      from: origins(...column),
      at: column[0]!.at,
    }
  })
  const rows = cells.map(row => `(${row.map((v, c) => castTo(v, columns[c]!.type).sql).join(', ')})`)
  const alias = quoted(env.context.unique('inline_values'))
  return { sql: `SELECT * FROM (VALUES ${rows.join(', ')}) AS ${alias}(${columns.map(c => quoted(c.sqlName)).join(', ')})`, columns }
}
