import { SqlProblem } from '../finding.ts'
import type { Group, GroupElement, LateralView, Name, Query, QueryBody, Select, SelectItem, WindowSpec } from './ast.ts'
import { parseOrder, parseSorts, parseWindow } from './call.ts'
import type { Cursor } from './cursor.ts'
import { parseFromList, parseValues } from './from.ts'

/** Reads a query: WITH, a body of selects and set operations, and ORDER BY, LIMIT, OFFSET. */
export function parseQuery(cursor: Cursor): Query {
  const query: Query = { at: cursor.at, with: [], body: undefined as unknown as QueryBody, order: [], windows: [], unusual: [] }
  if (cursor.take('WITH')) query.with = cursor.commas(() => parseWith(cursor))
  query.body = parseUnion(cursor, query)
  parseOrganization(cursor, query)
  return query
}

function parseWith(cursor: Cursor): Query['with'][number] {
  if (cursor.is('RECURSIVE'))
    throw new SqlProblem('a recursive WITH is not Spark SQL 3.5', 'join a fixed number of times, or make it an incremental task', cursor.at)
  const name = cursor.name()
  const columns = cursor.is('(') ? cursor.names() : undefined
  cursor.take('AS')
  return { name, columns, query: cursor.bracketed(() => cursor.query()) }
}

type Windows = { name: Name; spec: WindowSpec }[]
interface Outer {
  windows: Windows
  unusual: Query['unusual']
}

function parseUnion(cursor: Cursor, outer: Outer): QueryBody {
  let left = parseIntersect(cursor, outer)
  while (cursor.isOneOf('UNION', 'EXCEPT', 'MINUS')) {
    const { text, at } = cursor.next()
    const all = cursor.take('ALL')
    if (!all) cursor.take('DISTINCT')
    left = { kind: 'set', op: text === 'UNION' ? 'UNION' : 'EXCEPT', all, left, right: parseIntersect(cursor, outer), at }
  }
  return left
}

function parseIntersect(cursor: Cursor, outer: Outer): QueryBody {
  let left = parseBody(cursor, outer)
  while (cursor.is('INTERSECT')) {
    const { at } = cursor.next()
    const all = cursor.take('ALL')
    if (!all) cursor.take('DISTINCT')
    left = { kind: 'set', op: 'INTERSECT', all, left, right: parseBody(cursor, outer), at }
  }
  return left
}

function parseBody(cursor: Cursor, outer: Outer): QueryBody {
  const at = cursor.at
  if (cursor.is('(')) return { kind: 'nested', query: cursor.bracketed(() => cursor.query()), at }
  if (cursor.take('VALUES')) return { kind: 'values', values: parseValues(cursor, at), at }
  if (cursor.is('SELECT')) return parseSelect(cursor, outer)
  if (cursor.take('TABLE')) {
    const select = emptySelect(at)
    select.items = [{ value: { kind: 'star', qualifier: [], at } }]
    select.from = [{ kind: 'table', parts: [cursor.name()], at }]
    return select
  }
  if (cursor.is('FROM')) throw new SqlProblem('FROM before SELECT is read by no engine here', 'write SELECT … FROM …', at)
  throw cursor.unexpected('SELECT')
}

const emptySelect = (at: number): Select => ({ kind: 'select', at, distinct: false, items: [], from: [], views: [] })

function parseSelect(cursor: Cursor, outer: Outer): Select {
  const select = emptySelect(cursor.expect('SELECT').at)
  if (cursor.take('DISTINCT')) select.distinct = true
  else cursor.take('ALL')
  select.items = cursor.commas(() => parseItem(cursor))
  if (cursor.take('FROM')) select.from = parseFromList(cursor)
  while (cursor.is('LATERAL', 'VIEW')) select.views.push(parseView(cursor))
  if (cursor.take('WHERE')) select.where = cursor.expression()
  if (cursor.is('GROUP', 'BY')) select.group = parseGroup(cursor)
  if (cursor.take('HAVING')) select.having = cursor.expression()
  if (cursor.is('QUALIFY'))
    throw new SqlProblem('QUALIFY is not Spark SQL', 'compute the window in a subquery and filter it with WHERE outside', cursor.at)
  parseWindows(cursor, outer.windows)
  return select
}

function parseItem(cursor: Cursor): SelectItem {
  if (cursor.isOneOf('FROM')) throw new SqlProblem('a comma too many before FROM', 'remove it', cursor.at)
  const value = cursor.expression()
  if (
    value.kind === 'star' &&
    (cursor.is('EXCEPT', '(') || cursor.is('EXCLUDE') || cursor.is('REPLACE', '(')) &&
    cursor.peek(2).text !== 'SELECT'
  )
    throw new SqlProblem(`* ${cursor.peek().text} is not Spark SQL 3.5`, 'name the columns', cursor.at)
  if (cursor.is('AS', '(')) {
    cursor.next()
    return { value, aliases: cursor.names() }
  }
  return { value, alias: cursor.alias() }
}

function parseView(cursor: Cursor): LateralView {
  const at = cursor.expect('LATERAL', 'VIEW').at
  const outer = cursor.take('OUTER')
  const call = cursor.expression()
  if (call.kind !== 'call')
    throw new SqlProblem('LATERAL VIEW takes a call such as explode(…)', 'write LATERAL VIEW explode(items) t AS item', at)
  const table = cursor.is('AS') ? { name: '', quoted: false, at } : cursor.alias()
  const columns = cursor.take('AS') ? cursor.commas(() => cursor.name()) : []
  return { at, outer, call, table: table ?? { name: '', quoted: false, at }, columns }
}

function parseGroup(cursor: Cursor): Group {
  const group: Group = { at: cursor.expect('GROUP', 'BY').at, all: false, elements: [] }
  if (cursor.is('ALL') && ![',', '.', '('].includes(cursor.peek(1).text)) {
    cursor.next()
    group.all = true
    return group
  }
  group.elements = cursor.commas(() => parseGroupElement(cursor))
  const plain = () => group.elements.map(e => (e.kind === 'plain' ? [e.value] : []))
  const at = cursor.at
  if (cursor.take('WITH', 'ROLLUP')) group.elements = [{ kind: 'rollup', groups: plain(), at }]
  else if (cursor.take('WITH', 'CUBE')) group.elements = [{ kind: 'cube', groups: plain(), at }]
  // `GROUP BY a, b GROUPING SETS (…)`: the list before only says what may be grouped by.
  else if (cursor.is('GROUPING', 'SETS')) group.elements = [parseGroupElement(cursor)]
  return group
}

function parseGroupElement(cursor: Cursor): GroupElement {
  const at = cursor.at
  if (cursor.is('ROLLUP', '(') || cursor.is('CUBE', '(')) {
    const kind = cursor.next().text === 'ROLLUP' ? 'rollup' : 'cube'
    return { kind, groups: cursor.bracketed(() => cursor.commas(() => parseGroupingSet(cursor))), at }
  }
  if (cursor.take('GROUPING', 'SETS'))
    return {
      kind: 'sets',
      elements: cursor.bracketed(() => cursor.commas(() => (isNested(cursor) ? parseGroupElement(cursor) : parseGroupingSet(cursor)))),
      at,
    }
  return { kind: 'plain', value: cursor.expression() }
}

const isNested = (cursor: Cursor): boolean => cursor.is('ROLLUP', '(') || cursor.is('CUBE', '(') || cursor.is('GROUPING', 'SETS')

function parseGroupingSet(cursor: Cursor) {
  if (cursor.take('(', ')')) return []
  const value = cursor.expression()
  return value.kind === 'row' ? value.items.map(i => i.value) : [value]
}

function parseWindows(cursor: Cursor, windows: Windows): void {
  if (!cursor.take('WINDOW')) return
  windows.push(
    ...cursor.commas(() => {
      const name = cursor.name()
      cursor.expect('AS')
      return { name, spec: parseWindow(cursor) }
    }),
  )
}

function parseOrganization(cursor: Cursor, query: Query): void {
  if (cursor.is('ORDER', 'BY')) query.order = parseOrder(cursor)
  for (const words of [
    ['CLUSTER', 'BY'],
    ['DISTRIBUTE', 'BY'],
    ['SORT', 'BY'],
  ] as const) {
    const at = cursor.at
    if (!cursor.take(...words)) continue
    query.unusual.push({ construct: words.join(' '), at })
    parseSorts(cursor)
  }
  parseWindows(cursor, query.windows)
  if (cursor.take('LIMIT') && !cursor.take('ALL')) query.limit = cursor.expression()
  if (cursor.take('OFFSET')) query.offset = cursor.expression()
}
