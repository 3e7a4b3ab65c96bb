import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { sharedOf } from '../table/rule.ts'
import { T, typeText } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { arithmetic } from './arithmetic.ts'
import { compare, condition } from './compare.ts'

export function unary(expr: ExprOf<'unary'>, operand: Typed): Typed {
  if (expr.op === 'NOT') return { type: T.boolean, sql: `(NOT ${condition(operand, 'NOT').sql})`, from: operand.from, at: expr.at }
  const { type } = operand
  if (type.kind === 'unknown') return operand
  if (type.kind === 'string' || type.kind === 'void') throw new Refusal(`${expr.op} of ${typeText(type)}`, expr.at)
  const integral = ['tinyint', 'smallint', 'int', 'bigint'].includes(type.kind)
  const numeric = integral || ['float', 'double', 'decimal'].includes(type.kind)
  if (!(expr.op === '~' ? integral : numeric || type.kind === 'interval'))
    throw new SqlProblem(`${expr.op} takes ${expr.op === '~' ? 'whole numbers' : 'numbers'}; this is ${typeText(type)}`, 'cast it', expr.at)
  return { type, sql: expr.op === '+' ? operand.sql : `(${expr.op}${operand.sql})`, from: operand.from, at: expr.at }
}

export function binary(expr: ExprOf<'binary'>, left: Typed, right: Typed): Typed {
  const { op, at } = expr
  const out = (type: Typed['type'], sql: string): Typed => ({ type, sql: `(${sql})`, from: origins(left, right), at })
  if (op === 'AND' || op === 'OR') return out(T.boolean, `${condition(left, op).sql} ${op} ${condition(right, op).sql}`)
  if (['=', '==', '<>', '!=', '<', '<=', '>', '>=', '<=>'].includes(op)) return { ...compare(op, left, right), at }
  if (op === '&' || op === '|' || op === '^') {
    const type = sharedOf([left.type, right.type], op, at)
    if (type.kind === 'unknown') return left.type.kind === 'unknown' ? left : right
    if (!['tinyint', 'smallint', 'int', 'bigint'].includes(type.kind))
      throw new SqlProblem(`${op} takes whole numbers; this is ${typeText(type)}`, 'cast it', at)
    const [a, b] = [castTo(left, type).sql, castTo(right, type).sql]
    return op === '^' ? out(type, `xor(${a}, ${b})`) : out(type, `${a} ${op} ${b}`)
  }
  if (op === '||') return concat(left, right, at)
  return { ...arithmetic(op, left, right), at }
}

function concat(left: Typed, right: Typed, at: number): Typed {
  const from = origins(left, right)
  if (left.type.kind === 'unknown' || right.type.kind === 'unknown') return { type: T.unknown, sql: 'NULL', from, at }
  if (left.type.kind === 'array' && right.type.kind === 'array') {
    const type = sharedOf([left.type, right.type], '||', at)
    const [a, b] = [castTo(left, type).sql, castTo(right, type).sql]
    return { type, sql: `CASE WHEN ${a} IS NULL OR ${b} IS NULL THEN NULL ELSE list_concat(${a}, ${b}) END`, from, at }
  }
  if (left.type.kind === 'binary' && right.type.kind === 'binary') return { type: T.binary, sql: `(${left.sql} || ${right.sql})`, from, at }
  if (left.type.kind === 'void' || right.type.kind === 'void') return { type: T.string, sql: 'CAST(NULL AS VARCHAR)', from, at }
  return { type: T.string, sql: `(${castTo(left, T.string).sql} || ${castTo(right, T.string).sql})`, from, at }
}

export function is(expr: ExprOf<'is'>, operand: Typed): Typed {
  const not = expr.negated ? 'NOT ' : ''
  if (expr.what === 'NULL') return { type: T.boolean, sql: `(${operand.sql} IS ${not}NULL)`, from: operand.from, at: expr.at }
  const value = condition(operand, `IS ${expr.what}`).sql
  const sql =
    expr.what === 'UNKNOWN'
      ? `(${value} IS ${not}NULL)`
      : `(${value} IS ${expr.negated ? '' : 'NOT '}DISTINCT FROM ${expr.what.toLowerCase()})`
  return { type: T.boolean, sql, from: operand.from, at: expr.at }
}
