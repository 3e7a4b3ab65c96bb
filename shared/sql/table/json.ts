import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, T, text } from '../type.ts'
import { type Rule, scalar, special } from './rule.ts'

/** get_json_object(text, '$.a.b[0]'): plain paths only; what is no JSON, or not there, is NULL. */
const getJsonObject: Rule = special((args, site) => {
  const [value, path] = args
  if (!value || !path || args.length !== 2)
    throw new SqlProblem(`get_json_object takes 2 arguments; here are ${args.length}`, "write get_json_object(text, '$.a')", site.at)
  if (typeof path.literal !== 'string') throw new Refusal('get_json_object by a computed path', site.at)
  const steps = /^\$((?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\]|\['[^'"\\]+'\])*)$/.exec(path.literal)
  if (!steps) throw new Refusal(`the JSON path ${path.literal}`, path.at)
  const quotedPath = `$${steps[1]!.replace(/\.([A-Za-z_][A-Za-z0-9_]*)/g, '."$1"').replace(/\['([^']+)'\]/g, '."$1"')}`
  return { type: T.string, sql: `spark_json_text(${castTo(value, T.string).sql}, ${text(quotedPath)})` }
})

export const json: Record<string, Rule> = {
  get_json_object: getJsonObject,
  json_array_length: scalar(
    'string',
    T.int,
    "CASE WHEN json_valid($1) AND json_type($1) = 'ARRAY' THEN CAST(json_array_length($1) AS INTEGER) END",
  ),
  json_object_keys: scalar('string', array(T.string), "CASE WHEN json_valid($1) AND json_type($1) = 'OBJECT' THEN json_keys($1) END"),
}
