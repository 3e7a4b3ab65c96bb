import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import { literalSeparator, type Rule, scalar, sharedOf, special } from './rule.ts'

const length = scalar('string|binary', T.int, x => `CAST(${x!.type.kind === 'binary' ? 'octet_length' : 'length'}(${x!.sql}) AS INTEGER)`)
const bytes = (factor: string) =>
  scalar('string|binary', T.int, x => `CAST(octet_length(${x!.type.kind === 'string' ? `encode(${x!.sql})` : x!.sql})${factor} AS INTEGER)`)
const upper = scalar('string', T.string, 'spark_upper($1)')
const lower = scalar('string', T.string, 'spark_lower($1)')
const character = scalar('bigint', T.string, "CASE WHEN $1 < 0 THEN '' WHEN $1 IS NULL THEN NULL ELSE chr(CAST($1 % 256 AS INTEGER)) END")

/** substring(text, from, length): from 1, backwards from the end below 0; 0 counts as 1. */
const substring = special((args, site) => {
  const [value, from, count] = [args[0], args[1], args[2]]
  if (!value || !from || args.length > 3)
    throw new SqlProblem(`${site.name} takes 2 or 3 arguments; here are ${args.length}`, `write ${site.name}(text, 1, 3)`, site.at)
  const binary = value.type.kind === 'binary'
  const subject = binary ? `hex(${value.sql})` : castTo(value, T.string).sql
  if (binary && (from.literal === undefined || Number(from.literal) < 1 || count))
    throw new Refusal(`${site.name} of a binary from the end`, site.at)
  if (binary) return { type: T.binary, sql: `unhex(substring(${subject}, ${2 * Number(from.literal) - 1}))` }
  const start = castTo(from, T.int).sql
  return {
    type: T.string,
    sql: count ? `spark_substring(${subject}, ${start}, ${castTo(count, T.int).sql})` : `spark_substring_from(${subject}, ${start})`,
  }
})

const side = (name: 'startswith' | 'endswith' | 'contains', text: string): Rule =>
  special(args => {
    const [a, b] = args
    if (!a || !b || args.length !== 2)
      throw new SqlProblem(`${name} takes 2 arguments; here are ${args.length}`, `write ${name}(text, 'part')`, a?.at ?? 0)
    if (a.type.kind === 'binary' && b.type.kind === 'binary')
      return { type: T.boolean, sql: text.replaceAll('$1', `hex(${a.sql})`).replaceAll('$2', `hex(${b.sql})`) }
    return { type: T.boolean, sql: text.replaceAll('$1', castTo(a, T.string).sql).replaceAll('$2', castTo(b, T.string).sql) }
  })

const trimmed = (name: 'ltrim' | 'rtrim'): Rule =>
  special((args, site) => {
    const [a, b] = args.map(x => castTo(x, T.string).sql)
    if (!a || args.length > 2)
      throw new SqlProblem(`${site.name} takes 1 or 2 arguments; here are ${args.length}`, 'write trim(text)', site.at)
    // Of two, the characters come first.
    return { type: T.string, sql: b ? `${name}(${b}, ${a})` : `${name}(${a}, ' ')` }
  })

const pad = (name: 'lpad' | 'rpad'): Rule =>
  scalar('string, int, string?', T.string, (value, width, fill) => {
    const p = fill?.sql ?? "' '"
    return `CASE WHEN ${p} = '' THEN substring(${value!.sql}, 1, spark_at_least_0(${width!.sql})) ELSE ${name}(${value!.sql}, spark_at_least_0(${width!.sql}), ${p}) END`
  })

const instr = 'CAST(instr($1, $2) AS INTEGER)'
const locate = scalar('string, string, int?', T.int, (part, whole, from) =>
  from
    ? `CASE WHEN ${part!.sql} IS NULL OR ${whole!.sql} IS NULL THEN NULL WHEN coalesce(${from.sql}, 0) < 1 THEN 0 WHEN instr(substring(${whole!.sql}, ${from.sql}), ${part!.sql}) = 0 THEN 0 ELSE CAST(instr(substring(${whole!.sql}, ${from.sql}), ${part!.sql}) + ${from.sql} - 1 AS INTEGER) END`
    : `CAST(instr(${whole!.sql}, ${part!.sql}) AS INTEGER)`,
)

/** concat_ws leaves nulls out, and takes arrays of strings too; without parts it is empty. */
const concatWs = special(args => {
  const [separator, ...parts] = args
  if (!separator) throw new SqlProblem('concat_ws takes a separator first', "write concat_ws(', ', a, b)", 0)
  const s = castTo(separator, T.string).sql
  const lists = parts.map(p =>
    p.type.kind === 'array' ? `coalesce(${castTo(p, { kind: 'array', element: T.string }).sql}, [])` : `[${castTo(p, T.string).sql}]`,
  )
  if (lists.length === 0) return { type: T.string, sql: `CASE WHEN ${s} IS NOT NULL THEN '' END` }
  if (parts.every(p => p.type.kind !== 'array'))
    return { type: T.string, sql: `concat_ws(${s}, ${parts.map(p => castTo(p, T.string).sql).join(', ')})` }
  return {
    type: T.string,
    sql: `CASE WHEN ${s} IS NOT NULL THEN coalesce(array_to_string(list_filter(${lists.reduce((a, b) => `list_concat(${a}, ${b})`)}, lambda part: part IS NOT NULL), ${literalSeparator(separator, 'concat_ws')}), '') END`,
  }
})

const concat = special((args, site) => {
  if (args.length === 0) return { type: T.string, sql: "''" }
  if (args.every(a => a.type.kind === 'array')) {
    const element = args.map(a => (a.type.kind === 'array' ? a.type.element : T.void))
    const type = { kind: 'array' as const, element: sharedOf(element, site.name, site.at) }
    const lists = args.map(a => castTo(a, type).sql)
    return {
      type,
      sql: `CASE WHEN ${lists.map(l => `${l} IS NULL`).join(' OR ')} THEN NULL ELSE ${lists.reduce((a, b) => `list_concat(${a}, ${b})`)} END`,
    }
  }
  if (args.every(a => a.type.kind === 'binary')) return { type: T.binary, sql: `(${args.map(a => a.sql).join(' || ')})` }
  if (args.some(a => a.type.kind === 'void')) return { type: T.string, sql: 'CAST(NULL AS VARCHAR)' }
  return { type: T.string, sql: `(${args.map(a => castTo(a, T.string).sql).join(' || ')})` }
})

const elt = special((args, site) => {
  const [index, ...values] = args
  if (!index || values.length === 0) throw new SqlProblem('elt takes a number and values', "write elt(1, 'a', 'b')", site.at)
  const i = castTo(index, T.int).sql
  return {
    type: T.string,
    sql: `CASE ${i} ${values.map((v, n) => `WHEN ${n + 1} THEN ${castTo(v, T.string).sql}`).join(' ')} ELSE CASE WHEN ${i} IS NOT NULL THEN CAST(CAST('elt has no value ' || ${i} AS INTEGER) AS VARCHAR) END END`,
  }
})

const leftRight = scalar('string, int', T.string, "CASE WHEN $2 <= 0 THEN CASE WHEN $1 IS NOT NULL THEN '' END ELSE left($1, $2) END")

export const strings: Record<string, Rule> = {
  upper,
  ucase: upper,
  lower,
  lcase: lower,
  length,
  len: length,
  char_length: length,
  character_length: length,
  octet_length: bytes(''),
  bit_length: bytes(' * 8'),
  trim: scalar('string', T.string, "trim($1, ' ')"),
  btrim: special((args, site) => {
    const [a, b] = args.map(x => castTo(x, T.string).sql)
    if (!a || args.length > 2)
      throw new SqlProblem(`${site.name} takes 1 or 2 arguments; here are ${args.length}`, 'write btrim(text)', site.at)
    return { type: T.string, sql: `trim(${a}, ${b ?? "' '"})` }
  }),
  ltrim: trimmed('ltrim'),
  rtrim: trimmed('rtrim'),
  lpad: pad('lpad'),
  rpad: pad('rpad'),
  concat,
  concat_ws: concatWs,
  substring,
  substr: substring,
  left: special((args, site) => {
    if (args[0]?.type.kind === 'binary') throw new Refusal('left of a binary', site.at)
    return leftRight.apply(args, site)
  }),
  right: scalar('string, int', T.string, "CASE WHEN $2 <= 0 THEN CASE WHEN $1 IS NOT NULL THEN '' END ELSE right($1, $2) END"),
  replace: scalar(
    'string, string, string?',
    T.string,
    (s, from, to) => `CASE WHEN ${from!.sql} = '' THEN ${s!.sql} ELSE replace(${s!.sql}, ${from!.sql}, ${to?.sql ?? "''"}) END`,
  ),
  translate: scalar('string, string, string', T.string, (s, from, to) => {
    if (typeof from!.literal === 'string' && new Set(from!.literal).size !== [...from!.literal].length)
      throw new Refusal('translate of a letter twice', from!.at)
    if (typeof from!.literal !== 'string') throw new Refusal('translate of computed letters', from!.at)
    return `translate(${s!.sql}, ${from!.sql}, ${to!.sql})`
  }),
  repeat: scalar('string, int', T.string, 'repeat($1, spark_at_least_0($2))'),
  space: scalar('int', T.string, "repeat(' ', spark_at_least_0($1))"),
  reverse: special((args, site) => {
    const [value] = args
    if (!value || args.length !== 1)
      throw new SqlProblem(`reverse takes 1 argument; here are ${args.length}`, 'write reverse(text)', site.at)
    if (value.type.kind === 'array') return { type: value.type, sql: `list_reverse(${value.sql})` }
    return { type: T.string, sql: `array_to_string(list_reverse(string_split(${castTo(value, T.string).sql}, '')), '')` }
  }),
  initcap: scalar(
    'string',
    T.string,
    "array_to_string(list_transform(string_split(spark_lower($1), ' '), lambda word: upper(word[1]) || word[2:]), ' ')",
  ),
  ascii: scalar('string', T.int, "CASE WHEN $1 = '' THEN 0 ELSE unicode($1) END"),
  char: character,
  chr: character,
  instr: scalar('string, string', T.int, instr),
  locate,
  position: locate,
  startswith: side('startswith', 'starts_with($1, $2)'),
  endswith: side('endswith', 'ends_with($1, $2)'),
  contains: side('contains', 'contains($1, $2)'),
  split_part: scalar(
    'string, string, int',
    T.string,
    "CASE WHEN $3 = 0 THEN CAST(CAST('split_part counts from 1' AS INTEGER) AS VARCHAR) WHEN $2 = '' THEN CASE WHEN $3 IN (1, -1) THEN $1 ELSE '' END ELSE split_part($1, $2, $3) END",
  ),
  substring_index: scalar('string, string, int', T.string, (s, d, n) => {
    const count = Number(n!.literal)
    if (!Number.isInteger(count)) throw new Refusal('substring_index with a computed count', n!.at)
    if (count === 0) return `CASE WHEN ${s!.sql} IS NOT NULL THEN '' END`
    const delimiter = literalSeparator(d!, 'substring_index')
    const parts = `string_split(${s!.sql}, ${delimiter})`
    return `CASE WHEN ${delimiter} = '' THEN '' ELSE array_to_string(list_slice(${parts}, ${count > 0 ? `1, ${count}` : `${count}, -1`}), ${delimiter}) END`
  }),
  overlay: scalar(
    'string|binary, string|binary, int, int?',
    s => s!.type,
    (s, r, from, count) => {
      if (s!.type.kind === 'binary') {
        const [a, b] = [`hex(${s!.sql})`, `hex(${r!.sql})`]
        const skipped = count ? `2 * ${count.sql}` : `length(${b})`
        return `unhex(substring(${a}, 1, 2 * ${from!.sql} - 2) || ${b} || substring(${a}, 2 * ${from!.sql} - 1 + ${skipped}))`
      }
      const skipped = count
        ? `CASE WHEN ${count.sql} < 0 THEN CAST(length(${r!.sql}) AS INTEGER) ELSE ${count.sql} END`
        : `length(${r!.sql})`
      return `(substring(${s!.sql}, 1, ${from!.sql} - 1) || ${r!.sql} || substring(${s!.sql}, ${from!.sql} + ${skipped}))`
    },
  ),
  elt,
  find_in_set: scalar(
    'string, string',
    T.int,
    "CASE WHEN contains($1, ',') THEN 0 ELSE CAST(coalesce(list_position(string_split($2, ','), $1), CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN 0 END) AS INTEGER) END",
  ),
  levenshtein: scalar('string, string, int?', T.int, (a, b, limit) => {
    const d = `CAST(levenshtein(${a!.sql}, ${b!.sql}) AS INTEGER)`
    return limit ? `CASE WHEN ${d} > ${limit.sql} THEN -1 WHEN ${d} <= ${limit.sql} THEN ${d} END` : d
  }),
}
