import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import type { Typed } from '../typed.ts'

// Java's dot leaves out more line ends than RE2's.
const DOT = '[^\\n\\r\\x{85}\\x{2028}\\x{2029}]'
// Java's \s without Unicode: space, tab, newline, vertical tab, form feed, return. RE2's lacks the vertical tab.
const CLASSES: Record<string, string> = { s: '[ \\t\\n\\x0B\\f\\r]', S: '[^ \\t\\n\\x0B\\f\\r]' }
const SAME_ESCAPES = 'dDwWtnrfbB.*+?()[]{}|^$\\/-_:,;=!@#%&"\'<>~` '

/**
 * A Java regular expression as RE2, which DuckDB runs, reads it; only what means the same in both, or can be written so.
 * Throws Refusal where it cannot be, SqlProblem where Java would not take it either. `match` asks whether it occurs, `exact` also what it takes in.
 */
export function duckdbRegex(pattern: Typed, mode: 'match' | 'exact' = 'match'): string {
  if (typeof pattern.literal !== 'string') throw new Refusal('a computed regular expression', pattern.at)
  return translate(pattern.literal, pattern.at, mode)
}

/** How many groups a pattern has. */
export function groupsIn(pattern: Typed): number {
  const source = String(pattern.literal ?? '')
    .replace(/\\./g, '')
    .replace(/\[[^\]]*\]/g, '')
  return (source.match(/\((?!\?)/g) ?? []).length
}

function translate(source: string, at: number, mode: 'match' | 'exact'): string {
  let out = ''
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!
    if (c === '\\') {
      out += escaped(source, ++i, at, false)
    } else if (c === '[') {
      const end = classEnd(source, i, at)
      out += characterClass(source.slice(i, end + 1), at)
      i = end
    } else if (c === '(') {
      depth++
      if (source[i + 1] === '?' && !/^\(\?(:|i\)|[i]:)/.test(source.slice(i)))
        throw new Refusal(`the regular expression ${source.slice(i, i + 4)}…`, at)
      out += c
    } else if (c === ')') {
      if (--depth < 0) throw bad(source, 'a bracket is closed that was not opened', at)
      out += c
    } else if (c === '$') {
      if (i !== source.length - 1) throw new Refusal('a regular expression with $ inside', at)
      // Java's $ also stands before a line end at the very end, which a match may then take in, but no extract or replacement.
      if (mode === 'exact') throw new Refusal('$ in a regular expression that is extracted or replaced', at)
      out += '(?:\\r\\n|[\\n\\r\\x{85}\\x{2028}\\x{2029}])?\\z'
    } else if (/[*+?}]/.test(c) && source[i + 1] === '+') throw new Refusal('a possessive quantifier', at)
    else out += c === '.' ? DOT : c
  }
  if (depth > 0) throw bad(source, 'a bracket is not closed', at)
  checkQuantifiers(source, at)
  return out
}

const bad = (source: string, why: string, at: number) =>
  new SqlProblem(`"${source}" is not a regular expression: ${why}`, "write a backslash twice in quotes, or use r'…'", at)

function checkQuantifiers(source: string, at: number): void {
  if (/^[*+?]|[(|][*+]|(^|[^\\])[*+][*]/.test(source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')))
    throw bad(source, 'a quantifier has nothing to repeat', at)
  if (/\{(?!\d)/.test(source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x'))) throw new Refusal('a brace in a regular expression', at)
}

function escaped(source: string, i: number, at: number, inClass: boolean): string {
  const c = source[i]
  if (c === undefined) throw bad(source, 'it ends with a backslash', at)
  if (c in CLASSES) return inClass ? (c === 's' ? ' \\t\\n\\x0B\\f\\r' : refuseClass(at)) : CLASSES[c]!
  if (SAME_ESCAPES.includes(c) && !(inClass && (c === 'b' || c === 'B'))) return `\\${c}`
  // A letter that means nothing to Java is refused by it; what means something to it alone, here.
  if (/[A-Za-z]/.test(c) && !'aAbBcdDeEfGhHkNnpPQrRsStuvVwWxXzZ'.includes(c)) throw bad(source, `\\${c} means nothing`, at)
  if (c === 'A' || c === 'z') return `\\${c}`
  throw new Refusal(`\\${c} in a regular expression`, at)
}

function refuseClass(at: number): never {
  throw new Refusal('\\S in a character class', at)
}

function classEnd(source: string, start: number, at: number): number {
  let i = start + 1
  if (source[i] === '^') i++
  // A first ] would be a letter to RE2, and an error or more to Java.
  if (source[i] === ']') throw new Refusal('a character class that begins with ]', at)
  for (; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[' || source.startsWith('&&', i)) throw new Refusal('a character class within a character class', at)
    else if (source[i] === ']') return i
  }
  throw bad(source, 'a character class is not closed', at)
}

function characterClass(source: string, at: number): string {
  let out = ''
  for (let i = 0; i < source.length; i++) out += source[i] === '\\' ? escaped(source, ++i, at, true) : source[i]
  return out
}
