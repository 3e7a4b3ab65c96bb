import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, quoted, type SqlType, struct } from '../type.ts'
import type { Typed } from '../typed.ts'
import { asArray } from './array.ts'
import { type Rule, special } from './rule.ts'

const zip: Rule = special((args, site) => {
  const lists = args.map(a => asArray(a, site))
  if (lists.length === 0) throw new Refusal('arrays_zip of nothing', site.at)
  const names = args.map((a, i) => a.name ?? String(i))
  const longest = `greatest(${lists.map(l => `len(${l.sql})`).join(', ')})`
  const fields = lists.map((l, i) => `${quoted(names[i]!)} := ${l.sql}[place]`).join(', ')
  return {
    type: array(struct(lists.map((l, i) => ({ name: names[i]!, type: l.type.element })))),
    sql: `CASE WHEN ${lists.map(l => `${l.sql} IS NULL`).join(' OR ')} THEN NULL ELSE list_transform(range(1, ${longest} + 1), lambda place: struct_pack(${fields})) END`,
  }
})

/** struct(a, b), named_struct('x', a, …). */
const structOf: Rule = special((args, site) => {
  if (args.length === 0) throw new SqlProblem('struct takes values', 'write struct(a, b)', site.at)
  return packed(args.map((a, i) => ({ name: a.name ?? `col${i + 1}`, value: a })))
})
const namedStruct: Rule = special((args, site) => {
  if (args.length === 0 || args.length % 2 === 1)
    throw new SqlProblem('named_struct takes names and values in turn', "write named_struct('a', 1, 'b', 2)", site.at)
  const fields = args.flatMap((a, i) => {
    if (i % 2 === 1) return []
    if (typeof a.literal !== 'string') throw new SqlProblem('the names in named_struct are literal texts', "write 'a'", a.at)
    return [{ name: a.literal, value: args[i + 1]! }]
  })
  return packed(fields)
})
function packed(fields: { name: string; value: Typed }[]): { type: SqlType; sql: string } {
  if (new Set(fields.map(f => f.name.toLowerCase())).size !== fields.length) throw new Refusal('a struct with two fields of one name')
  return {
    type: struct(fields.map(f => ({ name: f.name, type: f.value.type }))),
    sql: `struct_pack(${fields.map(f => `${quoted(f.name)} := ${f.value.sql}`).join(', ')})`,
  }
}

export const structs: Record<string, Rule> = {
  arrays_zip: zip,
  struct: structOf,
  named_struct: namedStruct,
}
