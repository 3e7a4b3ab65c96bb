import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { text } from '../type.ts'
import type { Typed } from '../typed.ts'

/** A Java regular expression as RE2, which DuckDB runs, reads it. */
export interface Regex {
  /** As a text of DuckDB. */
  sql: string
  groups: number
  /** Whether it can match nothing at all: then replacing and cutting by it differ between the engines. */
  nullable: boolean
  /** The text of what it is matched against; where `$` is used and a match is taken out, that may not end with a line end. */
  subject(sql: string): string
}

// Java's dot leaves out more line ends than RE2's.
const DOT = '[^\\n\\r\\x{85}\\x{2028}\\x{2029}]'
// Java's $ also stands before a line end at the very end; a test may take it in, since nobody sees what matched.
const END = '(?:\\r\\n|[\\n\\r\\x{85}\\x{2028}\\x{2029}])?\\z'
// Java's \s: space, tab, newline, vertical tab, form feed, return. RE2's lacks the vertical tab.
const SPACES = ' \\t\\n\\x0B\\f\\r'
const SAME_ESCAPES = new Set('dDwWtnrf.*+?()[]{}|^$\\/-_:,;=!@#%&"\'<>~` '.split(''))
// What Java knows and means otherwise than RE2 (\b counts letters of every script there), or knows alone.
const JAVA_ONLY = new Set('abBcdDeEfGhHkNpPQrRsStuvVwWxXZ0123456789'.split(''))

/** Translates a literal pattern. `match` asks whether it occurs, `exact` also what it takes in. Throws Refusal where only Java can run it, SqlProblem where not even Java. */
export function regexOf(pattern: Typed, mode: 'match' | 'exact'): Regex {
  if (typeof pattern.literal !== 'string') throw new Refusal('a computed regular expression', pattern.at)
  const translator = new Translator(pattern.literal, pattern.at, mode)
  const { re2, nullable } = translator.all()
  return {
    sql: text(re2),
    groups: translator.groups,
    nullable,
    subject: sql => (mode === 'exact' && translator.usesEnd ? `spark_one_line(${sql})` : sql),
  }
}

interface Part {
  re2: string
  nullable: boolean
}

class Translator {
  groups = 0
  usesEnd = false
  private i = 0
  private ignoreCase = false
  private readonly source: string
  private readonly at: number
  private readonly mode: 'match' | 'exact'

  constructor(source: string, at: number, mode: 'match' | 'exact') {
    this.source = source
    this.at = at
    this.mode = mode
  }

  all(): Part {
    const part = this.alternatives()
    if (this.i < this.source.length) throw this.bad('a bracket is closed that was not opened')
    return part
  }

  private bad(why: string): SqlProblem {
    return new SqlProblem(`"${this.source}" is not a regular expression: ${why}`, "write a backslash twice in quotes, or use r'…'", this.at)
  }
  private refuse(what: string): Refusal {
    return new Refusal(`${what} in a regular expression`, this.at)
  }
  private get next(): string | undefined {
    return this.source[this.i]
  }

  private alternatives(): Part {
    const parts = [this.sequence()]
    while (this.next === '|') {
      this.i++
      parts.push(this.sequence())
    }
    return { re2: parts.map(p => p.re2).join('|'), nullable: parts.some(p => p.nullable) }
  }

  private sequence(): Part {
    let re2 = ''
    let nullable = true
    while (this.next !== undefined && this.next !== '|' && this.next !== ')') {
      const part = this.quantified()
      re2 += part.re2
      nullable &&= part.nullable
    }
    return { re2, nullable }
  }

  private quantified(): Part {
    const start = this.i
    const part = this.atom()
    const match = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})/.exec(this.source.slice(this.i))
    if (!match) {
      if (this.next === '{') throw this.refuse('{')
      return part
    }
    if (/^[\^$]/.test(this.source.slice(start))) throw this.refuse('a repeated anchor')
    this.i += match[0].length
    const lazy = this.next === '?' ? '?' : ''
    if (lazy) this.i++
    if (this.next === '+') throw this.refuse('a possessive quantifier')
    if (this.next === '*' || this.next === '?') throw this.bad('a quantifier has nothing to repeat')
    const optional = match[0] === '*' || match[0] === '?' || match[1] === '0'
    return { re2: part.re2 + match[0] + lazy, nullable: part.nullable || optional }
  }

  private atom(): Part {
    const c = this.source[this.i++]!
    switch (c) {
      case '(':
        return this.group()
      case '[':
        return { re2: this.characterClass(), nullable: false }
      case '\\':
        return this.escape()
      case '.':
        return { re2: DOT, nullable: false }
      case '^':
        return { re2: '^', nullable: true }
      case '$':
        return this.end()
      case '*':
      case '+':
      case '?':
        throw this.bad('a quantifier has nothing to repeat')
      default:
        return { re2: this.letter(c), nullable: false }
    }
  }

  private end(): Part {
    this.usesEnd = true
    if (this.mode === 'exact') return { re2: '\\z', nullable: true }
    if (this.next !== undefined && this.next !== '|' && this.next !== ')') throw this.refuse('$ inside')
    return { re2: END, nullable: true }
  }

  private group(): Part {
    const flags = /^\?i\)/.exec(this.source.slice(this.i))
    if (flags) {
      if (this.i !== 1) throw this.refuse('(?i) inside')
      this.i += 3
      this.ignoreCase = true
      return { re2: '', nullable: true }
    }
    const plain = this.source.startsWith('?:', this.i)
    if (plain) this.i += 2
    else if (this.next === '?') throw this.refuse(`(${this.source.slice(this.i, this.i + 2)}`)
    else this.groups++
    const inner = this.alternatives()
    if (this.next !== ')') throw this.bad('a bracket is not closed')
    this.i++
    return { re2: `(${plain ? '?:' : ''}${inner.re2})`, nullable: inner.nullable }
  }

  // Java folds only ASCII unless told; RE2 folds all it knows, so the two cases are written out.
  private letter(c: string): string {
    if (this.ignoreCase && /[A-Za-z]/.test(c)) return `[${c.toLowerCase()}${c.toUpperCase()}]`
    return /[{}\]]/.test(c) ? `\\${c}` : c
  }

  private escape(): Part {
    const c = this.source[this.i++]
    if (c === undefined) throw this.bad('it ends with a backslash')
    if (c === 'A' || c === 'z') return { re2: `\\${c}`, nullable: true }
    if (c === 's') return { re2: `[${SPACES}]`, nullable: false }
    if (c === 'S') return { re2: `[^${SPACES}]`, nullable: false }
    return { re2: this.plainEscape(c), nullable: false }
  }

  private plainEscape(c: string): string {
    if (SAME_ESCAPES.has(c)) return `\\${c}`
    if (JAVA_ONLY.has(c) || !/[A-Za-z]/.test(c)) throw this.refuse(`\\${c}`)
    throw this.bad(`\\${c} means nothing`)
  }

  private characterClass(): string {
    let out = '['
    if (this.next === '^') out += this.source[this.i++]
    // A first ] would be a letter to RE2, and more to Java.
    if (this.next === ']') throw this.refuse('a class that begins with ]')
    const letters: string[] = []
    while (this.next !== ']') {
      const c = this.source[this.i++]
      if (c === undefined) throw this.bad('a character class is not closed')
      if (c === '[' || (c === '&' && this.next === '&')) throw this.refuse('a class within a class')
      const written = c === '\\' ? this.classEscape() : c
      out += written
      letters.push(written)
    }
    this.i++
    return `${out}${this.ignoreCase ? this.otherCases(letters.join('')) : ''}]`
  }

  private classEscape(): string {
    const c = this.source[this.i++]
    if (c === undefined) throw this.bad('a character class is not closed')
    if (c === 's') return SPACES
    if (c === 'S') throw this.refuse('\\S in a class')
    return this.plainEscape(c)
  }

  private otherCases(letters: string): string {
    const rest = letters.replace(/a-z|A-Z/g, '')
    if (/[A-Za-z]-|-[A-Za-z]/.test(rest)) throw this.refuse('a range of letters under (?i)')
    const single = rest.replace(/\\./g, '').match(/[A-Za-z]/g) ?? []
    return (/a-z|A-Z/.test(letters) ? 'a-zA-Z' : '') + single.map(c => c.toLowerCase() + c.toUpperCase()).join('')
  }
}
