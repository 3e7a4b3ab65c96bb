import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, map, quoted, type SqlType, sameType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type CallSite, type Rule, sharedOf, special } from './rule.ts'

function lambdaOf(value: Typed | undefined, parameters: SqlType[], site: CallSite): { body: Typed; names: string[] } {
  if (!value?.lambda) throw new SqlProblem(`${site.name} takes a lambda`, `write ${site.name}(items, x -> …)`, value?.at ?? site.at)
  return value.lambda(parameters)
}

function listOf(value: Typed | undefined, site: CallSite): { sql: string; element: SqlType } {
  if (value?.type.kind === 'array') return { sql: value.sql, element: value.type.element }
  if (!value || value.type.kind === 'void') throw new Refusal(`${site.name} of NULL`, site.at)
  throw new SqlProblem(`${site.name} takes an array; this is ${typeText(value.type)}`, 'split a string first, or write array(…)', value.at)
}

function mapOf(value: Typed | undefined, site: CallSite): { sql: string; key: SqlType; value: SqlType } {
  if (value?.type.kind === 'map') return { sql: value.sql, key: value.type.key, value: value.type.value }
  throw new SqlProblem(
    `${site.name} takes a map; this is ${value ? typeText(value.type) : 'nothing'}`,
    'write map(key, value)',
    value?.at ?? site.at,
  )
}

function predicate(body: Typed, site: CallSite): string {
  if (body.type.kind !== 'boolean' && body.type.kind !== 'void')
    throw new SqlProblem(
      `the lambda of ${site.name} gives ${typeText(body.type)}; it takes a condition`,
      'compare it with something',
      body.at,
    )
  return castTo(body, T.boolean).sql
}

const known = (body: Typed): Typed => {
  if (body.type.kind === 'unknown') throw new Refusal('a lambda with something unknown', body.at)
  return body
}

// DuckDB counts the places of a list from 1, Spark from 0.
function eachOf(list: { sql: string; element: SqlType }, lambda: Typed | undefined, site: CallSite): { head: string; body: Typed } {
  const { body, names } = lambdaOf(lambda, [list.element, T.int], site)
  if (!names[1]) return { head: `lambda ${quoted(names[0]!)}`, body: known(body) }
  const place = quoted(names[1])
  return {
    head: `lambda ${quoted(names[0]!)}, ${place}`,
    body: { ...known(body), sql: body.sql.replaceAll(place, `CAST(${place} - 1 AS INTEGER)`) },
  }
}

const transform: Rule = special((args, site) => {
  const list = listOf(args[0], site)
  const { head, body } = eachOf(list, args[1], site)
  return { type: array(body.type), sql: `list_transform(${list.sql}, ${head}: ${body.sql})` }
})

const filter: Rule = special((args, site) => {
  const list = listOf(args[0], site)
  const { head, body } = eachOf(list, args[1], site)
  return { type: array(list.element), sql: `list_filter(${list.sql}, ${head}: ${predicate(body, site)})` }
})

// Of three values: true if any is true, else NULL if any is NULL, else false; forall likewise.
const quantified = (wanted: boolean): Rule =>
  special((args, site) => {
    const list = listOf(args[0], site)
    const { names, body } = lambdaOf(args[1], [list.element], site)
    const answers = `list_transform(${list.sql}, lambda ${quoted(names[0]!)}: ${predicate(known(body), site)})`
    const found = `len(list_filter(${answers}, lambda answer: answer = ${wanted})) > 0`
    const missing = `len(list_filter(${answers}, lambda answer: answer IS NULL)) > 0`
    return {
      type: T.boolean,
      sql: `CASE WHEN ${list.sql} IS NULL THEN NULL WHEN ${found} THEN ${wanted} WHEN ${missing} THEN NULL ELSE ${!wanted} END`,
    }
  })

/** aggregate(items, start, (sofar, item) -> …, finish). The type of the start is the type of what is carried. */
const aggregate: Rule = special((args, site) => {
  if (args.length < 3 || args.length > 4)
    throw new SqlProblem(
      `${site.name} takes 3 or 4 arguments; here are ${args.length}`,
      `write ${site.name}(items, 0, (sum, x) -> sum + x)`,
      site.at,
    )
  const [items, start, merge, finish] = args
  const list = listOf(items, site)
  const carried = start!.type
  const { names, body } = lambdaOf(merge, [carried, list.element], site)
  if (!sameType(known(body).type, carried))
    throw new SqlProblem(
      `the lambda of ${site.name} gives ${typeText(body.type)}, its start is ${typeText(carried)}`,
      `cast the start: cast(… AS ${typeText(body.type)})`,
      body.at,
    )
  if (!sameType(list.element, carried)) throw new Refusal(`${site.name} that carries another type than the items'`, site.at)
  const [sofar, item] = names
  const total = `list_reduce(${list.sql}, lambda ${quoted(sofar!)}, ${quoted(item!)}: ${body.sql}, ${start!.sql})`
  if (!finish) return { type: carried, sql: total }
  const end = lambdaOf(finish, [carried], site)
  return { type: known(end.body).type, sql: `list_transform([${total}], lambda ${quoted(end.names[0]!)}: ${end.body.sql})[1]` }
})

const zipWith: Rule = special((args, site) => {
  const [a, b] = [listOf(args[0], site), listOf(args[1], site)]
  const { names, body } = lambdaOf(args[2], [a.element, b.element], site)
  // What is walked over is the places; each parameter is the item there.
  const place = quoted(names[0]!)
  const sql = known(body).sql.replaceAll(place, `(${a.sql})[${place}]`).replaceAll(quoted(names[1]!), `(${b.sql})[${place}]`)
  return {
    type: array(body.type),
    sql: `CASE WHEN ${a.sql} IS NULL OR ${b.sql} IS NULL THEN NULL ELSE list_transform(range(1, greatest(len(${a.sql}), len(${b.sql})) + 1), lambda ${place}: ${sql}) END`,
  }
})

const overMap = (
  make: (m: { key: SqlType; value: SqlType; sql: string }, body: Typed, each: Entry, site: CallSite) => { type: SqlType; sql: string },
): Rule =>
  special((args, site) => {
    const m = mapOf(args[0], site)
    const { names, body } = lambdaOf(args[1], [m.key, m.value], site)
    if (names.length !== 2) throw new SqlProblem(`the lambda of ${site.name} takes a key and a value`, 'write (k, v) -> …', body.at)
    // What is walked over is the entries; the parameters are an entry's two fields.
    const name = quoted(names[0]!)
    const sql = known(body).sql.replaceAll(name, `${name}.key`).replaceAll(quoted(names[1]!), `${name}.value`)
    return make(m, { ...body, sql }, { name, key: `${name}.key`, value: `${name}.value` }, site)
  })

interface Entry {
  name: string
  key: string
  value: string
}

const rebuilt = (m: { sql: string }, each: Entry, key: string, value: string) =>
  `CASE WHEN ${m.sql} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries(${m.sql}), lambda ${each.name}: struct_pack(key := ${key}, value := ${value}))) END`

const mapZipWith: Rule = special((args, site) => {
  const [a, b] = [mapOf(args[0], site), mapOf(args[1], site)]
  const key = sharedOf([a.key, b.key], site.name, site.at)
  if (!sameType(a.key, b.key)) throw new Refusal(`${site.name} of maps with keys of two types`, site.at)
  const { names, body } = lambdaOf(args[2], [key, a.value, b.value], site)
  if (names.length !== 3) throw new SqlProblem('the lambda of map_zip_with takes a key and two values', 'write (k, v1, v2) -> …', body.at)
  const each = quoted(names[0]!)
  const sql = known(body).sql.replaceAll(quoted(names[1]!), `(${a.sql})[${each}]`).replaceAll(quoted(names[2]!), `(${b.sql})[${each}]`)
  const keys = `list_concat(map_keys(${a.sql}), list_filter(map_keys(${b.sql}), lambda other_key: NOT list_contains(map_keys(${a.sql}), other_key)))`
  return {
    type: map(key, body.type),
    sql: `CASE WHEN ${a.sql} IS NULL OR ${b.sql} IS NULL THEN NULL ELSE map_from_entries(list_transform(${keys}, lambda ${each}: struct_pack(key := ${each}, value := ${sql}))) END`,
  }
})

export const lambdas: Record<string, Rule> = {
  transform,
  filter,
  exists: quantified(true),
  forall: quantified(false),
  aggregate,
  reduce: aggregate,
  zip_with: zipWith,
  map_filter: overMap((m, body, each, site) => ({
    type: map(m.key, m.value),
    sql: `CASE WHEN ${m.sql} IS NULL THEN NULL ELSE map_from_entries(list_filter(map_entries(${m.sql}), lambda ${each.name}: ${predicate(body, site)})) END`,
  })),
  transform_keys: overMap((m, body, each) => ({ type: map(body.type, m.value), sql: rebuilt(m, each, body.sql, each.value) })),
  transform_values: overMap((m, body, each) => ({ type: map(m.key, body.type), sql: rebuilt(m, each, each.key, body.sql) })),
  map_zip_with: mapZipWith,
}
