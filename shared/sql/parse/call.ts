import type { Argument, Call, Expr, FrameBound, Name, Sort, WindowSpec } from './ast.ts'
import type { Cursor } from './cursor.ts'

const call = (name: string, args: Expr[], at: number): Expr => ({
  kind: 'call',
  name,
  args: args.map(value => ({ value })),
  distinct: false,
  at,
})

/** Calls whose brackets hold more than a list: CAST(x AS t), EXTRACT(f FROM x), TRIM(BOTH x FROM y), … */
export function parseSpecialCall(
  cursor: Cursor,
  name: string,
  cast: (cursor: Cursor, attempt: boolean, at: number) => Expr,
): Expr | undefined {
  const at = cursor.at
  const mark = cursor.mark()
  const inside = (read: () => Expr | undefined): Expr | undefined => {
    cursor.next()
    cursor.expect('(')
    const value = read()
    if (value && cursor.take(')')) return value
    if (value?.kind === 'cast') throw cursor.unexpected(')')
    // An ordinary call after all: substring(x, 1, 2).
    cursor.reset(mark)
    return undefined
  }
  switch (name) {
    case 'CAST':
    case 'TRY_CAST':
      return inside(() => cast(cursor, name === 'TRY_CAST', at))
    case 'EXTRACT':
      return inside(() => extract(cursor, at))
    case 'TRIM':
      return inside(() => trim(cursor, at))
    case 'SUBSTRING':
    case 'SUBSTR':
      return inside(() => fromFor(cursor, name.toLowerCase(), 'FROM', at))
    case 'OVERLAY':
      return inside(() => fromFor(cursor, 'overlay', 'PLACING', at))
    case 'POSITION':
      return inside(() => position(cursor, at))
    default:
      return undefined
  }
}

function extract(cursor: Cursor, at: number): Expr | undefined {
  const field = cursor.next()
  if (!cursor.take('FROM')) return undefined
  return call('date_part', [{ kind: 'literal', type: { kind: 'string' }, value: field.value, at: field.at }, cursor.expression()], at)
}

function trim(cursor: Cursor, at: number): Expr | undefined {
  const side =
    cursor.isOneOf('BOTH', 'LEADING', 'TRAILING') && cursor.peek(1).text !== ',' && cursor.peek(1).text !== ')'
      ? cursor.next().text
      : undefined
  const name = side === 'LEADING' ? 'ltrim' : side === 'TRAILING' ? 'rtrim' : 'trim'
  if (side && cursor.take('FROM')) return call(name, [cursor.expression()], at)
  const characters = cursor.expression()
  if (!cursor.take('FROM')) return undefined
  const operand = cursor.expression()
  // trim(chars FROM s) is btrim(s, chars); ltrim and rtrim of two take the characters first.
  return name === 'trim' ? call('btrim', [operand, characters], at) : call(name, [characters, operand], at)
}

function fromFor(cursor: Cursor, name: string, first: string, at: number): Expr | undefined {
  const args = [cursor.expression()]
  if (!cursor.take(first)) return undefined
  args.push(cursor.expression())
  if (first === 'PLACING') {
    cursor.expect('FROM')
    args.push(cursor.expression())
  }
  if (cursor.take('FOR')) args.push(cursor.expression())
  return call(name, args, at)
}

function position(cursor: Cursor, at: number): Expr | undefined {
  // IN is also a predicate, so what stands before it is read below the predicates.
  const needle = cursor.value()
  return cursor.take('IN') ? call('position', [needle, cursor.value()], at) : undefined
}

/** An ordinary call, with DISTINCT, FILTER, IGNORE NULLS, WITHIN GROUP and OVER. The cursor stands on its opening bracket. */
export function parseCall(cursor: Cursor, name: Name): Expr {
  cursor.expect('(')
  const value: Call = { name: name.name.toLowerCase(), args: [], distinct: false }
  if (cursor.take('DISTINCT')) value.distinct = true
  else cursor.take('ALL')
  if (!cursor.is(')')) value.args = cursor.commas(() => argument(cursor))
  if (cursor.take('IGNORE', 'NULLS')) value.ignoreNulls = true
  else cursor.take('RESPECT', 'NULLS')
  cursor.expect(')')
  if (cursor.take('WITHIN', 'GROUP')) value.within = cursor.bracketed(() => parseOrder(cursor))
  if (cursor.is('FILTER', '(')) {
    cursor.next()
    value.filter = cursor.bracketed(() => {
      cursor.expect('WHERE')
      return cursor.expression()
    })
  }
  if (cursor.take('IGNORE', 'NULLS')) value.ignoreNulls = true
  else cursor.take('RESPECT', 'NULLS')
  if (cursor.take('OVER')) value.over = parseOver(cursor)
  return { kind: 'call', ...value, at: name.at, end: cursor.lastEnd }
}

function argument(cursor: Cursor): Argument {
  if (cursor.peek().kind === 'word' && cursor.peek(1).text === '=>') {
    const key = cursor.next().value.toLowerCase()
    cursor.next()
    return { key, value: cursor.expression() }
  }
  const value = cursor.expression()
  return cursor.take('AS') ? { value, alias: cursor.name() } : { value }
}

function parseOver(cursor: Cursor): WindowSpec {
  const at = cursor.at
  if (cursor.is('(')) return parseWindow(cursor)
  return { base: cursor.name(), partition: [], order: [], at }
}

/** The brackets of a window: PARTITION BY … ORDER BY … ROWS BETWEEN … */
export function parseWindow(cursor: Cursor): WindowSpec {
  const spec: WindowSpec = { partition: [], order: [], at: cursor.expect('(').at }
  if (!cursor.isOneOf('PARTITION', 'DISTRIBUTE', 'ORDER', 'SORT', 'CLUSTER', 'ROWS', 'RANGE', ')')) spec.base = cursor.name()
  if (cursor.take('PARTITION', 'BY') || cursor.take('DISTRIBUTE', 'BY')) spec.partition = cursor.commas(() => cursor.expression())
  if (cursor.isOneOf('ORDER', 'SORT')) spec.order = parseOrder(cursor)
  const at = cursor.at
  const unit = cursor.take('ROWS') ? 'ROWS' : cursor.take('RANGE') ? 'RANGE' : undefined
  if (unit) {
    const between = cursor.take('BETWEEN')
    const start = bound(cursor)
    if (between) cursor.expect('AND')
    spec.frame = { unit, start, end: between ? bound(cursor) : { kind: 'current row' }, at }
  }
  cursor.expect(')')
  return spec
}

function bound(cursor: Cursor): FrameBound {
  if (cursor.take('CURRENT', 'ROW')) return { kind: 'current row' }
  if (cursor.take('UNBOUNDED', 'PRECEDING')) return { kind: 'unbounded preceding' }
  if (cursor.take('UNBOUNDED', 'FOLLOWING')) return { kind: 'unbounded following' }
  const value = cursor.expression()
  if (cursor.take('PRECEDING')) return { kind: 'preceding', value }
  if (cursor.take('FOLLOWING')) return { kind: 'following', value }
  throw cursor.unexpected('PRECEDING or FOLLOWING')
}

export function parseOrder(cursor: Cursor): Sort[] {
  if (!cursor.take('SORT')) cursor.expect('ORDER')
  cursor.expect('BY')
  return parseSorts(cursor)
}

export function parseSorts(cursor: Cursor): Sort[] {
  return cursor.commas(() => {
    const value = cursor.expression()
    const descending = cursor.take('DESC')
    if (!descending) cursor.take('ASC')
    const nullsFirst = cursor.take('NULLS', 'FIRST') ? true : cursor.take('NULLS', 'LAST') ? false : undefined
    return { value, descending, nullsFirst }
  })
}
