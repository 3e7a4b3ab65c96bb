import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, type SqlType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type CallSite, expectArguments, sharedOf } from './rule.ts'

export const element = (value?: Typed): SqlType => (value!.type.kind === 'array' ? value!.type.element : T.void)

export function asArray(value: Typed, site: CallSite): { type: Extract<SqlType, { kind: 'array' }>; sql: string } {
  if (value.type.kind === 'array') return { type: value.type, sql: value.sql }
  if (value.type.kind === 'void') throw new Refusal(`${site.name} of NULL`, site.at)
  throw new SqlProblem(`${site.name} takes an array; this is ${typeText(value.type)}`, 'split a string first, or write array(…)', value.at)
}

// Structs and arrays inside an array compare by their fields in both engines; maps do not compare at all.
export const comparable = (type: SqlType, site: CallSite): void => {
  if (type.kind === 'map') throw new Refusal(`${site.name} of maps`, site.at)
}

/** Two arrays brought to one type, or an array and a value for its elements. */
export function pairOf(args: Typed[], site: CallSite, second: 'array' | 'element'): [string, string, SqlType] {
  expectArguments(args, site, 2, 2, `${site.name}(items, ${second === 'array' ? 'others' : 'item'})`)
  const [a, b] = args as [Typed, Typed]
  if (a.type.kind === 'void' || (second === 'array' && b.type.kind === 'void')) throw new Refusal(`${site.name} of NULL`, site.at)
  asArray(a, site)
  if (second === 'array') asArray(b, site)
  const types = [element(a), second === 'array' ? element(b) : b.type]
  // Spark does not read texts as numbers here, as it does elsewhere.
  if (types.some(t => t.kind === 'string') && types.some(t => t.kind !== 'string' && t.kind !== 'void'))
    throw new Refusal(`${site.name} of ${types.map(typeText).join(' and ')}`, site.at)
  const type = sharedOf(types, site.name, site.at)
  comparable(type, site)
  return [castTo(a, array(type)).sql, castTo(b, second === 'array' ? array(type) : type).sql, type]
}
