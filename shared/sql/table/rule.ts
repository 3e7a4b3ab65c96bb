import { castable, castTo } from '../cast.ts'
import { assignsTo, commonType, isAtomic, isIntegral, isNumeric } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import type { Sort } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { type SqlType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'

/** A call as it stands in the statement. */
export interface CallSite {
  name: string
  at: number
  distinct: boolean
  ignoreNulls: boolean
  /** Whether OVER stands after it. */
  windowed: boolean
  /** WITHIN GROUP (ORDER BY …). */
  within?: Sort[]
}

export type RuleKind = 'scalar' | 'aggregate' | 'window'

/** One row of the table: how a function of Spark is called, what type it gives, and what DuckDB runs for it. */
export interface Rule {
  kind: RuleKind
  apply(args: Typed[], site: CallSite): { type: SqlType; sql: string }
  /** A window function or aggregate whose answer hangs on the order of rows. */
  ordered?: boolean
}

type ResultType = SqlType | ((...args: Typed[]) => SqlType)
/**
 * DuckDB's text: `$1` is the first argument, `$*` all of them. In an aggregate or window function, braces stand around the
 * call that DISTINCT, FILTER and OVER belong to.
 */
type Template = string | ((...args: Typed[]) => string)

// Characters of private use stand for the braces in a compiled text, since an argument's text may hold braces of its own.
const OPEN = '\uE000'
const CLOSE = '\uE001'

/** Marks the call that DISTINCT, FILTER and OVER belong to, in a text that is put together by a function. */
export const on = (call: string): string => `${OPEN}${call}${CLOSE}`

/** Puts DISTINCT, FILTER and OVER where the marks say. */
export function decorate(marked: string, distinct: boolean, after: string): string {
  return marked.replace(
    /\uE000([^\uE000\uE001]*)\uE001/g,
    (_, call: string) => `${distinct ? call.replace('(', '(DISTINCT ') : call}${after}`,
  )
}

const rule =
  (kind: RuleKind) =>
  (parameters: string, type: ResultType, sql: Template, more: { ordered?: boolean } = {}): Rule => {
    const wanted = parameters === '' ? [] : parameters.split(',').map(p => p.trim())
    const marked = typeof sql === 'string' && kind !== 'scalar' ? sql.replaceAll('{', OPEN).replaceAll('}', CLOSE) : sql
    return {
      kind,
      ...more,
      apply(args, site) {
        const bound = bind(wanted, args, site)
        const text = typeof marked === 'function' ? marked(...bound) : fill(marked, bound)
        return { type: typeof type === 'function' ? type(...bound) : type, sql: text }
      },
    }
  }

/**
 * Rows of the table. Parameters are types (`string`, `int`, …), or `any`, `numeric`, `integral`, `array`, `map`, `T` (all T's
 * take one common type), `array<T>`; with `?` optional, with `...` repeated, with `|` a choice of which the first is cast to.
 */
export const scalar = rule('scalar')
export const aggregate = rule('aggregate')
export const windowOnly = rule('window')

/** A row whose arguments are understood by itself. */
export const special = (apply: Rule['apply'], kind: RuleKind = 'scalar', more: { ordered?: boolean } = {}): Rule => ({
  kind,
  apply,
  ...more,
})

export function fill(template: string, args: { sql: string }[]): string {
  return template.replace(/\$(\*|\d)/g, (_, which) =>
    which === '*' ? args.map(a => a.sql).join(', ') : (args[Number(which) - 1]?.sql ?? ''),
  )
}

/** DuckDB joins a list only by a separator that is a literal. */
export function literalSeparator(separator: Typed, name: string): string {
  if (typeof separator.literal !== 'string') throw new Refusal(`${name} by a computed separator`, separator.at)
  return separator.sql
}

/** Throws where a call has too few arguments or too many. */
export function expectArguments(args: unknown[], site: CallSite, least: number, most: number, example: string): void {
  if (args.length >= least && args.length <= most) return
  const range = least === most ? String(least) : `${least} to ${most}`
  throw new SqlProblem(
    `${site.name} takes ${range} argument${range === '1' ? '' : 's'}; here are ${args.length}`,
    `write ${example}`,
    site.at,
  )
}

/** Checks the number of arguments and casts each to what is wanted. */
export function bind(wanted: string[], args: Typed[], site: CallSite): Typed[] {
  const required = wanted.filter(w => !/[?]$|[.]{3}$/.test(w)).length
  const open = wanted.at(-1)?.endsWith('...') ?? false
  if (args.length < required || (!open && args.length > wanted.length)) {
    const range = open ? `${required} or more` : required === wanted.length ? String(required) : `${required} to ${wanted.length}`
    throw new SqlProblem(
      `${site.name} takes ${range} argument${range === '1' ? '' : 's'}; here are ${args.length}`,
      'see the function’s documentation',
      site.at,
    )
  }
  const kinds = args.map((_, i) => (wanted[Math.min(i, wanted.length - 1)] ?? '').replace(/[?]$|[.]{3}$/, ''))
  const shared = sharedType(kinds, args, site)
  return args.map((arg, i) => convert(kinds[i]!, arg, shared, site, i))
}

function sharedType(kinds: string[], args: Typed[], site: CallSite): SqlType | undefined {
  const types = args.flatMap((arg, i) =>
    kinds[i] === 'T' ? [arg.type] : kinds[i] === 'array<T>' && arg.type.kind === 'array' ? [arg.type.element] : [],
  )
  if (types.length === 0) return undefined
  return sharedOf(types, site.name, site.at)
}

/** The common type of values; where strings and others are mixed only Spark's own rules are trusted. */
export function sharedOf(types: SqlType[], what: string, at: number): SqlType {
  const type = commonType(types)
  if (type) return type
  const texts = [...new Set(types.map(typeText))].join(' and ')
  if (types.some(t => t.kind === 'string') && types.every(isAtomic)) throw new Refusal(`${what} of ${texts}`, at)
  throw new SqlProblem(`${what} mixes ${texts}, which have no type in common`, 'cast one of them', at)
}

const NAMED = T as unknown as Record<string, SqlType>

function convert(kind: string, arg: Typed, shared: SqlType | undefined, site: CallSite, index: number): Typed {
  if (kind === 'any' || kind === '' || arg.type.kind === 'unknown') return arg
  if (kind === 'T') return castTo(arg, shared!)
  if (kind.includes('|')) {
    const choices = kind.split('|')
    const exact = choices.find(c => matches(c, arg.type))
    return exact ? arg : convert(choices[0]!, arg, shared, site, index)
  }
  if (kind === 'array<T>') {
    if (arg.type.kind === 'array') return castTo(arg, { kind: 'array', element: shared! })
    return arg.type.kind === 'void' ? castTo(arg, { kind: 'array', element: shared ?? T.void }) : wrong('an array', arg, site, index)
  }
  const named = NAMED[kind]
  if (named)
    return assignsTo(arg.type, named) ? castTo(arg, named) : wrong(`${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`, arg, site, index, named)
  if (arg.type.kind === 'void') throw new Refusal(`${site.name} of NULL`, site.at)
  if (matches(kind, arg.type)) return arg
  // Numbers are read from strings as doubles.
  if (kind === 'numeric' && arg.type.kind === 'string') return castTo(arg, T.double)
  if (kind === 'integral' && (isNumeric(arg.type) || arg.type.kind === 'string'))
    throw new Refusal(`${site.name} of ${typeText(arg.type)}`, site.at)
  return wrong(/^[ai]/.test(kind) ? `an ${kind}` : `a ${kind}`, arg, site, index)
}

function matches(kind: string, type: SqlType): boolean {
  if (kind === 'numeric') return isNumeric(type)
  if (kind === 'integral') return isIntegral(type)
  return type.kind === kind
}

// A binary or an interval may be fine for Spark, so it decides; the rest is wrong there too.
function wrong(wanted: string, arg: Typed, site: CallSite, index: number, to?: SqlType): never {
  if (arg.type.kind === 'binary' || arg.type.kind === 'interval') throw new Refusal(`${site.name} of ${typeText(arg.type)}`, site.at)
  const which = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'][index] ?? `${index + 1}th`
  throw new SqlProblem(
    `the ${which} argument of ${site.name} is ${typeText(arg.type)}; it takes ${wanted}`,
    to && castable(arg.type, to) ? `write cast(… AS ${typeText(to)})` : `give ${wanted}`,
    arg.at,
  )
}
