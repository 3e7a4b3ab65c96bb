import { nearest } from '../../core/errors.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { knownToSpark } from '../functions.ts'
import type { ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { sharedOf } from '../table/rule.ts'
import { quoted, type SqlType, T, text, typeText } from '../type.ts'
import { type Origin, origins, type Typed } from '../typed.ts'
import type { Env } from './env.ts'

/** A function that makes rows: the text of a select that gives them, with its columns' names in Spark. */
export interface Generated {
  sql: string
  columns: { name: string; type: SqlType }[]
  outer: boolean
  from: Origin[]
}

export const generators = new Set([
  'explode',
  'explode_outer',
  'posexplode',
  'posexplode_outer',
  'inline',
  'inline_outer',
  'stack',
  'range',
  'json_tuple',
])

export function generate(call: ExprOf<'call'>, env: Env): Generated {
  if (!generators.has(call.name)) throw unknownGenerator(call)
  const args = call.args.map(a => ({ ...env.analyze(a.value, env), key: a.key }))
  const outer = call.name.endsWith('_outer')
  const base = call.name.replace(/_outer$/, '')
  const from = origins(...args)
  const [first] = args
  if (!first) throw new SqlProblem(`${call.name} takes an argument`, 'give it an array or a map', call.at)
  if (args.some(a => a.type.kind === 'unknown')) throw new Refusal(`${call.name} of something unknown`, call.at)
  if (args.some(a => a.key) && (args.length > 1 || first.key !== 'collection'))
    throw new Refusal(`${call.name} with named arguments`, call.at)
  if (base === 'range') return { ...range(args, call.at), outer, from }
  if (base === 'stack') return { ...stack(args, call.at), outer, from }
  if (base === 'json_tuple') return { ...jsonTuple(args, call.at), outer, from }
  if (args.length !== 1) throw new SqlProblem(`${call.name} takes one argument; here are ${args.length}`, 'remove the rest', call.at)
  if (base === 'inline') return { ...inline(first, call), outer, from }
  return { ...exploded(first, base === 'posexplode', call), outer, from }
}

function unknownGenerator(call: ExprOf<'call'>): Error {
  if (knownToSpark.has(call.name)) return new Refusal(`${call.name}()`, call.at)
  const near = nearest(call.name, generators)
  return new SqlProblem(
    `no function that makes rows is called "${call.name}"`,
    near ? `did you mean ${near}?` : `there are ${[...generators].join(', ')}`,
    call.at,
  )
}

const as = (columns: { sql: string; name: string }[]): string => columns.map(c => `${c.sql} AS ${quoted(c.name)}`).join(', ')

function exploded(value: Typed, position: boolean, call: ExprOf<'call'>): Pick<Generated, 'sql' | 'columns'> {
  const { type } = value
  if (type.kind !== 'array' && type.kind !== 'map')
    throw new SqlProblem(
      `${call.name} takes an array or a map; this is ${typeText(type)}`,
      "split a string first: split(text, ',')",
      value.at,
    )
  const items = type.kind === 'map' ? `map_entries(${value.sql})` : value.sql
  const columns: { sql: string; name: string; type: SqlType }[] =
    type.kind === 'map'
      ? [
          { sql: 'item.key', name: 'key', type: type.key },
          { sql: 'item.value', name: 'value', type: type.value },
        ]
      : [{ sql: 'item', name: 'col', type: type.element }]
  if (!position) return { sql: `SELECT ${as(columns)} FROM (SELECT unnest(${items}) AS item) AS items`, columns }
  const withPosition = [{ sql: 'CAST(place - 1 AS INTEGER)', name: 'pos', type: T.int as SqlType }, ...columns]
  return {
    sql: `SELECT ${as(withPosition)} FROM (SELECT unnest(${items}) AS item, unnest(range(1, len(${items}) + 1)) AS place) AS items`,
    columns: withPosition,
  }
}

function inline(value: Typed, call: ExprOf<'call'>): Pick<Generated, 'sql' | 'columns'> {
  const { type } = value
  if (type.kind !== 'array' || type.element.kind !== 'struct')
    throw new SqlProblem(`${call.name} takes an array of structs; this is ${typeText(type)}`, 'use explode for other arrays', value.at)
  const columns = type.element.fields.map(f => ({ ...f, sql: `struct_extract(item, ${text(f.name)})` }))
  return { sql: `SELECT ${as(columns)} FROM (SELECT unnest(${value.sql}) AS item) AS items`, columns }
}

function stack(args: Typed[], at: number): Pick<Generated, 'sql' | 'columns'> {
  const [count, ...values] = args
  const rows = Number(count!.literal)
  if (!Number.isInteger(rows) || rows < 1 || values.length === 0)
    throw new SqlProblem('stack takes a number of rows, then the values', "write stack(2, 'a', 1, 'b', 2)", at)
  const width = Math.ceil(values.length / rows)
  const columns = Array.from({ length: width }, (_, c) => {
    const cells = Array.from({ length: rows }, (_row, r) => values[r * width + c] ?? { type: T.void, sql: 'NULL', from: [], at })
    const type = sharedOf(
      cells.map(v => v.type),
      'stack',
      at,
    )
    return { name: `col${c}`, type, cells: cells.map(v => castTo(v, type).sql) }
  })
  const packed = Array.from({ length: rows }, (_, r) => `struct_pack(${columns.map(c => `${quoted(c.name)} := ${c.cells[r]}`).join(', ')})`)
  return {
    sql: `SELECT ${as(columns.map(c => ({ sql: `struct_extract(item, ${text(c.name)})`, name: c.name })))} FROM (SELECT unnest([${packed.join(', ')}]) AS item) AS items`,
    columns,
  }
}

function range(args: Typed[], at: number): Pick<Generated, 'sql' | 'columns'> {
  if (args.length > 3) throw new Refusal('range with a number of partitions', at)
  const bounds = args.map(a => castTo(a, T.bigint).sql)
  return { sql: `SELECT unnest(range(${bounds.join(', ')})) AS "id"`, columns: [{ name: 'id', type: T.bigint }] }
}

function jsonTuple(args: Typed[], at: number): Pick<Generated, 'sql' | 'columns'> {
  const [json, ...keys] = args
  const source = castTo(json!, T.string).sql
  const columns = keys.map((key, i) => {
    if (typeof key.literal !== 'string' || !/^\w+$/.test(key.literal)) throw new Refusal('json_tuple with a computed or unusual key', at)
    return { name: `c${i}`, type: T.string as SqlType, sql: `spark_json_text(${source}, ${text(`$."${key.literal}"`)})` }
  })
  if (columns.length === 0) throw new SqlProblem('json_tuple takes a text and keys', "write json_tuple(text, 'a', 'b')", at)
  return { sql: `SELECT ${as(columns)}`, columns }
}
