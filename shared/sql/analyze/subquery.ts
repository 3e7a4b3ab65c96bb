import { SqlProblem } from '../finding.ts'
import type { ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { comparable } from './compare.ts'
import type { Env } from './env.ts'

// A lambda's parameters cannot be seen from a query inside it, in either engine.
const outer = (env: Env) => {
  if (env.scope.locals?.size) throw new Refusal('a subquery in a lambda')
  return env.scope
}

export function existsQuery(expr: ExprOf<'exists'>, env: Env): Typed {
  const query = env.query(expr.query, outer(env), env.ctes)
  return { type: T.boolean, sql: `EXISTS (${query.sql})`, from: [], at: expr.at }
}

/** A subquery that gives one value; more than one row is an error in both engines. */
export function scalarQuery(expr: ExprOf<'subquery'>, env: Env): Typed {
  let correlated = false
  const query = env.query(expr.query, { ...outer(env), onOuter: () => (correlated = true) }, env.ctes)
  const [column] = query.columns
  // Spark refuses it whatever the data, where DuckDB would only fail on a second row.
  if (correlated && query.grouped) throw new Refusal('a correlated subquery with GROUP BY', expr.at)
  if (correlated && !query.single)
    throw new SqlProblem(
      'a subquery that names columns from outside must give one row for sure',
      'select an aggregate, such as max(…), without GROUP BY',
      expr.at,
    )
  if (query.columns.length !== 1)
    throw new SqlProblem(`a subquery used as a value gives one column; this one gives ${query.columns.length}`, 'select one', expr.at)
  return { type: column!.type, sql: `(${query.sql})`, from: column!.from, at: expr.at, name: column!.unnamed ? undefined : column!.name }
}

export function inQuery(expr: ExprOf<'inQuery'>, env: Env): Typed {
  const operand = env.analyze(expr.operand, env)
  const query = env.query(expr.query, outer(env), env.ctes)
  if (expr.operand.kind === 'row') throw new Refusal('IN of several columns', expr.at)
  if (query.columns.length !== 1)
    throw new SqlProblem(`IN takes a query of one column; this one gives ${query.columns.length}`, 'select one', expr.at)
  const [column] = query.columns
  const selected: Typed = { type: column!.type, sql: 'in_value', from: column!.from, at: expr.query.at }
  const [a, b] = comparable(operand, selected)
  // A cast of what is selected goes around the query.
  const text = b.sql === 'in_value' ? query.sql : `SELECT ${b.sql} FROM (${query.sql}) AS in_query(in_value)`
  return { type: T.boolean, sql: `(${a.sql} ${expr.negated ? 'NOT IN' : 'IN'} (${text}))`, from: origins(operand), at: expr.at }
}
