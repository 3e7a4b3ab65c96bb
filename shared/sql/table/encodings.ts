import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type Rule, scalar, special } from './rule.ts'

/** A text that must be one of a few, as a literal. */
export function literalText(value: Typed, what: string, at: number): string {
  if (typeof value.literal !== 'string') throw new Refusal(`${what} computed`, at)
  return value.literal
}

const utf8 = (value: Typed, at: number): void => {
  const charset = literalText(value, 'a charset', at).toLowerCase()
  if (charset !== 'utf-8') throw new Refusal(`the charset ${charset}`, at)
}

const hex = special((args, site) => {
  const [value] = args
  if (!value || args.length !== 1) throw new SqlProblem(`hex takes 1 argument; here are ${args.length}`, 'write hex(value)', site.at)
  if (value.type.kind === 'string') return { type: T.string, sql: `hex(encode(${value.sql}))` }
  if (value.type.kind === 'binary') return { type: T.string, sql: `hex(${value.sql})` }
  return { type: T.string, sql: `to_hex(${castTo(value, T.bigint).sql})` }
})

/** Texts as bytes, as digits, as digests. */
export const encodings: Record<string, Rule> = {
  hex,
  unhex: scalar('string', T.binary, "TRY(unhex(CASE WHEN length($1) % 2 = 1 THEN '0' || $1 ELSE $1 END))"),
  base64: scalar('binary', T.string, 'to_base64($1)'),
  unbase64: scalar('string', T.binary, 'from_base64($1)'),
  encode: special((args, site) => {
    const [value, charset] = args
    if (!value || !charset) throw new SqlProblem('encode takes a text and a charset', "write encode(text, 'utf-8')", site.at)
    utf8(charset, site.at)
    return { type: T.binary, sql: `encode(${castTo(value, T.string).sql})` }
  }),
  md5: scalar('binary', T.string, 'md5($1)'),
  sha1: scalar('binary', T.string, 'sha1($1)'),
  sha: scalar('binary', T.string, 'sha1($1)'),
  sha2: scalar('binary, int', T.string, (value, bits) => {
    if (bits!.literal !== '256' && bits!.literal !== '0') throw new Refusal(`sha2 of ${bits!.literal ?? 'computed'} bits`, bits!.at)
    return `sha256(${value!.sql})`
  }),
  url_encode: scalar('string', T.string, "replace(replace(replace(url_encode($1), '%20', '+'), '~', '%7E'), '%2A', '*')"),
  url_decode: scalar('string', T.string, 'spark_url_decode($1)'),
}
