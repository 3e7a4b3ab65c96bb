import { ordersOtherwise } from '../analyze/order-key.ts'
import { castTo } from '../cast.ts'
import { comparedAs } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T, text, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type Rule, scalar, sharedOf, special } from './rule.ts'

const sameAs = (...args: Typed[]) => args[0]!.type
const coalesce = scalar('T...', sameAs, 'coalesce($*)')
const ifelse = scalar('boolean, T, T', (_, a) => a!.type, 'CASE WHEN $1 THEN $2 ELSE $3 END')

function pair(a: Typed, b: Typed): [Typed, Typed] {
  const type = comparedAs(a, b)
  if (!type) throw new SqlProblem(`${typeText(a.type)} and ${typeText(b.type)} cannot be compared`, 'cast one of them', b.at)
  return [castTo(a, type), castTo(b, type)]
}
const two = (args: Typed[], name: string, at: number): [Typed, Typed] => {
  if (args.length !== 2) throw new SqlProblem(`${name} takes 2 arguments; here are ${args.length}`, `write ${name}(a, b)`, at)
  return [args[0]!, args[1]!]
}

// greatest and least leave nulls out; NaN is the greatest.
const extreme = (name: string) =>
  scalar('T, T, T...', sameAs, (...args) => {
    if (args.some(a => ordersOtherwise(a.type))) throw new Refusal(`${name} of ${typeText(args[0]!.type)}`, args[0]!.at)
    return `${name}(${args.map(a => a.sql).join(', ')})`
  })

/** decode(value, search, result, …, default): nulls match nulls. decode(binary, charset) is another function of the same name. */
const decode: Rule = special((args, site) => {
  if (args.length === 2) {
    const [value, charset] = args as [Typed, Typed]
    if (String(charset.literal).toLowerCase() !== 'utf-8') throw new Refusal(`the charset ${charset.literal ?? 'computed'}`, site.at)
    return { type: T.string, sql: `decode(${castTo(value, T.binary).sql})` }
  }
  const [value, ...rest] = args
  if (!value || rest.length < 2)
    throw new SqlProblem('decode takes a value, then pairs', "write decode(code, 1, 'one', 2, 'two', 'other')", site.at)
  const results = rest.filter((_, i) => i % 2 === 1 || (i === rest.length - 1 && rest.length % 2 === 1))
  const type = sharedOf(
    results.map(r => r.type),
    'decode',
    site.at,
  )
  let sql = 'CASE'
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const [a, b] = pair(value, rest[i]!)
    sql += ` WHEN ${a.sql} IS NOT DISTINCT FROM ${b.sql} THEN ${castTo(rest[i + 1]!, type).sql}`
  }
  if (rest.length % 2 === 1) sql += ` ELSE ${castTo(rest.at(-1)!, type).sql}`
  return { type, sql: `${sql} END` }
})

export const conditionals: Record<string, Rule> = {
  coalesce,
  ifnull: scalar('T, T', sameAs, 'coalesce($1, $2)'),
  nvl: scalar('T, T', sameAs, 'coalesce($1, $2)'),
  nvl2: scalar('any, T, T', (_, a) => a!.type, 'CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END'),
  if: ifelse,
  nullif: special((args, site) => {
    const [a, b] = two(args, 'nullif', site.at)
    const [x, y] = pair(a, b)
    return { type: a.type, sql: `CASE WHEN ${x.sql} = ${y.sql} THEN NULL ELSE ${a.sql} END` }
  }),
  equal_null: special((args, site) => {
    const [x, y] = pair(...two(args, 'equal_null', site.at))
    return { type: T.boolean, sql: `(${x.sql} IS NOT DISTINCT FROM ${y.sql})` }
  }),
  nanvl: scalar('double, double', T.double, 'CASE WHEN isnan($1) THEN $2 ELSE $1 END'),
  isnull: scalar('any', T.boolean, '($1 IS NULL)'),
  isnotnull: scalar('any', T.boolean, '($1 IS NOT NULL)'),
  isnan: scalar('double', T.boolean, 'coalesce(isnan($1), false)'),
  greatest: extreme('greatest'),
  least: extreme('least'),
  decode,
  typeof: special((args, site) => {
    if (args.length !== 1) throw new SqlProblem(`typeof takes 1 argument; here are ${args.length}`, 'write typeof(value)', site.at)
    return { type: T.string, sql: text(typeText(args[0]!.type)) }
  }),
}
