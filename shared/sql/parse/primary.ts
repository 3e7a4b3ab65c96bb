import { SqlProblem } from '../finding.ts'
import { T } from '../type.ts'
import type { Expr, ExprOf, Name, SelectItem } from './ast.ts'
import { parseCall, parseSpecialCall } from './call.ts'
import type { Cursor } from './cursor.ts'
import { numberLiteral } from './literal.ts'
import { parseType } from './type.ts'

// What Spark reads as a call without brackets.
const CALLS_WITHOUT_BRACKETS = new Set(['CURRENT_DATE', 'CURRENT_TIMESTAMP', 'CURRENT_USER', 'LOCALTIMESTAMP', 'USER'])
const TYPED = { DATE: T.date, TIMESTAMP: T.timestamp, TIMESTAMP_LTZ: T.timestamp, TIMESTAMP_NTZ: T.timestamp_ntz, X: T.binary } as const
const UNITS = new Set('YEAR MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND'.split(' ').flatMap(u => [u, `${u}S`]))

/** Reads what operators stand between: literals, names, calls, brackets, CASE; with the fields and subscripts after it. */
export function parsePrimary(cursor: Cursor): Expr {
  let value = parseBare(cursor)
  value.end ??= cursor.lastEnd
  while (true) {
    if (cursor.take('[')) {
      value = { kind: 'subscript', operand: value, index: cursor.expression(), at: value.at }
      cursor.expect(']')
    } else if (cursor.is('.') && value.kind !== 'column' && cursor.take('.'))
      value = { kind: 'field', operand: value, field: cursor.name(), at: value.at }
    else if (cursor.is('::')) throw new SqlProblem(':: is not Spark SQL', 'write cast(value AS type)', cursor.at)
    else return value
    value.end = cursor.lastEnd
  }
}

function parseBare(cursor: Cursor): Expr {
  const token = cursor.peek()
  const at = token.at
  if (token.kind === 'number') return numberLiteral(cursor.next(), false, at)
  if (token.kind === 'string') return parseString(cursor)
  if (token.kind === 'parameter') return { kind: 'parameter', name: cursor.next().value, at }
  if (token.kind === 'symbol') return token.text === '(' ? parseBrackets(cursor) : parseStar(cursor)
  if (token.kind === 'quoted') return parseName(cursor)
  if (token.kind !== 'word') throw cursor.unexpected('an expression')
  return parseWord(cursor, token.text, at)
}

function parseStar(cursor: Cursor): Expr {
  const at = cursor.at
  if (cursor.take('*')) return { kind: 'star', qualifier: [], at }
  throw cursor.unexpected('an expression')
}

// Strings side by side are one string in Spark, so 'it''s' is "its".
function parseString(cursor: Cursor): Expr {
  const at = cursor.at
  let value = ''
  while (cursor.peek().kind === 'string') value += cursor.next().value
  return { kind: 'literal', type: T.string, value, at, end: cursor.lastEnd }
}

function parseWord(cursor: Cursor, word: string, at: number): Expr {
  const following = cursor.peek(1)
  if (cursor.take('NULL')) return { kind: 'literal', type: T.void, value: null, at }
  if (following.text !== '.' && (cursor.take('TRUE') || cursor.take('FALSE')))
    return { kind: 'literal', type: T.boolean, value: word === 'TRUE', at }
  if (word === 'CASE') return parseCase(cursor)
  if (word === 'INTERVAL' && isInterval(cursor)) return parseInterval(cursor)
  if (word in TYPED && following.kind === 'string') {
    cursor.next()
    return { kind: 'literal', type: TYPED[word as keyof typeof TYPED], value: cursor.next().value, at }
  }
  if (word === 'EXISTS' && following.text === '(' && ['SELECT', 'WITH', 'FROM', 'VALUES'].includes(cursor.peek(2).text)) {
    cursor.next()
    return { kind: 'exists', query: cursor.bracketed(() => cursor.query()), at }
  }
  if (following.text === '->' && following.kind === 'symbol') return parseLambda(cursor, [cursor.name()], at)
  if (following.text === '(' && following.kind === 'symbol')
    return parseSpecialCall(cursor, word, castOf) ?? parseCall(cursor, cursor.name())
  if (CALLS_WITHOUT_BRACKETS.has(word) && following.text !== '.')
    return { kind: 'call', name: cursor.name().name.toLowerCase(), args: [], distinct: false, at }
  return parseName(cursor)
}

function castOf(cursor: Cursor, attempt: boolean, at: number): Expr {
  const operand = cursor.expression()
  cursor.expect('AS')
  return { kind: 'cast', operand, type: parseType(cursor), attempt, at }
}

function parseName(cursor: Cursor): Expr {
  const at = cursor.at
  const parts: Name[] = [cursor.name()]
  if (cursor.is('(')) return parseCall(cursor, parts[0]!)
  while (cursor.is('.')) {
    cursor.next()
    if (cursor.take('*')) return { kind: 'star', qualifier: parts, at }
    parts.push(cursor.name())
  }
  return { kind: 'column', parts, at }
}

function parseLambda(cursor: Cursor, parameters: Name[], at: number): Expr {
  cursor.expect('->')
  return { kind: 'lambda', parameters, body: cursor.expression(), at }
}

// Brackets hold a query, the parameters of a lambda, a row of several values, or one expression.
function parseBrackets(cursor: Cursor): Expr {
  const at = cursor.at
  const mark = cursor.mark()
  cursor.expect('(')
  if (cursor.isOneOf('SELECT', 'WITH', 'FROM', 'VALUES')) {
    const query = cursor.query()
    cursor.expect(')')
    return { kind: 'subquery', query, at }
  }
  const parameters = lambdaParameters(cursor, mark)
  if (parameters) return parseLambda(cursor, parameters, at)
  const items = cursor.commas((): SelectItem => ({ value: cursor.expression(), alias: cursor.take('AS') ? cursor.name() : undefined }))
  cursor.expect(')')
  const [only] = items
  if (items.length === 1 && !only!.alias) return { ...only!.value, at, end: cursor.lastEnd }
  return { kind: 'row', items, at }
}

function lambdaParameters(cursor: Cursor, mark: number): Name[] | undefined {
  const inside = cursor.mark()
  let depth = 0
  while (['word', 'quoted'].includes(cursor.peek(depth).kind) && cursor.peek(depth + 1).text === ',') depth += 2
  if (
    !['word', 'quoted'].includes(cursor.peek(depth).kind) ||
    cursor.peek(depth + 1).text !== ')' ||
    cursor.peek(depth + 2).text !== '->'
  ) {
    cursor.reset(inside)
    return undefined
  }
  cursor.reset(mark)
  return cursor.names()
}

function parseCase(cursor: Cursor): Expr {
  const at = cursor.expect('CASE').at
  const value: ExprOf<'case'> = { kind: 'case', branches: [], at }
  if (!cursor.is('WHEN')) value.operand = cursor.expression()
  while (cursor.take('WHEN')) {
    const when = cursor.expression()
    cursor.expect('THEN')
    value.branches.push({ when, result: cursor.expression() })
  }
  if (value.branches.length === 0) throw cursor.unexpected('WHEN')
  if (cursor.take('ELSE')) value.otherwise = cursor.expression()
  cursor.expect('END')
  return value
}

// INTERVAL may also name a column, so what follows decides.
function isInterval(cursor: Cursor): boolean {
  const first = cursor.peek(1)
  if (first.kind === 'string') return true
  const signed = first.kind === 'symbol' && (first.text === '-' || first.text === '+') ? 1 : 0
  const value = cursor.peek(1 + signed)
  if (value.kind === 'string') return true
  return (
    (value.kind === 'number' || value.kind === 'word' || value.text === '(') &&
    (UNITS.has(cursor.peek(2 + signed).text) || value.text === '(')
  )
}

function parseInterval(cursor: Cursor): Expr {
  const at = cursor.expect('INTERVAL').at
  const value: ExprOf<'interval'> = { kind: 'interval', parts: [], at }
  do {
    const negative = cursor.take('-') || (cursor.take('+') && false)
    const token = cursor.next()
    if (token.kind !== 'string' && token.kind !== 'number')
      throw new SqlProblem(
        'an interval needs a literal',
        'for a computed one write make_dt_interval(days, hours, …) or multiply: n * INTERVAL 1 DAY',
        token.at,
      )
    const sign = negative ? '-' : ''
    if (token.kind === 'string' && !UNITS.has(cursor.peek().text)) {
      value.parts.push({ value: sign + token.value, unit: '' })
      return value
    }
    const unit = cursor.next().text.replace(/S$/, '')
    if (token.kind === 'string' && cursor.take('TO')) {
      value.to = cursor.next().text.replace(/S$/, '')
      // The sign stands before the whole text: -'1-1' and '-1-1' are the same.
      value.parts.push({ value: token.value, unit })
      value.negative = negative
      return value
    }
    value.parts.push({ value: sign + token.value, unit })
  } while (nextIsPart(cursor))
  return value
}

function nextIsPart(cursor: Cursor): boolean {
  const signed = cursor.isOneOf('-', '+') ? 1 : 0
  const token = cursor.peek(signed)
  // `INTERVAL 1 DAY - 2 …` would be a subtraction; Spark reads a sign inside an interval only where a unit follows the number.
  return signed === 0 && (token.kind === 'number' || token.kind === 'string') && UNITS.has(cursor.peek(1).text)
}
