import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { regexOf } from '../table/regex.ts'
import { T, text } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import type { Env } from './env.ts'

/** LIKE, ILIKE and RLIKE, with ANY and ALL. */
export function like(expr: ExprOf<'like'>, env: Env): Typed {
  const operand = castTo(env.analyze(expr.operand, env), T.string)
  const patterns = expr.patterns.map(p => castTo(env.analyze(p, env), T.string))
  const escapedBy = expr.escape && env.analyze(expr.escape, env)
  const one = (pattern: Typed) => {
    const positive = expr.op === 'RLIKE' ? rlike(operand, pattern) : likeSql(operand, pattern, expr.op, escapedBy)
    return expr.negated ? `(NOT ${positive})` : positive
  }
  return {
    type: T.boolean,
    sql: `(${patterns.map(one).join(expr.quantifier === 'ANY' ? ' OR ' : ' AND ')})`,
    from: origins(operand, ...patterns),
    at: expr.at,
  }
}

/** A match of a Java regular expression anywhere in the text. */
export function rlike(operand: Typed, pattern: Typed): string {
  return `regexp_matches(${operand.sql}, ${regexOf(pattern, 'match').sql})`
}

/** LIKE with Spark's rules: a backslash escapes unless told, and what is escaped must need it. */
export function likeSql(operand: Typed, pattern: Typed, op: 'LIKE' | 'ILIKE', escapedBy?: Typed): string {
  const mark = escapedBy ? escapedBy.literal : '\\'
  if (typeof mark !== 'string' || [...mark].length !== 1)
    throw new SqlProblem('ESCAPE takes one character', "write ESCAPE '/'", escapedBy?.at ?? operand.at)
  const [left, right] = op === 'ILIKE' ? [`spark_lower(${operand.sql})`, `spark_lower(${pattern.sql})`] : [operand.sql, pattern.sql]
  if (typeof pattern.literal === 'string') checkPattern(pattern.literal, mark, pattern.at)
  else if (mark !== '\\') throw new Refusal('LIKE with ESCAPE and a computed pattern', pattern.at)
  else return `(${left} LIKE spark_pattern(${right}) ESCAPE '\\')`
  if (op === 'ILIKE' && mark !== mark.toLowerCase()) throw new Refusal('ILIKE with a letter as ESCAPE', pattern.at)
  return `(${left} LIKE ${right} ESCAPE ${text(mark)})`
}

function checkPattern(pattern: string, mark: string, at: number): void {
  const characters = [...pattern]
  for (let i = 0; i < characters.length; i++) {
    if (characters[i] !== mark) continue
    const next = characters[++i]
    if (next === undefined)
      throw new SqlProblem(`the pattern ends with its escape character ${mark}`, `write ${mark}${mark} for the character itself`, at)
    if (next !== '_' && next !== '%' && next !== mark)
      throw new SqlProblem(
        `${mark}${next} in a pattern escapes what needs no escape`,
        `${mark} may stand before _, % and itself; in quotes write it twice, or name another with ESCAPE`,
        at,
      )
  }
}
