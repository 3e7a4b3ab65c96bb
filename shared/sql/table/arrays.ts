import { orderKey, ordersOtherwise } from '../analyze/order-key.ts'
import { castTo } from '../cast.ts'
import { isIntegral, isMonths } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, type SqlType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { asArray, comparable, element } from './array.ts'
import { expectArguments, literalSeparator, type Rule, scalar, sharedOf, special } from './rule.ts'

const same = (value?: Typed) => value!.type
const anyNull = (args: Typed[]): string => args.map(a => `${a.sql} IS NULL`).join(' OR ')

const size = scalar('array|map', T.int, x =>
  x!.type.kind === 'map' ? `CAST(cardinality(${x!.sql}) AS INTEGER)` : `CAST(len(${x!.sql}) AS INTEGER)`,
)

const literalArray: Rule = special((args, site) => {
  const type = sharedOf(
    args.map(a => a.type),
    'array',
    site.at,
  )
  if (args.length === 0) return { type: array(T.void), sql: 'CAST([] AS INTEGER[])' }
  return { type: array(type), sql: `[${args.map(a => castTo(a, type).sql).join(', ')}]` }
})

const slice: Rule = special((args, site) => {
  expectArguments(args, site, 3, 3, 'slice(items, 1, 2)')
  const [list, from, count] = args as [Typed, Typed, Typed]
  const { type, sql } = asArray(list, site)
  return { type, sql: `spark_slice(${sql}, ${castTo(from, T.int).sql}, ${castTo(count, T.int).sql})` }
})

/** sequence(start, stop, step): numbers, or dates by an interval. */
const sequence: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, 'sequence(1, 5)')
  const [start, stop, step] = args as [Typed, Typed, Typed | undefined]
  const type = sharedOf([start.type, stop.type], 'sequence', site.at)
  const [a, b] = [castTo(start, type).sql, castTo(stop, type).sql]
  if (isIntegral(type)) {
    if (type.kind === 'tinyint' || type.kind === 'smallint') throw new Refusal(`sequence of ${typeText(type)}`, site.at)
    const by = step ? castTo(step, type).sql : `CASE WHEN ${a} <= ${b} THEN 1 ELSE -1 END`
    const checked = step
      ? `CASE WHEN ${by} = 0 OR (${by} > 0) <> (${a} <= ${b}) AND ${a} <> ${b} THEN CAST('a step away from the end' AS INTEGER) ELSE ${by} END`
      : by
    return {
      type: array(type),
      sql: `CASE WHEN ${anyNull(args)} THEN NULL ELSE CAST(generate_series(CAST(${a} AS BIGINT), CAST(${b} AS BIGINT), CAST(${checked} AS BIGINT)) AS ${type.kind === 'int' ? 'INTEGER' : 'BIGINT'}[]) END`,
    }
  }
  if (type.kind !== 'date' && type.kind !== 'timestamp')
    throw new SqlProblem(`sequence takes whole numbers, dates or timestamps; this is ${typeText(type)}`, 'cast it', start.at)
  if (!step && type.kind === 'timestamp') throw new Refusal('sequence of timestamps without a step', site.at)
  if (step && (step.type.kind !== 'interval' || typeof step.literal !== 'string' || step.literal.startsWith('-') || step.literal === '0'))
    throw new Refusal('sequence by a computed or negative interval', site.at)
  const by = step?.sql ?? 'to_days(1)'
  // Months are counted from the start each time (31 January, 29 February, 31 March), not from the one before.
  const counted =
    step && isMonths(step.type)
      ? `list_filter(list_transform(generate_series(0, CAST(date_diff('month', ${a}, ${b}) // ${step.literal} + 1 AS BIGINT)), lambda n: ${a} + to_months(CAST(n * ${step.literal} AS INTEGER))), lambda moment: moment <= ${b})`
      : `generate_series(CAST(${a} AS TIMESTAMP), CAST(${b} AS TIMESTAMP), ${by})`
  return {
    type: array(type),
    sql: `CASE WHEN ${a} > ${b} THEN CAST(CAST('the end is before the start' AS INTEGER) AS VARCHAR)::${type.kind === 'date' ? 'DATE' : 'TIMESTAMP'}[] ELSE CAST(${counted} AS ${type.kind === 'date' ? 'DATE' : 'TIMESTAMP'}[]) END`,
  }
})

const join = scalar('array, string, string?', T.string, (list, separator, replacement) => {
  const items = castTo(list!, array(T.string)).sql
  const kept = replacement
    ? `list_transform(${items}, lambda item: coalesce(item, ${replacement.sql}))`
    : `list_filter(${items}, lambda item: item IS NOT NULL)`
  const missing = replacement ? ` OR ${replacement.sql} IS NULL` : ''
  return `CASE WHEN ${list!.sql} IS NULL${missing} THEN NULL ELSE coalesce(array_to_string(${kept}, ${literalSeparator(separator!, 'array_join')}), '') END`
})

const extreme = (call: string) =>
  scalar('array', element, list => {
    if (ordersOtherwise(element(list))) throw new Refusal(`${call} of ${typeText(list!.type)}`, list!.at)
    return `${call}(${list!.sql})`
  })

const insert: Rule = special((args, site) => {
  expectArguments(args, site, 3, 3, 'array_insert(items, 1, item)')
  const [list, place, item] = args as [Typed, Typed, Typed]
  const n = Number(place.literal)
  if (!Number.isInteger(n)) throw new Refusal('array_insert at a computed place', site.at)
  if (n === 0) throw new SqlProblem('array_insert counts from 1, or from -1 backwards', 'write 1', place.at)
  const type = sharedOf([element(list), item.type], site.name, site.at)
  const l = castTo({ ...list, type: asArray(list, site).type }, array(type)).sql
  return { type: array(type), sql: `spark_insert(${l}, ${n}, ${castTo(item, type).sql})` }
})

const elementAt = (attempt: boolean): Rule =>
  special((args, site) => {
    expectArguments(args, site, 2, 2, 'element_at(items, 1)')
    const [value, key] = args as [Typed, Typed]
    if (value.type.kind === 'map') return { type: value.type.value, sql: `${value.sql}[${castTo(key, value.type.key).sql}]` }
    const { type, sql } = asArray(value, site)
    const i = castTo(key, T.int).sql
    return { type: type.element, sql: attempt ? `spark_try_element(${sql}, ${i})` : `spark_element(${sql}, ${i})` }
  })

// What is ordered otherwise is sorted by its key, then taken out again; a null item has no key.
function sorted(sql: string, element: SqlType, how: string): string {
  if (!ordersOtherwise(element)) return `list_sort(${sql}, ${how})`
  const pairs = `list_transform(${sql}, lambda item: CASE WHEN item IS NOT NULL THEN struct_pack(place := ${orderKey('item', element)}, item := item) END)`
  return `list_transform(list_sort(${pairs}, ${how}), lambda pair: pair.item)`
}

const sortArray: Rule = special((args, site) => {
  expectArguments(args, site, 1, 2, 'sort_array(items)')
  const { type, sql } = asArray(args[0]!, site)
  comparable(type.element, site)
  const ascending = args[1]?.literal ?? true
  if (typeof ascending !== 'boolean') throw new Refusal('sort_array in a computed direction', site.at)
  return { type, sql: sorted(sql, type.element, ascending ? "'ASC', 'NULLS FIRST'" : "'DESC', 'NULLS LAST'") }
})

const arraySort: Rule = special((args, site) => {
  if (args[1]?.lambda) throw new Refusal('array_sort by a lambda', site.at)
  expectArguments(args, site, 1, 1, 'array_sort(items)')
  const { type, sql } = asArray(args[0]!, site)
  comparable(type.element, site)
  return { type, sql: sorted(sql, type.element, "'ASC', 'NULLS LAST'") }
})

export const arrays: Record<string, Rule> = {
  array: literalArray,
  size,
  cardinality: size,
  array_size: scalar('array', T.int, 'CAST(len($1) AS INTEGER)'),
  array_repeat: scalar(
    'any, int',
    x => array(x!.type),
    (x, n) => `CASE WHEN ${n!.sql} IS NULL THEN NULL ELSE list_transform(range(0, greatest(${n!.sql}, 0)), lambda place: ${x!.sql}) END`,
  ),
  array_compact: scalar('array', same, 'list_filter($1, lambda item: item IS NOT NULL)'),
  array_insert: insert,
  array_join: join,
  array_max: extreme('list_max'),
  array_min: extreme('list_min'),
  array_sort: arraySort,
  sort_array: sortArray,
  flatten: special((args, site) => {
    expectArguments(args, site, 1, 1, 'flatten(lists)')
    const { type, sql } = asArray(args[0]!, site)
    if (type.element.kind !== 'array')
      throw new SqlProblem(`flatten takes an array of arrays; this is ${typeText(type)}`, 'remove it', args[0]!.at)
    return {
      type: type.element,
      sql: `CASE WHEN len(list_filter(${sql}, lambda inner_list: inner_list IS NULL)) > 0 THEN NULL ELSE flatten(${sql}) END`,
    }
  }),
  slice,
  sequence,
  get: special((args, site) => {
    expectArguments(args, site, 2, 2, 'get(items, 0)')
    const { type, sql } = asArray(args[0]!, site)
    const i = castTo(args[1]!, T.int).sql
    return { type: type.element, sql: `CASE WHEN ${i} >= 0 THEN ${sql}[${i} + 1] END` }
  }),
  element_at: elementAt(false),
  try_element_at: elementAt(true),
}
