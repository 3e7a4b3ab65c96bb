import { array, T } from '../type.ts'
import { pairOf } from './array.ts'
import { type Rule, scalar, special } from './rule.ts'

// Of each item the first stays; a null is an item too.
const unique = (sql: string) =>
  `list_filter(${sql}, lambda item, place: list_position(${sql}, item) = place OR item IS NULL AND len(list_filter(${sql}[:place], lambda other: other IS NULL)) = 1)`

const setRule = (make: (a: string, b: string) => string): Rule =>
  special((args, site) => {
    const [a, b, type] = pairOf(args, site, 'array')
    return { type: array(type), sql: `CASE WHEN ${a} IS NULL OR ${b} IS NULL THEN NULL ELSE ${unique(make(a, b))} END` }
  })
const has = (list: string, item: string) =>
  `CASE WHEN ${item} IS NULL THEN len(list_filter(${list}, lambda other: other IS NULL)) > 0 ELSE list_contains(${list}, ${item}) END`

/** Arrays as sets: what is in them, and what two have in common. */
export const arraySets: Record<string, Rule> = {
  array_contains: special((args, site) => {
    const [list, item] = pairOf(args, site, 'element')
    return {
      type: T.boolean,
      sql: `CASE WHEN ${list} IS NULL OR ${item} IS NULL THEN NULL WHEN list_contains(${list}, ${item}) THEN true WHEN len(list_filter(${list}, lambda other: other IS NULL)) > 0 THEN NULL ELSE false END`,
    }
  }),
  array_position: special((args, site) => {
    const [list, item] = pairOf(args, site, 'element')
    return {
      type: T.bigint,
      sql: `CASE WHEN ${list} IS NULL OR ${item} IS NULL THEN NULL ELSE CAST(coalesce(list_position(${list}, ${item}), 0) AS BIGINT) END`,
    }
  }),
  array_append: special((args, site) => {
    const [list, item, type] = pairOf(args, site, 'element')
    return { type: array(type), sql: `CASE WHEN ${list} IS NULL THEN NULL ELSE list_append(${list}, ${item}) END` }
  }),
  array_prepend: special((args, site) => {
    const [list, item, type] = pairOf(args, site, 'element')
    return { type: array(type), sql: `CASE WHEN ${list} IS NULL THEN NULL ELSE list_prepend(${item}, ${list}) END` }
  }),
  array_remove: special((args, site) => {
    const [list, item, type] = pairOf(args, site, 'element')
    return {
      type: array(type),
      sql: `CASE WHEN ${item} IS NULL THEN NULL ELSE list_filter(${list}, lambda other: other IS DISTINCT FROM ${item}) END`,
    }
  }),
  array_distinct: scalar(
    'array',
    value => value!.type,
    x => unique(x!.sql),
  ),
  array_union: setRule((a, b) => `list_concat(${a}, ${b})`),
  array_intersect: setRule((a, b) => `list_filter(${a}, lambda one: ${has(b, 'one')})`),
  array_except: setRule((a, b) => `list_filter(${a}, lambda one: NOT (${has(b, 'one')}))`),
  arrays_overlap: special((args, site) => {
    const [a, b] = pairOf(args, site, 'array')
    const nulls = (l: string) => `len(list_filter(${l}, lambda other: other IS NULL)) > 0`
    return {
      type: T.boolean,
      sql: `CASE WHEN ${a} IS NULL OR ${b} IS NULL THEN NULL WHEN list_has_any(${a}, ${b}) THEN true WHEN len(${a}) > 0 AND len(${b}) > 0 AND (${nulls(a)} OR ${nulls(b)}) THEN NULL ELSE false END`,
    }
  }),
}
