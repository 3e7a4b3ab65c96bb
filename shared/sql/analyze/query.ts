import { castTo } from '../cast.ts'
import { commonType } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import type { Expr, Query, QueryBody, WindowSpec } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { quoted, T, typeText } from '../type.ts'
import type { Analyzed, Cte, Ctes, Env, OutputColumn } from './env.ts'
import { relationOf, type Scope } from './scope.ts'
import { type Around, analyzeSelect } from './select.ts'
import { analyzeValues } from './values.ts'
import { orderText } from './window.ts'

/** A query with everything around its body: WITH, ORDER BY, LIMIT. */
export function analyzeQuery(query: Query, outer: Scope | undefined, ctes: Ctes, base: Env): Analyzed {
  const { context } = base
  const reach = new Map(ctes)
  const tables: string[] = []
  const names = new Set<string>()
  for (const one of query.with) {
    const key = one.name.name.toLowerCase()
    if (names.has(key)) context.error(one.name.at, `two tables of WITH are called "${one.name.name}"`, 'give one another name')
    names.add(key)
    const cte = withTable(one, reach, base)
    reach.set(one.name.name.toLowerCase(), cte.cte)
    tables.push(cte.sql)
  }
  for (const { construct, at } of query.unusual) context.refuse(construct, at)
  const env: Env = { ...base, ctes: reach, scope: { relations: [], visible: [], outer } }
  const windows = new Map(query.windows.map(w => [w.name.name.toLowerCase(), w.spec] as [string, WindowSpec]))
  const around: Around = { order: query.order, windows }
  const body =
    query.body.kind === 'select' ? analyzeSelect(query.body, around, env) : ordered(query, analyzeBody(query.body, env, windows), env)
  if (query.limit && query.order.length === 0 && !body.ordered)
    context.warning(query.limit.at, 'LIMIT without ORDER BY keeps rows by chance, so a replay may keep others', 'write ORDER BY before it')
  const limits = [count('LIMIT', query.limit, base), count('OFFSET', query.offset, base)].filter(Boolean)
  const sql = [tables.length > 0 ? `WITH ${tables.join(', ')}` : '', body.sql, ...limits].filter(Boolean).join(' ')
  return {
    sql,
    columns: body.columns,
    ordered: body.ordered || query.order.length > 0,
    open: body.open,
    grouped: body.grouped,
    single: body.single || (query.limit?.kind === 'literal' && query.limit.value === '1'),
  }
}

function withTable(one: Query['with'][number], reach: Ctes, base: Env): { cte: Cte; sql: string } {
  const { context } = base
  // Outer columns cannot be seen from a table of WITH.
  const analyzed = base.query(one.query, { relations: [], visible: [] }, new Map(reach))
  let { columns } = analyzed
  if (one.columns) {
    if (one.columns.length !== columns.length)
      context.error(one.name.at, `${one.name.name} names ${one.columns.length} columns of ${columns.length}`, 'name each column')
    columns = columns.map((c, i) => ({ ...c, name: one.columns![i]?.name ?? c.name, unnamed: one.columns![i] ? false : c.unnamed }))
  }
  const sqlName = context.unique(`with_${one.name.name}`)
  return { cte: { sqlName, columns, open: analyzed.open }, sql: `${quoted(sqlName)} AS (${analyzed.sql})` }
}

function count(word: string, expr: Expr | undefined, env: Env): string {
  if (!expr) return ''
  if (expr.kind !== 'literal' || expr.type.kind !== 'int' || String(expr.value).startsWith('-')) {
    env.context.guard(
      expr.at,
      () => {
        throw expr.kind === 'literal'
          ? new SqlProblem(`${word} takes a whole number`, `write ${word} 10`, expr.at)
          : new Refusal(`a computed ${word}`, expr.at)
      },
      v => v,
    )
    return ''
  }
  return `${word} ${expr.value}`
}

// ORDER BY after a set operation knows only the columns of the whole.
function ordered(query: Query, body: Analyzed, env: Env): Analyzed {
  if (query.order.length === 0) return body
  const alias = env.context.unique('united')
  const relation = relationOf(undefined, alias, body.columns)
  const scope: Scope = { relations: [relation], visible: relation.columns }
  const keys = query.order.map(sort => {
    if (sort.value.kind === 'literal' && sort.value.type.kind === 'int') {
      const column = relation.columns[Number(sort.value.value) - 1]
      if (!column)
        env.context.error(
          sort.value.at,
          `ORDER BY ${sort.value.value} names no column: there are ${relation.columns.length}`,
          'write a place or a name',
        )
      return orderText(column ?? { sql: 'NULL', type: T.void }, sort)
    }
    return orderText(env.analyze(sort.value, { ...env, scope, clause: 'ORDER BY' }), sort)
  })
  return { ...body, sql: `SELECT * FROM (${body.sql}) AS ${quoted(alias)} ORDER BY ${keys.join(', ')}`, ordered: true }
}

function analyzeBody(body: QueryBody, env: Env, windows: Around['windows']): Analyzed {
  switch (body.kind) {
    case 'select':
      return analyzeSelect(body, { order: [], windows }, env)
    case 'values':
      return env.context.guard(
        body.at,
        () => ({ ...analyzeValues(body.values, env), ordered: false }),
        () => ({ sql: 'SELECT NULL', columns: [], ordered: false }),
      )
    case 'nested': {
      const inner = env.query(body.query, env.scope.outer ?? { relations: [], visible: [] }, env.ctes)
      return { ...inner, sql: `(${inner.sql})` }
    }
    case 'set':
      return setOperation(body, env, windows)
    default:
      body satisfies never
      throw new Error('unreachable')
  }
}

function setOperation(body: Extract<QueryBody, { kind: 'set' }>, env: Env, windows: Around['windows']): Analyzed {
  const sides = [analyzeBody(body.left, env, windows), analyzeBody(body.right, env, windows)] as const
  const [left, right] = sides
  const word = body.op + (body.all ? ' ALL' : '')
  return env.context.guard<Analyzed>(
    body.at,
    () => {
      if (left.open || right.open) throw new Refusal(`${word} of something outside the table`, body.at)
      if (left.columns.length !== right.columns.length)
        throw new SqlProblem(
          `${word} of ${left.columns.length} and ${right.columns.length} columns`,
          'select as many on both sides',
          body.at,
        )
      const columns = left.columns.map((l, i): OutputColumn => setColumn(l, right.columns[i]!, word))
      const side = (one: Analyzed) => {
        const alias = quoted(env.context.unique('side'))
        const list = one.columns.map((c, i) => {
          const value = { type: c.type, sql: `${alias}.${quoted(c.sqlName)}`, from: c.from, at: body.at }
          return `${castTo(value, columns[i]!.type).sql} AS ${quoted(columns[i]!.sqlName)}`
        })
        return `SELECT ${list.join(', ')} FROM (${one.sql}) AS ${alias}`
      }
      return { sql: `(${side(left)}) ${word} (${side(right)})`, columns, ordered: false, open: left.open || right.open }
    },
    () => left,
  )
}

function setColumn(left: OutputColumn, right: OutputColumn, word: string): OutputColumn {
  const type = commonType([left.type, right.type])
  if (!type) {
    const both = `${typeText(left.type)} and ${typeText(right.type)}`
    if (left.type.kind === 'string' || right.type.kind === 'string') throw new Refusal(`${word} of ${both}`, right.at)
    throw new SqlProblem(`column "${left.name}" of ${word} is ${both}`, 'cast one side', right.at)
  }
  const from = [...new Map([...left.from, ...right.from].map(o => [`${o.input}.${o.column}`, o])).values()]
  return { ...left, type: type.kind === 'unknown' ? T.unknown : type, from }
}
