import { castTo } from '../cast.ts'
import { comparedAs, isAtomic } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T, typeText } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { orderKey, ordersOtherwise } from './order-key.ts'

const TEXT: Record<string, string> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '<=>': 'IS NOT DISTINCT FROM',
  distinct: 'IS DISTINCT FROM',
}

/** A comparison of two values, cast to what Spark compares them as. */
export function compare(op: string, left: Typed, right: Typed): Typed {
  const [a, b] = comparable(left, right)
  const [x, y] = /^[<>]=?$/.test(op) && ordersOtherwise(a.type) ? [orderKey(a.sql, a.type), orderKey(b.sql, b.type)] : [a.sql, b.sql]
  return { type: T.boolean, sql: `(${x} ${TEXT[op]} ${y})`, from: origins(a, b), at: left.at }
}

/** Both cast to what they are compared as. */
export function comparable(left: Typed, right: Typed): [Typed, Typed] {
  const type = comparedAs(left, right)
  if (!type) {
    const both = `${typeText(left.type)} and ${typeText(right.type)}`
    if (isAtomic(left.type) && isAtomic(right.type) && (left.type.kind === 'string' || right.type.kind === 'string'))
      throw new Refusal(`comparison of ${both}`, left.at)
    throw new SqlProblem(`${both} cannot be compared`, `write cast(… AS ${typeText(left.type)})`, right.at)
  }
  if (type.kind === 'map') throw new SqlProblem('maps cannot be compared', 'compare map_entries, sorted, or single keys', left.at)
  return [castTo(left, type), castTo(right, type)]
}

/** A condition: a boolean, or a string that Spark reads as one. */
export function condition(value: Typed, what: string): Typed {
  if (value.type.kind === 'boolean' || value.type.kind === 'unknown') return value
  if (value.type.kind === 'void' || value.type.kind === 'string') return castTo(value, T.boolean)
  throw new SqlProblem(`${what} takes a condition; this is ${typeText(value.type)}`, 'compare it with something', value.at)
}
