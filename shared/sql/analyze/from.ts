import { nearest } from '../../core/errors.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { Alias, Expr, From, LateralView, Name, Values } from '../parse/ast.ts'
import { sharedOf } from '../table/rule.ts'
import { quoted, type SqlType, T, typeOfColumn } from '../type.ts'
import { type Origin, origins } from '../typed.ts'
import { compare, condition } from './compare.ts'
import type { Analyzed, Env, OutputColumn } from './env.ts'
import { generate } from './generator.ts'
import { pivot, unpivot } from './pivot.ts'
import { type Column, type Relation, relationOf, type Scope } from './scope.ts'

/** What FROM brings, and its text. */
export interface Source {
  sql: string
  relations: Relation[]
  visible: Column[]
  /** A join's text needs brackets where it is the right side of another. */
  join?: boolean
  /** Whether something outside the table may have brought columns that are not known. */
  open?: boolean
}

type SourceColumn = { name: string; sqlName: string; type: SqlType; from: Origin[]; unnamed?: boolean }

export const inScope = (source: Pick<Source, 'relations' | 'visible' | 'open'>, outer: Scope | undefined): Scope => ({
  relations: source.relations,
  visible: source.visible,
  open: source.open,
  outer,
})

/** The relations of FROM and the lateral views after it. */
export function analyzeFrom(list: From[], views: LateralView[], env: Env): Source {
  let source: Source | undefined
  for (const from of list) {
    const next = analyzeRelation(from, source, env)
    source = source ? crossed(source, next) : next
  }
  source ??= { sql: '', relations: [], visible: [] }
  for (const view of views) source = withView(source, view, env)
  return source
}

const right = (source: Source): string => (source.join ? `(${source.sql})` : source.sql)
const crossed = (a: Source, b: Source): Source => ({
  sql: `${a.sql} CROSS JOIN ${right(b)}`,
  relations: [...a.relations, ...b.relations],
  visible: [...a.visible, ...b.visible],
  open: a.open || b.open,
  join: true,
})

function analyzeRelation(from: From, left: Source | undefined, env: Env): Source {
  const { context } = env
  const recover = (): Source => ({ sql: '(SELECT NULL) AS missing', relations: [], visible: [], open: true })
  return context.guard(from.at, () => relationSource(from, left, env), recover)
}

// What LATERAL may name: the relations to its left, and those of queries around.
const lateralScope = (left: Source | undefined, env: Env): Scope | undefined => (left ? inScope(left, env.scope.outer) : env.scope.outer)

function relationSource(from: From, left: Source | undefined, env: Env): Source {
  switch (from.kind) {
    case 'table':
      return table(from.parts, from.alias, env, from.at)
    case 'query': {
      const query = env.query(from.query, from.lateral ? (lateralScope(left, env) ?? emptyScope) : outermost(env), env.ctes)
      return derived(`${from.lateral && left ? 'LATERAL ' : ''}(${query.sql})`, query.columns, from.alias, env, from.at, query.open)
    }
    case 'valuesTable': {
      const values = analyzeValues(from.values, env)
      return derived(`(${values.sql})`, values.columns, from.alias, env, from.at)
    }
    case 'function':
      return functionTable(from, left, env)
    case 'join':
      return join(from, left, env)
    case 'pivot':
      return aliased(pivot(from, analyzeRelation(from.source, left, env), env), from.alias, env, from.at)
    case 'unpivot':
      return aliased(unpivot(from, analyzeRelation(from.source, left, env), env), from.alias, env, from.at)
    case 'unusual':
      env.context.refuse(from.construct, from.at)
      return analyzeRelation(from.source, left, env)
    default:
      from satisfies never
      throw new Error('unreachable')
  }
}

const emptyScope: Scope = { relations: [], visible: [] }
// A subquery in FROM sees no relation beside it, only what is around the whole select.
const outermost = (env: Env): Scope => env.scope.outer ?? emptyScope

function aliased(analyzed: Analyzed, alias: Alias | undefined, env: Env, at: number): Source {
  return derived(`(${analyzed.sql})`, analyzed.columns, alias, env, at)
}

function table(parts: Name[], alias: Alias | undefined, env: Env, at: number): Source {
  const [name] = parts
  if (parts.length > 1)
    throw new SqlProblem(
      `"${parts.map(p => p.name).join('.')}" is not an input`,
      'name inputs by their keys in task.ts, without a database',
      at,
    )
  const cte = env.ctes.get(name!.name.toLowerCase())
  if (cte) return derived(quoted(cte.sqlName), cte.columns, alias ?? { table: name! }, env, at, cte.open)
  const input = env.inputs.get(name!.name.toLowerCase())
  if (!input) {
    const names = [...[...env.inputs.values()].map(i => i.alias), ...env.ctes.keys()]
    const near = nearest(name!.name, names)
    throw new SqlProblem(
      `there is no input "${name!.name}"`,
      near ? `did you mean ${near}?` : names.length > 0 ? `there are ${names.join(', ')}` : 'add it to the inputs of task.ts',
      at,
    )
  }
  env.context.usedInputs.add(input.alias)
  const columns = [
    ...Object.entries(input.columns).map(([column, type]) => [column, typeOfColumn(type)] as const),
    ['_partition', T.string] as const,
  ]
  const source = columns.map(([column, type]) => ({ name: column, sqlName: column, type, from: [{ input: input.alias, column }] }))
  return derived(quoted(input.alias), source, alias ?? { table: { name: input.alias, quoted: false, at } }, env, at)
}

function derived(sql: string, columns: SourceColumn[], alias: Alias | undefined, env: Env, at: number, open?: boolean): Source {
  const sqlAlias = env.context.unique(alias?.table.name || 'derived')
  if (alias?.columns && alias.columns.length !== columns.length)
    throw new SqlProblem(
      `${alias.table.name} names ${alias.columns.length} columns of ${columns.length}`,
      'name each column',
      alias.columns[0]?.at ?? at,
    )
  const named = columns.map((c, i) => (alias?.columns ? { ...c, name: alias.columns[i]!.name, unnamed: false } : c))
  const relation = relationOf(alias?.table.name, sqlAlias, named)
  return { sql: `${sql} AS ${quoted(sqlAlias)}`, relations: [relation], visible: relation.columns, open }
}

function functionTable(from: Extract<From, { kind: 'function' }>, left: Source | undefined, env: Env): Source {
  const scope = from.lateral ? lateralScope(left, env) : undefined
  const made = generate(from.call, {
    ...env,
    scope: { ...emptyScope, outer: scope },
    clause: 'a table function',
    windows: false,
    grouping: undefined,
  })
  // Without a row around it an outer generator still gives one row of nulls.
  const sql = made.outer ? `SELECT made.* FROM (SELECT 1) AS one LEFT JOIN (${made.sql}) AS made ON true` : made.sql
  const columns = made.columns.map(c => ({ ...c, sqlName: c.name, from: made.from }))
  return derived(`${from.lateral && left ? 'LATERAL ' : ''}(${sql})`, columns, from.alias, env, from.at)
}

/** Adds the rows of a generator to each row so far. */
export function withView(source: Source, view: Pick<LateralView, 'at' | 'outer' | 'call' | 'table' | 'columns'>, env: Env): Source {
  return env.context.guard<Source>(
    view.at,
    () => {
      const made = generate(view.call, {
        ...env,
        scope: inScope(source, env.scope.outer),
        clause: 'LATERAL VIEW',
        windows: false,
        grouping: undefined,
      })
      if (view.columns.length > 0 && view.columns.length !== made.columns.length)
        throw new SqlProblem(
          `${view.call.name} gives ${made.columns.length} columns; here are ${view.columns.length} names`,
          'name each',
          view.columns[0]!.at,
        )
      const columns = made.columns.map((c, i) => ({
        name: view.columns[i]?.name ?? c.name,
        sqlName: c.name,
        type: c.type,
        from: made.from,
      }))
      const sqlAlias = env.context.unique(view.table.name || 'view')
      const relation = relationOf(view.table.name || undefined, sqlAlias, columns)
      const lateral = `LATERAL (${made.sql}) AS ${quoted(sqlAlias)}`
      const outer = view.outer || made.outer
      const base = source.sql || '(SELECT 1) AS one_row'
      return {
        sql: outer ? `${base} LEFT JOIN ${lateral} ON true` : `${base} CROSS JOIN ${lateral}`,
        relations: [...source.relations, relation],
        visible: [...source.visible, ...relation.columns],
        open: source.open,
        join: true,
      }
    },
    () => ({ ...source, open: true }),
  )
}

const isPartition = (column: Column): boolean => column.name === '_partition'

function join(from: Extract<From, { kind: 'join' }>, outerLeft: Source | undefined, env: Env): Source {
  const left = analyzeRelation(from.left, outerLeft, env)
  const rightSource = analyzeRelation(from.right, left, env)
  const both: Source = {
    sql: '',
    relations: [...left.relations, ...rightSource.relations],
    visible: [...left.visible, ...rightSource.visible],
    open: left.open || rightSource.open,
  }
  if (from.natural && left.visible.some(isPartition) && rightSource.visible.some(isPartition))
    env.context.warning(from.at, 'NATURAL JOIN also joins by _partition, which every input has', 'join with USING and name the columns')
  const shared = from.natural
    ? left.visible
        .filter(l => rightSource.visible.some(r => r.name.toLowerCase() === l.name.toLowerCase()))
        .map(c => ({ name: c.name, quoted: true, at: from.at }))
    : from.using
  const merged = shared?.map(name => mergedColumn(name, left, rightSource, from.join))
  const on =
    from.on &&
    condition(
      env.analyze(from.on, { ...env, scope: inScope(both, env.scope.outer), clause: 'ON', windows: false, grouping: undefined }),
      'ON',
    )
  const conditions = merged && merged.length > 0 ? merged.map(m => m.condition).join(' AND ') : on?.sql
  const words = {
    INNER: 'INNER JOIN',
    LEFT: 'LEFT JOIN',
    RIGHT: 'RIGHT JOIN',
    FULL: 'FULL JOIN',
    CROSS: 'INNER JOIN',
    SEMI: 'SEMI JOIN',
    ANTI: 'ANTI JOIN',
  }[from.join]
  const sql =
    conditions || (from.join !== 'INNER' && from.join !== 'CROSS')
      ? `${left.sql} ${words} ${right(rightSource)} ON ${conditions ?? 'true'}`
      : `${left.sql} CROSS JOIN ${right(rightSource)}`
  if (from.join === 'SEMI' || from.join === 'ANTI') return { ...left, sql, join: true }
  if (!merged) return { ...both, sql, join: true }
  const hidden = new Set(merged.flatMap(m => m.hidden))
  return {
    sql,
    relations: both.relations,
    visible: [...merged.map(m => m.column), ...both.visible.filter(c => !hidden.has(c))],
    open: both.open,
    join: true,
  }
}

function mergedColumn(
  name: Name,
  left: Source,
  rightSource: Source,
  kind: string,
): { column: Column; hidden: Column[]; condition: string } {
  const find = (source: Source, side: string): Column => {
    const found = source.visible.filter(c => c.name.toLowerCase() === name.name.toLowerCase())
    if (found.length === 1) return found[0]!
    const near = nearest(
      name.name,
      source.visible.map(c => c.name),
    )
    throw new SqlProblem(
      `the ${side} side has ${found.length === 0 ? 'no' : 'more than one'} column "${name.name}"`,
      near ? `did you mean ${near}?` : 'join with ON',
      name.at,
    )
  }
  const [a, b] = [find(left, 'left'), find(rightSource, 'right')]
  const typed = (c: Column) => ({ type: c.type, sql: c.sql, from: c.from, at: name.at })
  const match = compare('=', typed(a), typed(b))
  const from = origins(a, b)
  if (kind === 'FULL') {
    const type = sharedOf([a.type, b.type], 'USING', name.at)
    const sql = `coalesce(${castTo(typed(a), type).sql}, ${castTo(typed(b), type).sql})`
    return { column: { name: a.name, type, sql, from }, hidden: [a, b], condition: match.sql }
  }
  const kept = kind === 'RIGHT' ? b : a
  return { column: { ...kept, from }, hidden: [a, b], condition: match.sql }
}

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
