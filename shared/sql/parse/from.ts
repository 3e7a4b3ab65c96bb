import { SqlProblem } from '../finding.ts'
import type { Alias, ExprOf, From, JoinKind, Name, Values } from './ast.ts'
import type { Cursor } from './cursor.ts'

/** Reads what follows FROM: relations with commas between, which are cross joins that bind looser. */
export function parseFromList(cursor: Cursor): From[] {
  return cursor.commas(() => parseRelation(cursor))
}

function parseRelation(cursor: Cursor): From {
  let left = parsePrimary(cursor, cursor.is('LATERAL') && !cursor.is('LATERAL', 'VIEW') && cursor.take('LATERAL'))
  while (true) {
    if (cursor.is('PIVOT')) left = parsePivot(cursor, left)
    else if (cursor.is('UNPIVOT')) left = parseUnpivot(cursor, left)
    else {
      const joined = parseJoin(cursor, left)
      if (!joined) return left
      left = joined
    }
  }
}

function outer(cursor: Cursor, kind: JoinKind): JoinKind {
  cursor.take('OUTER')
  return kind
}

function joinKind(cursor: Cursor): JoinKind | undefined {
  if (cursor.take('INNER') || cursor.take('CROSS')) return cursor.peek(-1).text === 'CROSS' ? 'CROSS' : 'INNER'
  if (cursor.take('LEFT')) return cursor.take('SEMI') ? 'SEMI' : cursor.take('ANTI') ? 'ANTI' : outer(cursor, 'LEFT')
  if (cursor.take('SEMI')) return 'SEMI'
  if (cursor.take('ANTI')) return 'ANTI'
  for (const kind of ['RIGHT', 'FULL'] as const) if (cursor.take(kind)) return outer(cursor, kind)
  return cursor.is('JOIN') ? 'INNER' : undefined
}

function parseJoin(cursor: Cursor, left: From): From | undefined {
  const at = cursor.at
  const natural = cursor.take('NATURAL')
  const join = joinKind(cursor)
  if (!join) {
    if (natural) throw cursor.unexpected('JOIN')
    return undefined
  }
  cursor.expect('JOIN')
  const right = parsePrimary(cursor, cursor.take('LATERAL'))
  const from: From = { kind: 'join', join, natural, left, right, at }
  if (cursor.take('ON')) from.on = cursor.expression()
  else if (cursor.is('USING')) {
    cursor.next()
    from.using = cursor.names()
  }
  return from
}

function parsePrimary(cursor: Cursor, lateral: boolean): From {
  const at = cursor.at
  if (cursor.take('VALUES')) return { kind: 'valuesTable', values: parseValues(cursor, at), alias: parseAlias(cursor), at }
  if (cursor.is('(')) return parseBrackets(cursor, lateral)
  const parts: Name[] = [cursor.name()]
  while (cursor.take('.')) parts.push(cursor.name())
  if (cursor.is('(') && parts.length === 1) {
    const mark = cursor.mark()
    cursor.reset(mark - 1)
    const call = cursor.value()
    if (call.kind !== 'call')
      throw new SqlProblem('this is not a table', 'name an input, a subquery in brackets or a function such as explode(…)', at)
    return { kind: 'function', call: call as ExprOf<'call'>, lateral, alias: parseAlias(cursor), at }
  }
  return sampled(cursor, alias => ({ kind: 'table', parts, alias, at }))
}

function parseBrackets(cursor: Cursor, lateral: boolean): From {
  const at = cursor.expect('(').at
  if (cursor.isOneOf('SELECT', 'WITH', 'VALUES', 'TABLE') || (cursor.is('(') && startsQuery(cursor))) {
    const query = cursor.query()
    cursor.expect(')')
    return sampled(cursor, alias => ({ kind: 'query', query, lateral, alias, at }))
  }
  const inner = parseRelation(cursor)
  cursor.expect(')')
  const alias = parseAlias(cursor)
  // An alias over a bracketed join hides the names inside; no daily SQL does so, and no engine here is trusted with it.
  return alias ? { kind: 'unusual', source: inner, construct: 'an alias of a bracketed join', at } : inner
}

function startsQuery(cursor: Cursor): boolean {
  let ahead = 0
  while (cursor.peek(ahead).text === '(') ahead++
  return ['SELECT', 'WITH', 'VALUES'].includes(cursor.peek(ahead).text)
}

function sampled(cursor: Cursor, make: (alias: Alias | undefined) => From): From {
  const at = cursor.at
  if (!cursor.take('TABLESAMPLE')) return make(parseAlias(cursor))
  skipBrackets(cursor)
  if (cursor.take('REPEATABLE')) skipBrackets(cursor)
  return { kind: 'sample', source: make(parseAlias(cursor)), at }
}

/** Skips to the end of the brackets that the cursor is in, or that begin here. */
function skipBrackets(cursor: Cursor, opened = 0): void {
  let depth = opened
  do {
    const { text } = cursor.next()
    depth += text === '(' ? 1 : text === ')' ? -1 : 0
  } while (depth > 0 && cursor.peek().kind !== 'end')
}

function parseAlias(cursor: Cursor): Alias | undefined {
  const table = cursor.alias()
  return table && { table, columns: cursor.is('(') ? cursor.names() : undefined }
}

/** The rows after VALUES; a row of one value needs no brackets. */
export function parseValues(cursor: Cursor, at: number): Values {
  const rows = cursor.commas(() => {
    const value = cursor.expression()
    return value.kind === 'row' ? value.items.map(i => i.value) : [value]
  })
  return { rows, at }
}

function parsePivot(cursor: Cursor, source: From): From {
  const at = cursor.expect('PIVOT', '(').at
  const aggregates = cursor.commas(() => ({ value: cursor.expression(), alias: cursor.alias() }))
  cursor.expect('FOR')
  const columns = cursor.is('(') ? cursor.names() : [cursor.name()]
  cursor.expect('IN', '(')
  const values = cursor.commas(() => {
    const value = cursor.expression()
    return { values: value.kind === 'row' ? value.items.map(i => i.value) : [value], alias: cursor.alias() }
  })
  cursor.expect(')')
  cursor.expect(')')
  return { kind: 'pivot', source, aggregates, columns, values, alias: parseAlias(cursor), at }
}

function parseUnpivot(cursor: Cursor, source: From): From {
  const at = cursor.expect('UNPIVOT').at
  const includeNulls = cursor.take('INCLUDE', 'NULLS')
  if (!includeNulls) cursor.take('EXCLUDE', 'NULLS')
  cursor.expect('(')
  if (cursor.is('(')) {
    skipBrackets(cursor, 1)
    parseAlias(cursor)
    return { kind: 'unusual', source, construct: 'UNPIVOT of several columns', at }
  }
  const value = cursor.name()
  cursor.expect('FOR')
  const label = cursor.name()
  cursor.expect('IN', '(')
  const columns = cursor.commas(() => {
    const column = [cursor.name()]
    while (cursor.take('.')) column.push(cursor.name())
    return { column, alias: cursor.alias() }
  })
  cursor.expect(')')
  cursor.expect(')')
  return { kind: 'unpivot', source, includeNulls, value, label, columns, alias: parseAlias(cursor), at }
}
