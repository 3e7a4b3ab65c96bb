import { likeSql } from '../analyze/like.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, T, text } from '../type.ts'
import type { Typed } from '../typed.ts'
import { duckdbRegex, groupsIn } from './regex.ts'
import { type CallSite, type Rule, scalar, special } from './rule.ts'

const usage = (args: Typed[], site: CallSite, least: number, most: number, example: string): void => {
  if (args.length < least || args.length > most)
    throw new SqlProblem(
      `${site.name} takes ${least === most ? least : `${least} to ${most}`} arguments; here are ${args.length}`,
      `write ${example}`,
      site.at,
    )
}

const rlikeCall = scalar('string, string', T.boolean, (s, p) => `regexp_matches(${s!.sql}, ${text(duckdbRegex(p!))})`)

const likeCall = (op: 'LIKE' | 'ILIKE'): Rule =>
  scalar('string, string, string?', T.boolean, (value, pattern, escapedBy) => likeSql(value!, pattern!, op, escapedBy))

function groupOf(args: Typed[], site: CallSite): number {
  const group = args[2] ? Number(args[2].literal) : 1
  if (!Number.isInteger(group)) throw new Refusal(`${site.name} of a computed group`, site.at)
  const groups = groupsIn(args[1]!)
  if (group < 0 || group > groups)
    throw new SqlProblem(
      `${site.name} asks for group ${group}; the pattern has ${groups}`,
      group === 1 ? 'put brackets into the pattern, or write 0 for the whole match' : `write 0 to ${groups}`,
      args[2]?.at ?? args[1]!.at,
    )
  return group
}

const extract: Rule = special((args, site) => {
  usage(args, site, 2, 3, "regexp_extract(text, '(\\\\d+)', 1)")
  const group = groupOf(args, site)
  return { type: T.string, sql: `regexp_extract(${castTo(args[0]!, T.string).sql}, ${text(duckdbRegex(args[1]!, 'exact'))}, ${group})` }
})

const extractAll: Rule = special((args, site) => {
  usage(args, site, 2, 3, "regexp_extract_all(text, '(\\\\d+)', 1)")
  const group = groupOf(args, site)
  return {
    type: array(T.string),
    sql: `regexp_extract_all(${castTo(args[0]!, T.string).sql}, ${text(duckdbRegex(args[1]!, 'exact'))}, ${group})`,
  }
})

/** regexp_replace(text, pattern, replacement): Java's $1 is DuckDB's \1. */
const replace: Rule = special((args, site) => {
  usage(args, site, 3, 3, "regexp_replace(text, '\\\\s+', ' ')")
  const [value, pattern, replacement] = args as [Typed, Typed, Typed]
  if (typeof replacement.literal !== 'string') throw new Refusal('regexp_replace by a computed text', site.at)
  const groups = groupsIn(pattern)
  const by = replacement.literal.replace(/\\(.)|\$(\d)(\d?)|\$|\\/gs, (_whole, escaped, group, more) => {
    if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped
    if (group === undefined)
      throw new SqlProblem(
        `"${replacement.literal}" is not a replacement: $ stands before the number of a group`,
        'write \\\\$ for the sign itself',
        replacement.at,
      )
    if (more !== '' && Number(group + more) <= groups) throw new Refusal('a replacement of more than nine groups', replacement.at)
    if (Number(group) > groups)
      throw new SqlProblem(`the replacement names group ${group}; the pattern has ${groups}`, `write $0 to $${groups}`, replacement.at)
    return `\\${group}${more}`
  })
  return { type: T.string, sql: `regexp_replace(${castTo(value, T.string).sql}, ${text(duckdbRegex(pattern, 'exact'))}, ${text(by)}, 'g')` }
})

const all = (value: Typed, pattern: Typed) =>
  `regexp_extract_all(${castTo(value, T.string).sql}, ${text(duckdbRegex(pattern, 'exact'))}, 0)`

/** split(text, pattern, limit): plain delimiters and classes; an empty pattern cuts between all letters. */
const split: Rule = special((args, site) => {
  usage(args, site, 2, 3, "split(text, ',')")
  const [value, pattern, limit] = args as [Typed, Typed, Typed | undefined]
  const n = limit ? Number(limit.literal) : -1
  if (!Number.isInteger(n)) throw new Refusal('split with a computed limit', site.at)
  if (typeof pattern.literal !== 'string') throw new Refusal('split by a computed pattern', site.at)
  // What can match nothing at all cuts in other places in Java.
  if (pattern.literal === '' || /[*?]|\{0|\||\^|\$|\\[bBAZz]/.test(pattern.literal.replace(/\\[*?|^$]/g, '').replace(/\[[^\]]*\]/g, 'x')))
    throw new Refusal('split by a pattern that can be empty', site.at)
  const s = castTo(value, T.string).sql
  const regex = text(duckdbRegex(pattern, 'exact'))
  if (n <= 0) return { type: array(T.string), sql: `string_split_regex(${s}, ${regex})` }
  if (n === 1) return { type: array(T.string), sql: `CASE WHEN ${s} IS NOT NULL THEN [${s}] END` }
  if (n > 2) throw new Refusal('split into more than two', site.at)
  const first = `string_split_regex(${s}, ${regex})[1]`
  const cut = `length(regexp_extract(substring(${s}, length(${first}) + 1), ${regex}, 0))`
  return {
    type: array(T.string),
    sql: `CASE WHEN ${s} IS NULL THEN NULL WHEN regexp_matches(${s}, ${regex}) THEN [${first}, substring(${s}, length(${first}) + ${cut} + 1)] ELSE [${s}] END`,
  }
})

export const regexes: Record<string, Rule> = {
  like: likeCall('LIKE'),
  ilike: likeCall('ILIKE'),
  regexp_like: rlikeCall,
  rlike: rlikeCall,
  regexp: rlikeCall,
  regexp_extract: extract,
  regexp_extract_all: extractAll,
  regexp_replace: replace,
  regexp_count: scalar('string, string', T.int, (s, p) => `CAST(len(${all(s!, p!)}) AS INTEGER)`),
  regexp_substr: scalar('string, string', T.string, (s, p) => `${all(s!, p!)}[1]`),
  regexp_instr: scalar(
    'string, string',
    T.int,
    (s, p) => `CASE WHEN len(${all(s!, p!)}) = 0 THEN 0 ELSE CAST(instr(${s!.sql}, ${all(s!, p!)}[1]) AS INTEGER) END`,
  ),
  split,
}
