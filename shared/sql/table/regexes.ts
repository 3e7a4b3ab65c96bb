import { likeSql } from '../analyze/like.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, type SqlType, T, text } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type Regex, regexOf } from './regex.ts'
import { type CallSite, expectArguments, type Rule, scalar, special } from './rule.ts'

const rlikeCall = scalar('string, string', T.boolean, (s, p) => `regexp_matches(${s!.sql}, ${regexOf(p!, 'match').sql})`)

const likeCall = (op: 'LIKE' | 'ILIKE'): Rule =>
  scalar('string, string, string?', T.boolean, (value, pattern, escapedBy) => likeSql(value!, pattern!, op, escapedBy))

function groupOf(args: Typed[], regex: Regex, site: CallSite): number {
  const group = args[2] ? Number(args[2].literal) : 1
  if (!Number.isInteger(group)) throw new Refusal(`${site.name} of a computed group`, site.at)
  if (group < 0 || group > regex.groups)
    throw new SqlProblem(
      `${site.name} asks for group ${group}; the pattern has ${regex.groups}`,
      group === 1 ? 'put brackets into the pattern, or write 0 for the whole match' : `write 0 to ${regex.groups}`,
      args[2]?.at ?? args[1]!.at,
    )
  return group
}

/** A pattern that is matched again and again: what can be empty matches in other places in Java. */
function repeated(pattern: Typed, site: CallSite): Regex {
  const regex = regexOf(pattern, 'exact')
  if (regex.nullable) throw new Refusal(`${site.name} by a pattern that can be empty`, pattern.at)
  return regex
}

const extract: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, "regexp_extract(text, '(\\\\d+)', 1)")
  const regex = regexOf(args[1]!, 'exact')
  const group = groupOf(args, regex, site)
  return { type: T.string, sql: `regexp_extract(${regex.subject(castTo(args[0]!, T.string).sql)}, ${regex.sql}, ${group})` }
})

// A group that took no part is an empty text in Spark.
const everyMatch = (value: Typed, regex: Regex, group: number): string =>
  `list_transform(regexp_extract_all(${regex.subject(castTo(value, T.string).sql)}, ${regex.sql}, ${group}), lambda part: coalesce(part, ''))`

const extractAll: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, "regexp_extract_all(text, '(\\\\d+)', 1)")
  const regex = repeated(args[1]!, site)
  return { type: array(T.string), sql: everyMatch(args[0]!, regex, groupOf(args, regex, site)) }
})

const matches = (type: SqlType, sql: (list: string, value: Typed) => string): Rule =>
  special((args, site) => {
    expectArguments(args, site, 2, 2, `${site.name}(text, '[0-9]+')`)
    return { type, sql: sql(everyMatch(args[0]!, repeated(args[1]!, site), 0), castTo(args[0]!, T.string)) }
  })

/** regexp_replace(text, pattern, replacement): Java's $1 is DuckDB's \\1. */
const replace: Rule = special((args, site) => {
  expectArguments(args, site, 3, 3, "regexp_replace(text, '\\\\s+', ' ')")
  const [value, pattern, replacement] = args as [Typed, Typed, Typed]
  const regex = repeated(pattern, site)
  const by = text(replacementOf(replacement, regex.groups))
  return { type: T.string, sql: `regexp_replace(${regex.subject(castTo(value, T.string).sql)}, ${regex.sql}, ${by}, 'g')` }
})

function replacementOf(replacement: Typed, groups: number): string {
  const { literal, at } = replacement
  if (typeof literal !== 'string') throw new Refusal('regexp_replace by a computed text', at)
  return literal.replace(/\\(.)|\$(\d)(\d?)|\$|\\/gs, (_whole, escaped, group, more) => {
    if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped
    if (group === undefined)
      throw new SqlProblem(
        `"${literal}" is not a replacement: $ stands before the number of a group`,
        'write \\\\$ for the sign itself',
        at,
      )
    if (more !== '' && Number(group + more) <= groups) throw new Refusal('a replacement of more than nine groups', at)
    if (Number(group) > groups)
      throw new SqlProblem(`the replacement names group ${group}; the pattern has ${groups}`, `write $0 to $${groups}`, at)
    return `\\${group}${more}`
  })
}

/** split(text, pattern, limit). */
const split: Rule = special((args, site) => {
  expectArguments(args, site, 2, 3, "split(text, ',')")
  const [value, pattern, limit] = args as [Typed, Typed, Typed | undefined]
  const n = limit ? Number(limit.literal) : -1
  if (!Number.isInteger(n)) throw new Refusal('split with a computed limit', site.at)
  const regex = repeated(pattern, site)
  const s = regex.subject(castTo(value, T.string).sql)
  const type = array(T.string)
  if (n <= 0) return { type, sql: `string_split_regex(${s}, ${regex.sql})` }
  if (n === 1) return { type, sql: `CASE WHEN ${s} IS NOT NULL THEN [${s}] END` }
  if (n > 2) throw new Refusal('split into more than two', site.at)
  const first = `string_split_regex(${s}, ${regex.sql})[1]`
  const cut = `length(regexp_extract(substring(${s}, length(${first}) + 1), ${regex.sql}, 0))`
  return {
    type,
    sql: `CASE WHEN ${s} IS NULL THEN NULL WHEN regexp_matches(${s}, ${regex.sql}) THEN [${first}, substring(${s}, length(${first}) + ${cut} + 1)] ELSE [${s}] END`,
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
  regexp_count: matches(T.int, list => `CAST(len(${list}) AS INTEGER)`),
  regexp_substr: matches(T.string, list => `${list}[1]`),
  regexp_instr: matches(T.int, (list, { sql }) => `CASE WHEN len(${list}) = 0 THEN 0 ELSE CAST(instr(${sql}, ${list}[1]) AS INTEGER) END`),
  split,
}
