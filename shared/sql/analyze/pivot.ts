import { nearest } from '../../core/errors.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { From } from '../parse/ast.ts'
import { children } from '../parse/walk.ts'
import { Refusal } from '../refusal.ts'
import { sharedOf } from '../table/rule.ts'
import { quoted, T, text } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { comparable } from './compare.ts'
import type { Analyzed, Env, Grouping, OutputColumn } from './env.ts'
import type { Column } from './scope.ts'
import type { Source } from './source.ts'

type Pivot = Extract<From, { kind: 'pivot' }>
type Unpivot = Extract<From, { kind: 'unpivot' }>

function columnOf(source: Source, name: { name: string; at: number }): Column {
  const found = source.visible.filter(c => c.name.toLowerCase() === name.name.toLowerCase())
  if (found.length === 1) return found[0]!
  const near = nearest(
    name.name,
    source.visible.map(c => c.name),
  )
  throw new SqlProblem(
    `there is ${found.length ? 'more than one' : 'no'} column "${name.name}" to pivot`,
    near ? `did you mean ${near}?` : `there are ${source.visible.map(c => c.name).join(', ')}`,
    name.at,
  )
}

/** PIVOT: grouped by every column that it does not name; a value without rows is NULL, even of a count. */
export function pivot(from: Pivot, source: Source, env: Env): Analyzed {
  if (from.columns.length !== 1) throw new Refusal('PIVOT over several columns', from.at)
  const key = columnOf(source, from.columns[0]!)
  const inner: Env = {
    ...env,
    scope: { relations: source.relations, visible: source.visible, outer: env.scope.outer },
    clause: 'PIVOT',
    windows: false,
    grouping: undefined,
  }
  const used = new Set<Column>([key])
  for (const a of from.aggregates) markUsed(a.value, source, used)
  const groups = source.visible.filter(c => !used.has(c))
  const columns: OutputColumn[] = groups.map(c => ({ name: c.name, sqlName: c.name, type: c.type, from: c.from, at: from.at }))
  const items = groups.map((c, i) => `${c.sql} AS ${quoted(columns[i]!.sqlName)}`)
  for (const value of from.values) {
    const literal = env.analyze(value.values[0]!, inner)
    const [a, b] = comparable({ type: key.type, sql: key.sql, from: key.from, at: from.at }, literal)
    const matches = `${a.sql} IS NOT DISTINCT FROM ${b.sql}`
    for (const aggregate of from.aggregates) {
      const label = value.alias?.name ?? String(literal.literal)
      if (!value.alias && typeof literal.literal !== 'string') throw new Refusal('PIVOT on a value without a name', literal.at)
      const name =
        from.aggregates.length === 1
          ? label
          : `${label}_${aggregate.alias?.name ?? env.context.source.slice(aggregate.value.at, aggregate.value.end)}`
      const one = onlyAggregate(aggregate.value, matches, inner)
      columns.push({ name, sqlName: name, type: one.type, from: origins(one, key), at: aggregate.value.at })
      items.push(`CASE WHEN count(*) FILTER (WHERE ${matches}) > 0 THEN ${one.sql} END AS ${quoted(name)}`)
    }
  }
  // Grouped by nothing it is one row, if there is any.
  const group = groups.length > 0 ? ` GROUP BY ${groups.map(c => c.sql).join(', ')}` : ' HAVING count(*) > 0'
  return { sql: `SELECT ${items.join(', ')} FROM ${source.sql}${group}`, columns, ordered: false }
}

// The aggregate sees only the rows of one value: its FILTER says so.
function onlyAggregate(expr: Pivot['aggregates'][number]['value'], matches: string, env: Env): Typed {
  const grouping: Grouping = {
    input: env,
    group: () => undefined,
    aggregate: value => value,
    groupingOf: () => ({ type: T.unknown, sql: 'NULL', from: [], at: expr.at }),
    filter: matches,
  }
  return env.analyze(expr, { ...env, grouping })
}

function markUsed(expr: Parameters<typeof children>[0], source: Source, used: Set<Column>): void {
  if (expr.kind === 'column') {
    const name = expr.parts.at(-1)!.name.toLowerCase()
    for (const c of source.visible) if (c.name.toLowerCase() === name) used.add(c)
  }
  for (const child of children(expr)) markUsed(child, source, used)
}

/** UNPIVOT: a row for each named column, its name in one column and its value in another. */
export function unpivot(from: Unpivot, source: Source, env: Env): Analyzed {
  const picked = from.columns.map(c => ({ column: columnOf(source, c.column.at(-1)!), label: c.alias?.name }))
  const kept = source.visible.filter(c => !picked.some(p => p.column === c))
  const type = sharedOf(
    picked.map(p => p.column.type),
    'UNPIVOT',
    from.at,
  )
  const cell = (c: Column) => castTo({ type: c.type, sql: c.sql, from: c.from, at: from.at }, type).sql
  const items = picked.map(p => `struct_pack(label := ${text(p.label ?? p.column.name)}, value := ${cell(p.column)})`)
  const alias = quoted(env.context.unique('unpivoted'))
  const columns: OutputColumn[] = [
    ...kept.map(c => ({ name: c.name, sqlName: c.name, type: c.type, from: c.from, at: from.at })),
    { name: from.label.name, sqlName: from.label.name, type: T.string, from: [], at: from.label.at },
    { name: from.value.name, sqlName: from.value.name, type, from: origins(...picked.map(p => p.column)), at: from.value.at },
  ]
  const select = [...kept.map(c => c.sql), `${alias}.item.label`, `${alias}.item.value`]
    .map((sql, i) => `${sql} AS ${quoted(columns[i]!.sqlName)}`)
    .join(', ')
  const where = from.includeNulls ? '' : ` WHERE ${alias}.item.value IS NOT NULL`
  return {
    sql: `SELECT ${select} FROM ${source.sql} CROSS JOIN LATERAL (SELECT unnest([${items.join(', ')}]) AS item) AS ${alias}${where}`,
    columns,
    ordered: false,
  }
}
