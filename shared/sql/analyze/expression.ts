import { castable, castSql, castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { WRITE_THE_TIME } from '../functions.ts'
import type { Expr, ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { sharedOf } from '../table/rule.ts'
import { quoted, struct, T, typeText } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { call } from './call.ts'
import { comparable, compare, condition } from './compare.ts'
import type { Parameter } from './context.ts'
import type { Env } from './env.ts'
import { hasAggregate } from './grouping.ts'
import { like } from './like.ts'
import { intervalLiteral, literal } from './literal.ts'
import { binary, is, unary } from './operators.ts'
import { field, mayExist, resolve, unknownColumn } from './scope.ts'
import { existsQuery, inQuery, scalarQuery } from './subquery.ts'
import { subscript } from './subscript.ts'

const PARAMETERS: Record<Parameter, typeof T.string> = { partition: T.string, start: T.timestamp, end: T.timestamp } as never

/** What an expression means: its type, its DuckDB text, what it is made of. Problems are found, not thrown. */
export function analyze(expr: Expr, env: Env): Typed {
  return env.context.guard(
    expr.at,
    () => grouped(expr, env) ?? dispatch(expr, env),
    refused => refused,
  )
}

// In a grouped select an expression that is grouped by is a column; what is not must be made of such, or of aggregates.
function grouped(expr: Expr, env: Env): Typed | undefined {
  if (!env.grouping || expr.kind === 'literal' || expr.kind === 'lambda' || expr.kind === 'star' || hasAggregate(expr)) return undefined
  const { grouping, context } = env
  const input: Env = { ...grouping.input, scope: { ...grouping.input.scope, locals: env.scope.locals } }
  const value = context.quietly(() => {
    try {
      return dispatch(expr, input)
    } catch (error) {
      if (error instanceof SqlProblem || error instanceof Refusal) return undefined
      throw error
    }
  })
  const found = value && value.type.kind !== 'unknown' ? grouping.group(value.sql) : undefined
  return found && { ...found, at: expr.at, name: value?.name }
}

type Understand = { [K in Expr['kind']]: (expr: ExprOf<K>, env: Env, of: (inner: Expr) => Typed) => Typed }

const understand: Understand = {
  literal,
  interval: intervalLiteral,
  parameter,
  column,
  call,
  between,
  like,
  cast: (expr, _env, of) => cast(expr, of(expr.operand)),
  case: caseOf,
  row,
  lambda,
  in: inList,
  exists: existsQuery,
  subquery: scalarQuery,
  inQuery,
  unary: (expr, _env, of) => unary(expr, of(expr.operand)),
  binary: (expr, _env, of) => binary(expr, of(expr.left), of(expr.right)),
  is: (expr, _env, of) => is(expr, of(expr.operand)),
  distinctFrom: (expr, _env, of) => compare(expr.negated ? '<=>' : 'distinct', of(expr.left), of(expr.right)),
  subscript: (expr, _env, of) => subscript(of(expr.operand), of(expr.index), expr.at),
  field: (expr, _env, of) => field(of(expr.operand), expr.field),
  star(expr) {
    throw new SqlProblem('* cannot stand here', 'it stands in a select list, or in count(*)', expr.at)
  },
}

function dispatch(expr: Expr, env: Env): Typed {
  const one = understand[expr.kind] as (expr: Expr, env: Env, of: (inner: Expr) => Typed) => Typed
  return one(expr, env, inner => env.analyze(inner, env))
}

function parameter(expr: ExprOf<'parameter'>, env: Env): Typed {
  const name = expr.name as Parameter
  const type = PARAMETERS[name]
  if (!env.context.takesParameters)
    throw new SqlProblem(
      `there is no parameter :${expr.name}, since this is run for no partition`,
      name === 'partition' ? 'write the key itself' : WRITE_THE_TIME,
      expr.at,
    )
  if (!type) throw new SqlProblem(`there is no parameter :${expr.name}`, 'there are :partition, :start and :end, of the output', expr.at)
  env.context.parameters.add(name)
  return { type, sql: `CAST($${name} AS ${name === 'partition' ? 'VARCHAR' : 'TIMESTAMP'})`, from: [], at: expr.at, name }
}

function column(expr: ExprOf<'column'>, env: Env): Typed {
  const found = resolve(env.scope, expr.parts)
  if (found) return { ...found, at: expr.at }
  if (expr.parts.some(p => p.quoted && p.name.includes('(')) && env.scope.visible.some(c => c.unnamed))
    throw new Refusal('a column named by its expression', expr.at)
  if (mayExist(env.scope)) throw new Refusal('a column of something outside the table', expr.at)
  // What window(…) in GROUP BY brings.
  if (['window', 'session_window'].includes(expr.parts[0]!.name.toLowerCase())) throw new Refusal(`${expr.parts[0]!.name}()`, expr.at)
  throw unknownColumn(env.scope, expr.parts)
}

function between(expr: ExprOf<'between'>, env: Env): Typed {
  const operand = env.analyze(expr.operand, env)
  const low = compare('>=', operand, env.analyze(expr.low, env))
  const high = compare('<=', operand, env.analyze(expr.high, env))
  const sql = `(${low.sql} AND ${high.sql})`
  return { type: T.boolean, sql: expr.negated ? `(NOT ${sql})` : sql, from: origins(low, high), at: expr.at }
}

function inList(expr: ExprOf<'in'>, env: Env): Typed {
  const operand = env.analyze(expr.operand, env)
  const items = expr.list.map(e => env.analyze(e, env))
  // Spark brings the value and the whole list to one type.
  const type = sharedOf(
    [operand, ...items].map(v => v.type),
    'IN',
    expr.at,
  )
  const sql = `(${castTo(operand, type).sql} ${expr.negated ? 'NOT IN' : 'IN'} (${items.map(i => castTo(i, type).sql).join(', ')}))`
  return { type: T.boolean, sql, from: origins(operand, ...items), at: expr.at }
}

function caseOf(expr: ExprOf<'case'>, env: Env): Typed {
  const of = (e: Expr) => env.analyze(e, env)
  const operand = expr.operand && of(expr.operand)
  const whens = expr.branches.map(b => (operand ? comparable(operand, of(b.when)) : [condition(of(b.when), 'WHEN')]))
  const thens = expr.branches.map(b => of(b.result))
  const otherwise = expr.otherwise && of(expr.otherwise)
  const values = otherwise ? [...thens, otherwise] : thens
  const type = sharedOf(
    values.map(v => v.type),
    'CASE',
    expr.at,
  )
  const branches = whens.map((when, i) => `WHEN ${when.map(w => w.sql).join(' = ')} THEN ${castTo(thens[i]!, type).sql}`)
  const end = otherwise ? ` ELSE ${castTo(otherwise, type).sql}` : ''
  return { type, sql: `(CASE ${branches.join(' ')}${end} END)`, from: origins(...values, ...whens.flat()), at: expr.at }
}

function cast(expr: ExprOf<'cast'>, operand: Typed): Typed {
  if (!castable(operand.type, expr.type))
    throw new SqlProblem(
      `${typeText(operand.type)} cannot be cast to ${typeText(expr.type)}`,
      'there is no such cast; take a part of it, or go by way of string',
      expr.at,
    )
  const sql = castSql(operand.sql, operand.type, expr.type, expr.at)
  return {
    type: expr.type,
    sql: expr.attempt ? `TRY(${sql})` : sql,
    from: operand.from,
    at: expr.at,
    name: operand.name,
    literal: undefined,
  }
}

function row(expr: ExprOf<'row'>, env: Env): Typed {
  const values = expr.items.map(i => env.analyze(i.value, env))
  const fields = values.map((value, i) => ({ name: expr.items[i]!.alias?.name ?? value.name ?? `col${i + 1}`, type: value.type }))
  const packed = values.map((v, i) => `${quoted(fields[i]!.name)} := ${v.sql}`).join(', ')
  return { type: struct(fields), sql: `struct_pack(${packed})`, from: origins(...values), at: expr.at }
}

function lambda(expr: ExprOf<'lambda'>, env: Env): Typed {
  return {
    type: T.unknown,
    sql: 'NULL',
    from: [],
    at: expr.at,
    lambda(parameters) {
      // A name like no column's, since translations put other texts in its place.
      const names = expr.parameters.map(p => env.context.unique(`λ${p.name}`))
      const locals = new Map(env.scope.locals)
      expr.parameters.forEach((p, i) => {
        const type = parameters[i]
        if (!type)
          throw new SqlProblem(
            `this lambda takes ${parameters.length} parameter${parameters.length === 1 ? '' : 's'}`,
            `remove ${p.name}`,
            p.at,
          )
        locals.set(p.name.toLowerCase(), { type, sql: quoted(names[i]!), from: [], at: p.at, name: p.name })
      })
      return { names, body: env.analyze(expr.body, { ...env, scope: { ...env.scope, locals }, clause: 'a lambda' }) }
    },
  }
}
