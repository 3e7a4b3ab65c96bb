import { castTo } from '../cast.ts'
import { isIntegral, isNumeric } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import type { ExprOf, FrameBound, Sort, WindowSpec } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import type { Rule } from '../table/rule.ts'
import { type SqlType, T, typeText } from '../type.ts'
import { type Origin, origins, type Typed } from '../typed.ts'
import type { Env } from './env.ts'
import { orderKey, ordersOtherwise } from './order-key.ts'

/** One sort key with Spark's place for nulls: first when ascending, last when descending. */
export function orderText({ sql, type }: { sql: string; type: SqlType }, sort: Sort): string {
  if (type.kind === 'map') throw new SqlProblem('maps have no order', 'order by its keys or values', sort.value.at)
  const first = sort.nullsFirst ?? !sort.descending
  return `${ordersOtherwise(type) ? orderKey(sql, type) : sql} ${sort.descending ? 'DESC' : 'ASC'} NULLS ${first ? 'FIRST' : 'LAST'}`
}

// What counts rows, so that equal ones may fall either way.
const NEEDS_ORDER = new Set(['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'ntile', 'lag', 'lead', 'nth_value'])
const NEEDS_ORDER_FOR_ANSWER = new Set(['first', 'first_value', 'last', 'last_value', 'any_value', 'collect_list', 'array_agg'])

/** The text of OVER (…). */
export function overText(expr: ExprOf<'call'>, rule: Rule, env: Env): { sql: string; from: Origin[] } {
  const spec = named(expr.over!, env, expr)
  const partition = spec.partition.map(e => env.analyze(e, env))
  const order = spec.order.map(s => env.analyze(s.value, env))
  if (spec.order.length === 0 && NEEDS_ORDER.has(expr.name))
    throw new SqlProblem(`${expr.name} needs an order`, 'write OVER (… ORDER BY …)', expr.at)
  if (spec.order.length === 0 && NEEDS_ORDER_FOR_ANSWER.has(expr.name))
    env.context.warning(expr.at, `${expr.name} depends on the order of rows, and its window has none`, 'write ORDER BY in the window')
  if (rule.kind === 'window' && spec.frame && expr.name !== 'nth_value') throw new Refusal(`${expr.name} with a frame`, spec.frame.at)
  const parts = [
    partition.length > 0 ? `PARTITION BY ${partition.map(p => p.sql).join(', ')}` : '',
    order.length > 0 ? `ORDER BY ${order.map((o, i) => orderText(o, spec.order[i]!)).join(', ')}` : '',
    spec.frame ? frameText(spec, order, env) : '',
  ]
  return { sql: ` OVER (${parts.filter(Boolean).join(' ')})`, from: origins(...partition, ...order) }
}

function named(spec: WindowSpec, env: Env, expr: ExprOf<'call'>): WindowSpec {
  if (!spec.base) return spec
  const windows = env.namedWindows
  const base = windows?.get(spec.base.name.toLowerCase())
  if (!base)
    throw new SqlProblem(
      `no window is called "${spec.base.name}"`,
      windows?.size ? `there are ${[...windows.keys()].join(', ')}` : 'define it: WINDOW w AS (PARTITION BY …)',
      spec.base.at,
    )
  if (spec.partition.length > 0 || spec.order.length > 0 || spec.frame) throw new Refusal('a window built on a named one', expr.at)
  return base
}

function frameText(spec: WindowSpec, order: Typed[], env: Env): string {
  const frame = spec.frame!
  const text = (bound: FrameBound): string => {
    if (!bound.value) return bound.kind.toUpperCase()
    return `${offset(bound, frame.unit, order, spec, env)} ${bound.kind.toUpperCase()}`
  }
  return `${frame.unit} BETWEEN ${text(frame.start)} AND ${text(frame.end)}`
}

function offset(bound: FrameBound, unit: 'ROWS' | 'RANGE', order: Typed[], spec: WindowSpec, env: Env): string {
  const value = env.analyze(bound.value!, env)
  if (unit === 'ROWS') {
    if (!isIntegral(value.type))
      throw new SqlProblem(`a frame of rows counts rows; this is ${typeText(value.type)}`, 'write a whole number, or RANGE', value.at)
    if (typeof value.literal !== 'string' || value.literal.startsWith('-'))
      throw new Refusal('a frame with a computed or negative bound', value.at)
    return value.literal
  }
  const key = order[0]
  if (!key || spec.order.length !== 1)
    throw new SqlProblem('a frame of a range takes one ORDER BY', 'order by one expression, or write ROWS', spec.frame!.at)
  if (value.literal === undefined || String(value.literal).startsWith('-'))
    throw new Refusal('a frame with a computed or negative bound', value.at)
  if (key.type.kind === 'date' && isIntegral(value.type)) return `to_days(${castTo(value, T.int).sql})`
  if ((key.type.kind === 'date' || key.type.kind === 'timestamp') && value.type.kind === 'interval') return value.sql
  if (isNumeric(key.type) && isNumeric(value.type)) return castTo(value, key.type).sql
  throw new SqlProblem(
    `a range of ${typeText(value.type)} does not fit an order by ${typeText(key.type)}`,
    'for dates write days or an INTERVAL, for timestamps an INTERVAL',
    value.at,
  )
}
