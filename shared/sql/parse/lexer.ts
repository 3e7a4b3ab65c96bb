import { SqlProblem } from '../finding.ts'

export type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'symbol' | 'parameter' | 'end'

/** One token; `text` is what decides (upper case for words), `value` what it holds, `at` and `end` are offsets in the source. */
export interface Token {
  kind: TokenKind
  text: string
  value: string
  at: number
  end: number
}

// Longest first, so that `<=>` is not read as `<=` and `>`.
const SYMBOLS = [
  '<=>',
  '->',
  '=>',
  '<>',
  '!=',
  '<=',
  '>=',
  '==',
  '||',
  '::',
  '(',
  ')',
  ',',
  '.',
  ';',
  '+',
  '-',
  '*',
  '/',
  '%',
  '=',
  '<',
  '>',
  '[',
  ']',
  '&',
  '|',
  '^',
  '~',
  '!',
  '?',
  ':',
  '{',
  '}',
  '@',
  '#',
  '$',
]

const SPACE = /(?:\s|--[^\n]*(?:\n|$))*/y
const NUMBER = /(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYDF])?(?![A-Za-z0-9_])/iy
// As Spark's lexer: a word may begin with digits (`2001_flights`), as long as it is no number.
const WORD = /[\p{L}\p{N}_]+/uy
const PARAMETER = /:([A-Za-z_][A-Za-z0-9_]*)/y

/** Cuts a statement into tokens, comments left out; the last is `end`. Throws SqlProblem at what no token begins with. */
export function tokens(source: string): Token[] {
  const out: Token[] = []
  let at = skip(source, 0)
  while (at < source.length) {
    const token = next(source, at, out.at(-1))
    out.push(token)
    at = skip(source, token.end)
  }
  out.push({ kind: 'end', text: 'end of statement', value: '', at: source.length, end: source.length })
  return out
}

function skip(source: string, from: number): number {
  let at = from
  while (true) {
    SPACE.lastIndex = at
    SPACE.exec(source)
    at = SPACE.lastIndex
    if (!source.startsWith('/*', at)) return at
    at = comment(source, at)
  }
}

// Spark nests bracketed comments. A hint (`/*+ … */`) changes how, never what, so it is a comment here.
function comment(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    if (source.startsWith('/*', at)) {
      depth++
      at++
    } else if (source.startsWith('*/', at)) {
      depth--
      at++
      if (depth === 0) return at + 1
    }
  }
  throw new SqlProblem('a comment is not closed', 'end it with */', start)
}

function next(source: string, at: number, previous: Token | undefined): Token {
  const c = source[at]!
  if (c === "'" || c === '"') return string(source, at, at, false)
  if ((c === 'r' || c === 'R') && (source[at + 1] === "'" || source[at + 1] === '"')) return string(source, at, at + 1, true)
  if (c === '`') return backquoted(source, at)
  // After a dot a number would swallow it: `t.1` names a field.
  const number = previous?.text === '.' ? undefined : match(NUMBER, source, at)
  if (number) return { kind: 'number', text: number, value: number, at, end: at + number.length }
  const word = match(WORD, source, at)
  if (word) return { kind: 'word', text: word.toUpperCase(), value: word, at, end: at + word.length }
  if (c === ':' && source[at + 1] !== ':') {
    const name = match(PARAMETER, source, at)
    if (name) return { kind: 'parameter', text: name, value: name.slice(1), at, end: at + name.length }
  }
  const symbol = SYMBOLS.find(s => source.startsWith(s, at))
  if (symbol) return { kind: 'symbol', text: symbol, value: symbol, at, end: at + symbol.length }
  throw new SqlProblem(`"${c}" cannot stand here`, 'quote a name with other letters in backquotes', at)
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}

function backquoted(source: string, at: number): Token {
  const end = /`(?:[^`]|``)*`/y
  const text = match(end, source, at)
  if (!text) throw new SqlProblem('a backquoted name is not closed', 'end it with `', at)
  return { kind: 'quoted', text, value: text.slice(1, -1).replaceAll('``', '`'), at, end: at + text.length }
}

function string(source: string, at: number, open: number, raw: boolean): Token {
  const quote = source[open]!
  let end = open + 1
  while (end < source.length && source[end] !== quote) end += !raw && source[end] === '\\' ? 2 : 1
  if (end >= source.length) throw new SqlProblem('a string is not closed', `end it with ${quote}`, at)
  const body = source.slice(open + 1, end)
  return { kind: 'string', text: source.slice(at, end + 1), value: raw ? body : unescaped(body), at, end: end + 1 }
}

const ESCAPES: Record<string, string> = { 0: '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a', '%': '\\%', _: '\\_' }

// As Spark's unescapeSQLString: `\%` and `\_` keep their backslash, for LIKE; an unknown escape is the letter itself.
function unescaped(body: string): string {
  return body.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-1][0-7]{2})|([\s\S]))/g, (_, u4, u8, octal, letter) => {
    if (u4 || u8) return String.fromCodePoint(Number.parseInt(u4 ?? u8, 16))
    if (octal) return String.fromCharCode(Number.parseInt(octal, 8))
    return ESCAPES[letter] ?? letter
  })
}
