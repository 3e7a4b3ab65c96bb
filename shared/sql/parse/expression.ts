import type { Expr, ExprOf } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { numberLiteral } from './literal.ts'
import { parsePrimary } from './primary.ts'

/** Reads an expression with Spark's precedence: OR, AND, NOT, predicates, comparisons, |, ^, &, + - ||, * / % DIV, unary. */
export function parseExpression(cursor: Cursor): Expr {
  return parseOr(cursor)
}

function parseOr(cursor: Cursor): Expr {
  let left = parseAnd(cursor)
  while (cursor.is('OR')) left = binary(cursor, left, 'OR', parseAnd)
  return left
}
function parseAnd(cursor: Cursor): Expr {
  let left = parseNot(cursor)
  while (cursor.is('AND')) left = binary(cursor, left, 'AND', parseNot)
  return left
}
function parseNot(cursor: Cursor): Expr {
  const at = cursor.at
  if (!cursor.take('NOT') && !cursor.take('!')) return parsePredicate(cursor)
  const operand = parseNot(cursor)
  return { kind: 'unary', op: 'NOT', operand, at, end: cursor.lastEnd }
}

function binary(cursor: Cursor, left: Expr, op: string, right: (cursor: Cursor) => Expr): Expr {
  cursor.next()
  return { kind: 'binary', op, left, right: right(cursor), at: left.at, end: cursor.lastEnd }
}

function parsePredicate(cursor: Cursor): Expr {
  let operand = parseComparison(cursor)
  while (true) {
    const wrapped = parsePredicateOf(cursor, operand)
    if (!wrapped) return operand
    operand = wrapped
    operand.end = cursor.lastEnd
  }
}

function parsePredicateOf(cursor: Cursor, operand: Expr): Expr | undefined {
  const at = operand.at
  if (cursor.take('IS')) return parseIs(cursor, operand)
  const negatable = cursor.isOneOf('NOT', '!') ? ['BETWEEN', 'IN', 'LIKE', 'ILIKE', 'RLIKE', 'REGEXP'].includes(cursor.peek(1).text) : false
  const negated = negatable && Boolean(cursor.next())
  if (cursor.take('BETWEEN')) {
    const low = parseComparison(cursor)
    cursor.expect('AND')
    return { kind: 'between', operand, low, high: parseComparison(cursor), negated, at }
  }
  if (cursor.take('IN')) return parseIn(cursor, operand, negated)
  for (const op of ['LIKE', 'ILIKE'] as const) if (cursor.take(op)) return parseLike(cursor, operand, op, negated)
  if (cursor.take('RLIKE') || cursor.take('REGEXP'))
    return { kind: 'like', op: 'RLIKE', operand, patterns: [parseComparison(cursor)], negated, at }
  return undefined
}

function parseIs(cursor: Cursor, operand: Expr): Expr {
  const negated = cursor.take('NOT')
  if (cursor.take('DISTINCT', 'FROM'))
    return { kind: 'distinctFrom', left: operand, right: parseComparison(cursor), negated, at: operand.at }
  for (const what of ['NULL', 'TRUE', 'FALSE', 'UNKNOWN'] as const)
    if (cursor.take(what)) return { kind: 'is', what, operand, negated, at: operand.at }
  throw cursor.unexpected('NULL, TRUE, FALSE or DISTINCT FROM')
}

function parseIn(cursor: Cursor, operand: Expr, negated: boolean): Expr {
  cursor.expect('(')
  if (cursor.isOneOf('SELECT', 'WITH', 'FROM', 'VALUES', 'TABLE')) {
    const query = cursor.query()
    cursor.expect(')')
    return { kind: 'inQuery', operand, query, negated, at: operand.at }
  }
  const list = cursor.commas(() => parseExpression(cursor))
  cursor.expect(')')
  return { kind: 'in', operand, list, negated, at: operand.at }
}

function parseLike(cursor: Cursor, operand: Expr, op: 'LIKE' | 'ILIKE', negated: boolean): Expr {
  const quantifier = cursor.take('ANY') || cursor.take('SOME') ? 'ANY' : cursor.take('ALL') ? 'ALL' : undefined
  const patterns = quantifier ? cursor.bracketed(() => cursor.commas(() => parseExpression(cursor))) : [parseComparison(cursor)]
  const like: ExprOf<'like'> = { kind: 'like', op, operand, patterns, quantifier, negated, at: operand.at }
  if (cursor.take('ESCAPE')) like.escape = parsePrimary(cursor)
  return like
}

type Level = readonly string[]
// From loosest to tightest; within a level, from left to right.
const LEVELS: Level[] = [
  ['=', '==', '<>', '!=', '<', '<=', '>', '>=', '<=>'],
  ['|'],
  ['^'],
  ['&'],
  ['+', '-', '||'],
  ['*', '/', '%', 'DIV'],
]

/** An expression without predicates and AND, OR, NOT. */
export const parseComparison = (cursor: Cursor): Expr => parseLevel(cursor, 0)

function parseLevel(cursor: Cursor, level: number): Expr {
  const operators = LEVELS[level]
  if (!operators) return parseUnary(cursor)
  let left = parseLevel(cursor, level + 1)
  for (let op = cursor.peek().text; operators.includes(op) && cursor.isOneOf(op); op = cursor.peek().text)
    left = binary(cursor, left, op, c => parseLevel(c, level + 1))
  return left
}

function parseUnary(cursor: Cursor): Expr {
  const at = cursor.at
  for (const op of ['-', '+', '~'] as const) {
    if (!cursor.take(op)) continue
    const token = cursor.peek()
    // The minus belongs to the number, or the smallest int would not be an int.
    if (op === '-' && token.kind === 'number' && !['.', '['].includes(cursor.peek(1).text)) {
      cursor.next()
      return numberLiteral(token, true, at)
    }
    return { kind: 'unary', op, operand: parseUnary(cursor), at, end: cursor.lastEnd }
  }
  return parsePrimary(cursor)
}
