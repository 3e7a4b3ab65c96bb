import { SqlProblem } from '../finding.ts'
import type { Expr, ExprOf, Select, SelectItem, Sort, WindowSpec } from '../parse/ast.ts'
import { some } from '../parse/walk.ts'
import { Refusal } from '../refusal.ts'
import { quoted } from '../type.ts'
import type { Typed } from '../typed.ts'
import { condition } from './compare.ts'
import type { Analyzed, Env, OutputColumn } from './env.ts'
import { analyzeFrom } from './from.ts'
import { generators } from './generator.ts'
import { groupedSelect, hasAggregate } from './grouping.ts'
import { type Item, orderBy } from './order-by.ts'
import { type Column, unknownColumn } from './scope.ts'
import { inScope, type Source } from './source.ts'
import { withView } from './view.ts'

export interface Around {
  order: Sort[]
  windows: ReadonlyMap<string, WindowSpec>
}

/** A select, with the ORDER BY that stands after it. */
export function analyzeSelect(select: Select, around: Around, env: Env): Analyzed {
  const plain = analyzeFrom(select.from, select.views, env)
  const grouped =
    Boolean(select.group || select.having) || select.items.some(i => hasAggregate(i.value)) || around.order.some(s => hasAggregate(s.value))
  const { source, items } = withGenerators(select.items, plain, grouped, env)
  const row: Env = { ...env, scope: inScope(source, env.scope.outer), clause: 'SELECT', windows: true, namedWindows: around.windows }
  const where = filter(select.where, expr => env.analyze(expr, { ...row, clause: 'WHERE', windows: false }), 'WHERE', env)
  const from = { text: source.sql ? ` FROM ${source.sql}` : '', where }
  if (grouped) return analyzeGrouped(select, items, around, row, source, from)
  const out = project(select, items, around.order, row, source)
  return { ...out, sql: `SELECT ${out.list}${from.text}${from.where}${out.order}` }
}

/** The rows of FROM are grouped in an inner select; the select list, HAVING and ORDER BY are computed from its columns. */
function analyzeGrouped(
  select: Select,
  items: SelectItem[],
  around: Around,
  row: Env,
  source: Source,
  from: { text: string; where: string },
): Analyzed {
  const { context } = row
  const expanded = items.flatMap(i => (i.value.kind === 'star' ? starColumns(i.value, source).map(c => starItem(c, i.value.at)) : [i]))
  const alias = context.unique('grouped')
  const input: Env = { ...row, clause: 'an aggregate', windows: false }
  const grouping = context.guard(
    select.group?.at ?? select.at,
    () => groupedSelect(select.group, expanded, { ...input, clause: 'GROUP BY' }, alias),
    () => groupedSelect(undefined, [], input, alias),
  )
  grouping.input = input
  const scope = {
    ...row.scope,
    grouped: (column: Column, at: number) => groupedColumn(column, at, grouping),
    isGrouped: (column: Column) => Boolean(grouping.group(column.sql)),
  }
  const out = project(select, expanded, around.order, { ...row, grouping, scope }, source)
  // HAVING may name the select list's aliases, where FROM has no column of that name.
  const aliases = new Map(out.items.map(i => [i.name.toLowerCase(), i.value]))
  const inHaving: Env = { ...row, grouping, clause: 'HAVING', windows: false, scope: { ...scope, aliases } }
  const having = filter(select.having, expr => row.analyze(expr, inHaving), 'HAVING', row)
  const single = !select.group
  return { ...out, single, grouped: !single, sql: `SELECT ${out.list} FROM ${grouping.text(from.text, from.where)}${having}${out.order}` }
}

function filter(expr: Expr | undefined, analyze: (expr: Expr) => Typed, word: string, { context }: Env): string {
  if (!expr) return ''
  const value = context.guard(
    expr.at,
    () => condition(analyze(expr), word),
    v => v,
  )
  return ` WHERE ${value.sql}`
}

// explode(…) in the select list is a lateral view of its own.
function withGenerators(all: SelectItem[], plain: Source, grouped: boolean, env: Env): { source: Source; items: SelectItem[] } {
  let source = plain
  const items: SelectItem[] = []
  for (const item of all) {
    const made = isGenerator(item.value) && generated(item, item.value, source, grouped, env)
    if (made) source = made.source
    items.push(...(made ? made.items : [item]))
  }
  return { source, items }
}

const isGenerator = (expr: Expr): expr is ExprOf<'call'> => expr.kind === 'call' && generators.has(expr.name) && expr.name !== 'range'

function groupedColumn(column: Column, at: number, grouping: { group(sql: string): Typed | undefined }): Typed {
  const found = grouping.group(column.sql)
  if (!found)
    throw new SqlProblem(
      `"${column.name}" is neither grouped by nor in an aggregate`,
      `add it to GROUP BY, or take max(${column.name}) or such`,
      at,
    )
  return { ...found, at, name: column.name }
}

const starItem = (column: Column, at: number): SelectItem => ({
  value: { kind: 'column', parts: [{ name: column.name, quoted: true, at }], at },
  alias: { name: column.name, quoted: true, at },
})

function starColumns(star: ExprOf<'star'>, source: Source): Column[] {
  if (star.qualifier.length === 0) {
    if (source.visible.length === 0 && !source.open) throw new SqlProblem('* has no table to take columns from', 'write FROM', star.at)
    return source.visible
  }
  const [name, ...rest] = star.qualifier
  const relations = source.relations.filter(r => r.alias?.toLowerCase() === name!.name.toLowerCase())
  if (relations.length === 1 && rest.length === 0) return relations[0]!.columns
  if (source.visible.some(c => c.name.toLowerCase() === name!.name.toLowerCase())) throw new Refusal('a struct’s .*', star.at)
  if (source.open) return []
  throw unknownColumn({ ...source }, [name!, { name: '*', quoted: false, at: star.at }])
}

function generated(
  item: SelectItem,
  value: ExprOf<'call'>,
  source: Source,
  grouped: boolean,
  env: Env,
): { source: Source; items: SelectItem[] } {
  // Spark makes the rows after grouping; a lateral view would make them before.
  if (grouped) {
    env.context.refuse(`${value.name} in a grouped select`, value.at)
    return { source: { ...source, open: true }, items: [] }
  }
  const names = item.aliases ?? (item.alias ? [item.alias] : [])
  const table = env.context.unique('generated')
  const before = source.visible.length
  const next = withView(
    source,
    { at: value.at, outer: false, call: value, table: { name: table, quoted: true, at: value.at }, columns: names },
    env,
  )
  const made = next.visible.slice(before)
  if (names.length === 1 && made.length > 1)
    throw new SqlProblem(`${value.name} gives ${made.length} columns`, `write AS (${made.map(c => c.name).join(', ')})`, value.at)
  const items = made.map((c): SelectItem => {
    const parts = [table, c.name].map(name => ({ name, quoted: true, at: value.at }))
    return { value: { kind: 'column', parts, at: value.at }, alias: { name: c.name, quoted: true, at: value.at } }
  })
  // The names are reached by their own table only, so that * leaves them out.
  return { source: { ...next, visible: source.visible }, items }
}

/** The select list, and ORDER BY by its names, its places, or what FROM brings. */
function project(select: Select, items: SelectItem[], order: Sort[], env: Env, source: Source) {
  const { context } = env
  const aliases = new Map<string, Typed>()
  const taken = new Map<string, number>()
  const out: Item[] = []
  const add = (name: string, value: Typed, unnamed?: boolean): void => {
    const count = (taken.get(name.toLowerCase()) ?? 0) + 1
    taken.set(name.toLowerCase(), count)
    out.push({ name, sqlName: count === 1 ? name : `${name}:${count}`, value, unnamed })
  }
  for (const item of items) {
    if (item.value.kind === 'star') {
      const star = item.value
      const columns = context.guard(
        star.at,
        () => starColumns(star, source),
        () => [],
      )
      for (const c of columns) add(c.name, { type: c.type, sql: c.sql, from: c.from, at: star.at })
      continue
    }
    const value = env.analyze(item.value, { ...env, scope: { ...env.scope, aliases } })
    const name = item.alias?.name ?? value.name ?? writtenName(item.value)
    if (value.lambda) context.error(value.at, 'a lambda cannot stand here', 'it is an argument of functions such as transform')
    add(name ?? context.source.slice(item.value.at, item.value.end ?? item.value.at + 1), value, name === undefined)
    // A window function's column may not be used beside it: neither engine nests them.
    if (item.alias && !some(item.value, e => e.kind === 'call' && Boolean(e.over))) aliases.set(item.alias.name.toLowerCase(), value)
  }
  const columns: OutputColumn[] = out.map(i => ({
    name: i.name,
    sqlName: i.sqlName,
    type: i.value.type,
    from: i.value.from,
    unnamed: i.unnamed,
    at: i.value.at,
  }))
  const list = `${select.distinct ? 'DISTINCT ' : ''}${out.map(i => `${i.value.sql} AS ${quoted(i.sqlName)}`).join(', ') || 'NULL'}`
  const open = Boolean(source.open) && items.some(i => i.value.kind === 'star')
  return { columns, items: out, list, order: orderBy(select, order, out, env), ordered: order.length > 0, open }
}

// What a column or a field is called even where it is not understood.
const writtenName = (expr: Expr): string | undefined =>
  expr.kind === 'column' ? expr.parts.at(-1)!.name : expr.kind === 'field' ? expr.field.name : undefined
