import { SqlProblem } from '../finding.ts'
import { functions } from '../functions.ts'
import type { Expr, Group, GroupElement, SelectItem } from '../parse/ast.ts'
import { some } from '../parse/walk.ts'
import { Refusal } from '../refusal.ts'
import { quoted, T } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import type { Env, Grouping } from './env.ts'

export const hasAggregate = (expr: Expr): boolean =>
  some(
    expr,
    e => e.kind === 'call' && !e.over && (functions[e.name]?.kind === 'aggregate' || e.name === 'grouping' || e.name === 'grouping_id'),
  )

/** The inner select of a grouped one, as it fills. */
export interface GroupedSelect extends Grouping {
  /** The inner select's text, once everything that uses it is understood. */
  text(from: string, where: string): string
}

/** What GROUP BY groups by, and the columns of the inner select that hold it and the aggregates. */
export function groupedSelect(group: Group | undefined, items: SelectItem[], input: Env, alias: string): GroupedSelect {
  const { values, sets } = groupsOf(group, items, input)
  const columns: string[] = values.map((v, i) => `${v.sql} AS ${quoted(`g${i + 1}`)}`)
  const keys = new Map(values.map((v, i) => [v.sql, { ...v, sql: `${quoted(alias)}.${quoted(`g${i + 1}`)}`, literal: undefined }]))
  const added = new Map<string, string>()
  const add = (value: Typed): Typed => {
    if (value.type.kind === 'unknown') return value
    let name = added.get(value.sql)
    if (!name) {
      name = `a${added.size + 1}`
      added.set(value.sql, name)
      columns.push(`${value.sql} AS ${quoted(name)}`)
    }
    return { ...value, sql: `${quoted(alias)}.${quoted(name)}`, literal: undefined }
  }
  return {
    input,
    group: sql => keys.get(sql),
    aggregate: add,
    groupingOf(args, at) {
      const chosen = args === 'all' ? values : args
      for (const a of chosen)
        if (!keys.has(a.sql)) throw new SqlProblem('grouping takes what is grouped by', 'name a column of GROUP BY', a.at)
      if (chosen.length === 0) throw new SqlProblem('grouping needs GROUP BY', 'group by something', at)
      const call = `GROUPING(${chosen.map(a => a.sql).join(', ')})`
      const single = args !== 'all'
      return add({
        type: single ? T.tinyint : T.bigint,
        sql: `CAST(${call} AS ${single ? 'TINYINT' : 'BIGINT'})`,
        from: origins(...chosen),
        at,
      })
    },
    text(from, where) {
      const by = sets
        ? ` GROUP BY GROUPING SETS (${sets.map(s => `(${s.map(v => v.sql).join(', ')})`).join(', ')})`
        : values.length > 0
          ? ` GROUP BY ${values.map(v => v.sql).join(', ')}`
          : ''
      // Without a group or an aggregate there would be nothing that makes it one row.
      if (columns.length === 0) columns.push('count(*) AS "a1"')
      return `(SELECT ${columns.join(', ')}${from}${where}${by}) AS ${quoted(alias)}`
    },
  }
}

function groupsOf(group: Group | undefined, items: SelectItem[], input: Env): { values: Typed[]; sets: Typed[][] | undefined } {
  if (!group) return { values: [], sets: undefined }
  const env = { ...input, scope: { ...input.scope, aliases: itemAliases(items, input) } }
  const known = new Map<string, Typed>()
  const one = (expr: Expr): Typed => {
    const value = groupValue(expr, items, env)
    const same = known.get(value.sql)
    if (!same) known.set(value.sql, value)
    return same ?? value
  }
  if (group.all) {
    for (const item of items) if (!hasAggregate(item.value)) one(item.value)
    return { values: [...known.values()], sets: undefined }
  }
  // Several elements multiply: GROUP BY a, ROLLUP(b, c) is a with each set of the rollup.
  let sets: Typed[][] = [[]]
  for (const element of group.elements) {
    const own = setsOf(element, one)
    sets = sets.flatMap(s => own.map(o => [...s, ...o]))
  }
  const plain = group.elements.every(e => e.kind === 'plain')
  return { values: [...known.values()], sets: plain ? undefined : sets.map(s => [...new Set(s)]) }
}

function setsOf(element: GroupElement, one: (expr: Expr) => Typed): Typed[][] {
  if (element.kind === 'plain') return [[one(element.value)]]
  if (element.kind === 'sets') return element.elements.flatMap(e => (Array.isArray(e) ? [e.map(one)] : setsOf(e, one)))
  const groups = element.groups.map(g => g.map(one))
  if (element.kind === 'rollup') return Array.from({ length: groups.length + 1 }, (_, i) => groups.slice(0, groups.length - i).flat())
  // Every subset, the whole first.
  return Array.from({ length: 2 ** groups.length }, (_, mask) => groups.filter((_g, i) => !(mask & (1 << i))).flat())
}

function groupValue(expr: Expr, items: SelectItem[], env: Env): Typed {
  let chosen = expr
  if (expr.kind === 'literal' && expr.type.kind === 'int') {
    const item = items[Number(expr.value) - 1]
    if (!item)
      throw new SqlProblem(
        `GROUP BY ${expr.value} names no column: there are ${items.length}`,
        `write 1 to ${items.length}, or a name`,
        expr.at,
      )
    if (item.value.kind === 'star') throw new Refusal('GROUP BY the place of *', expr.at)
    chosen = item.value
  }
  if (hasAggregate(chosen)) throw new SqlProblem('an aggregate cannot be grouped by', 'compute it in a subquery first', expr.at)
  const value = env.analyze(chosen, env)
  if (value.from.length === 0 && value.literal !== undefined) throw new Refusal('GROUP BY a constant', expr.at)
  return value
}

// GROUP BY may name a column of the select list, where FROM has none of that name.
function itemAliases(items: SelectItem[], input: Env): Map<string, Typed> {
  const out = new Map<string, Typed>()
  for (const item of items) {
    if (!item.alias || hasAggregate(item.value) || some(item.value, e => e.kind === 'call' && Boolean(e.over))) continue
    const value = input.context.quietly(() => input.analyze(item.value, input))
    if (value.type.kind !== 'unknown') out.set(item.alias.name.toLowerCase(), value)
  }
  return out
}
