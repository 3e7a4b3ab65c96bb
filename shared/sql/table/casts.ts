import { castable, castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { decimal, type SqlType, T, typeText } from '../type.ts'
import { type Rule, special } from './rule.ts'

/** A type's name called like a function is a cast: int('7'). */
const castCall = (type: SqlType): Rule =>
  special((args, site) => {
    const [value] = args
    if (!value || args.length !== 1)
      throw new SqlProblem(`${site.name} takes 1 argument; here are ${args.length}`, `write ${site.name}(value)`, site.at)
    if (!castable(value.type, type))
      throw new SqlProblem(`${typeText(value.type)} cannot be cast to ${typeText(type)}`, 'there is no such cast', value.at)
    return { type, sql: castTo(value, type).sql }
  })

const { boolean, tinyint, smallint, int, bigint, float, double, string, binary, date, timestamp } = T
const types = { boolean, tinyint, smallint, int, bigint, float, double, string, binary, date, timestamp, decimal: decimal(10, 0) }

export const casts: Record<string, Rule> = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, castCall(type)]))
