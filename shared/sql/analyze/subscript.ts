import { castTo } from '../cast.ts'
import { isIntegral } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T, typeText } from '../type.ts'
import { origins, type Typed } from '../typed.ts'

/** `array[i]`, from 0, an error outside; `map[key]`, NULL where there is none. */
export function subscript(operand: Typed, index: Typed, at: number): Typed {
  const { type } = operand
  const from = origins(operand, index)
  if (type.kind === 'unknown') return operand
  if (type.kind === 'array') {
    if (!isIntegral(index.type))
      throw new SqlProblem(`an array is subscripted by a whole number; this is ${typeText(index.type)}`, 'cast it to int', index.at)
    return { type: type.element, sql: `spark_at(${operand.sql}, ${castTo(index, T.bigint).sql})`, from, at }
  }
  if (type.kind === 'map') return { type: type.value, sql: `(${operand.sql})[${castTo(index, type.key).sql}]`, from, at }
  if (type.kind === 'struct') throw new Refusal('a struct subscripted', at)
  throw new SqlProblem(`${typeText(type)} cannot be subscripted`, 'only arrays and maps can', at)
}
