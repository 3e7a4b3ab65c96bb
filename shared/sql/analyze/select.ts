import { SqlProblem } from '../finding.ts'
import type { Expr, ExprOf, Select, SelectItem, Sort, WindowSpec } from '../parse/ast.ts'
import { some } from '../parse/walk.ts'
import { Refusal } from '../refusal.ts'
import { quoted, T } from '../type.ts'
import type { Typed } from '../typed.ts'
import { condition } from './compare.ts'
import type { Analyzed, Env, OutputColumn } from './env.ts'
import { analyzeFrom, inScope, type Source, withView } from './from.ts'
import { generators } from './generator.ts'
import { groupedSelect, hasAggregate } from './grouping.ts'
import { ordersOtherwise } from './order-key.ts'
import { type Column, unknownColumn } from './scope.ts'
import { orderText } from './window.ts'

export interface Around {
  order: Sort[]
  windows: ReadonlyMap<string, WindowSpec>
}

interface Item {
  name: string
  sqlName: string
  value: Typed
  unnamed?: boolean
}

/** A select, with the ORDER BY that stands after it. */
export function analyzeSelect(select: Select, around: Around, env: Env): Analyzed {
  const { context } = env
  let source = analyzeFrom(select.from, select.views, env)
  const items: SelectItem[] = []
  for (const item of select.items) {
    const made = generated(item, source, env)
    if (made) {
      source = made.source
      items.push(...made.items)
    } else items.push(item)
  }
  const row: Env = { ...env, scope: inScope(source, env.scope.outer), clause: 'SELECT', windows: true, namedWindows: around.windows }
  const where =
    select.where &&
    context.guard(
      select.where.at,
      () => condition(env.analyze(select.where!, { ...row, clause: 'WHERE', windows: false }), 'WHERE'),
      v => v,
    )
  const whereText = where ? ` WHERE ${where.sql}` : ''
  const fromText = source.sql ? ` FROM ${source.sql}` : ''
  const isGrouped =
    Boolean(select.group || select.having) || items.some(i => hasAggregate(i.value)) || around.order.some(s => hasAggregate(s.value))
  if (!isGrouped) {
    const out = project(select, items, around.order, row, source)
    return { ...out, sql: `SELECT ${out.list}${fromText}${whereText}${out.order}` }
  }
  const expanded = items.flatMap(i => (i.value.kind === 'star' ? starColumns(i.value, source).map(c => starItem(c, i.value.at)) : [i]))
  const alias = context.unique('grouped')
  const input: Env = { ...row, clause: 'an aggregate', windows: false, namedWindows: around.windows }
  const grouping = context.guard(
    select.group?.at ?? select.at,
    () => groupedSelect(select.group, expanded, { ...input, clause: 'GROUP BY' }, alias),
    () => groupedSelect(undefined, [], input, alias),
  )
  grouping.input = { ...grouping.input, clause: 'an aggregate' }
  const outer: Env = {
    ...row,
    grouping,
    scope: {
      ...row.scope,
      grouped: (column, at) => groupedColumn(column, at, grouping),
      isGrouped: column => Boolean(grouping.group(column.sql)),
    },
  }
  const out = project(select, expanded, around.order, outer, source)
  const having =
    select.having &&
    context.guard(
      select.having.at,
      () => condition(analyzeHaving(select.having!, outer, out.items), 'HAVING'),
      v => v,
    )
  const inner = grouping.text(fromText, whereText)
  const single = !select.group
  return { ...out, single, grouped: !single, sql: `SELECT ${out.list} FROM ${inner}${having ? ` WHERE ${having.sql}` : ''}${out.order}` }
}

// HAVING may name the select list's aliases, where FROM has no column of that name.
function analyzeHaving(having: Expr, env: Env, items: Item[]): Typed {
  const aliases = new Map(items.map(i => [i.name.toLowerCase(), i.value]))
  return env.analyze(having, { ...env, clause: 'HAVING', windows: false, scope: { ...env.scope, aliases } })
}

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

// explode(…) in the select list is a lateral view of its own.
function generated(item: SelectItem, source: Source, env: Env): { source: Source; items: SelectItem[] } | undefined {
  const { value } = item
  if (value.kind !== 'call' || !generators.has(value.name) || value.name === 'range') return undefined
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

function orderBy(select: Select, order: Sort[], items: Item[], env: Env): string {
  if (order.length === 0) return ''
  const locals = new Map(env.scope.locals)
  for (const item of items) locals.set(item.name.toLowerCase(), item.value)
  const keys = order.map(sort => {
    const { value } = sort
    if (value.kind === 'literal' && value.type.kind === 'int') {
      const place = Number(value.value)
      if (place < 1 || place > items.length)
        env.context.error(value.at, `ORDER BY ${value.value} names no column: there are ${items.length}`, 'write a place or a name')
      const item = items[place - 1]
      return orderText(item && ordersOtherwise(item.value.type) ? item.value : { sql: String(place), type: T.int }, sort)
    }
    const key = env.analyze(value, { ...env, clause: 'ORDER BY', scope: { ...env.scope, locals } })
    const place = items.findIndex(i => i.value.sql === key.sql)
    if (place >= 0 && !ordersOtherwise(key.type)) return orderText({ sql: String(place + 1), type: key.type }, sort)
    if (select.distinct && place < 0) env.context.error(value.at, 'ORDER BY after SELECT DISTINCT takes what is selected', 'select it too')
    return orderText(key, sort)
  })
  return ` ORDER BY ${keys.join(', ')}`
}
