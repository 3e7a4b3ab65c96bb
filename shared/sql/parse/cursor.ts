import { SqlProblem } from '../finding.ts'
import type { Expr, Name, Query } from './ast.ts'
import { type Token, tokens } from './lexer.ts'

// Words that end an expression or a relation, so an alias without AS cannot be one of them.
const NOT_AN_ALIAS = new Set(
  `ANTI CROSS EXCEPT FULL INNER INTERSECT JOIN LATERAL LEFT NATURAL ON RIGHT SEMI MINUS UNION USING FROM WHERE GROUP HAVING ORDER SORT CLUSTER DISTRIBUTE LIMIT
  OFFSET WINDOW PIVOT UNPIVOT TABLESAMPLE AS THEN WHEN ELSE END AND OR NOT IN IS BETWEEN LIKE ILIKE RLIKE REGEXP ESCAPE DIV QUALIFY FOR ASC DESC NULLS ROWS RANGE`.split(
    /\s+/,
  ),
)

/** Walks the tokens of one statement. `expression`, `value` and `query` are set by the parser that owns it, since they call each other. */
export class Cursor {
  readonly source: string
  private readonly list: Token[]
  private position = 0
  expression!: () => Expr
  /** An expression without predicates and AND, OR, NOT. */
  value!: () => Expr
  query!: () => Query

  constructor(source: string) {
    this.source = source
    this.list = tokens(source)
  }

  peek(ahead = 0): Token {
    return this.list[Math.min(this.position + ahead, this.list.length - 1)]!
  }
  next(): Token {
    const token = this.peek()
    if (this.position < this.list.length - 1) this.position++
    return token
  }
  get at(): number {
    return this.peek().at
  }
  /** Where the token before this one ends. */
  get lastEnd(): number {
    return this.list[Math.max(0, this.position - 1)]!.end
  }
  mark(): number {
    return this.position
  }
  reset(mark: number): void {
    this.position = mark
  }

  /** Whether these words or symbols come next. */
  is(...texts: string[]): boolean {
    return texts.every((text, i) => {
      const token = this.peek(i)
      return (token.kind === 'word' || token.kind === 'symbol') && token.text === text
    })
  }
  isOneOf(...texts: string[]): boolean {
    return texts.some(text => this.is(text))
  }
  /** Takes these words or symbols if they come next. */
  take(...texts: string[]): boolean {
    if (!this.is(...texts)) return false
    this.position += texts.length
    return true
  }
  expect(...texts: string[]): Token {
    const token = this.peek()
    if (!this.take(...texts)) throw this.unexpected(`${texts.join(' ')}`)
    return token
  }
  unexpected(wanted?: string): SqlProblem {
    const token = this.peek()
    const received =
      token.kind === 'end' ? 'the statement ends here' : `"${token.kind === 'word' ? token.value : token.text}" cannot stand here`
    return new SqlProblem(
      received,
      wanted ? `${wanted} belongs here` : 'look here or just before it for a misspelt keyword, or a missing comma, bracket or keyword',
      token.at,
    )
  }

  /** Takes a colon. `a:bigint` in a type looks like a parameter; there the colon and the word are two. */
  takeColon(): boolean {
    const token = this.peek()
    if (token.kind !== 'parameter') return this.take(':')
    const word = { kind: 'word' as const, text: token.value.toUpperCase(), value: token.value, at: token.at + 1, end: token.end }
    this.list[this.position] = word
    return true
  }

  name(): Name {
    const token = this.peek()
    if (token.kind === 'string')
      throw new SqlProblem(`${token.text} is a text, where a name belongs`, 'quote a name in backquotes: `a name`', token.at)
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.unexpected('a name')
    this.next()
    return { name: token.value, quoted: token.kind === 'quoted', at: token.at }
  }
  /** A name after an optional AS; undefined where none stands. */
  alias(): Name | undefined {
    if (this.take('AS')) return this.name()
    const token = this.peek()
    if (token.kind === 'quoted' || (token.kind === 'word' && !NOT_AN_ALIAS.has(token.text))) return this.name()
    return undefined
  }
  commas<T>(one: () => T): T[] {
    const out = [one()]
    while (this.take(',')) out.push(one())
    return out
  }
  names(): Name[] {
    this.expect('(')
    const names = this.commas(() => this.name())
    this.expect(')')
    return names
  }
  bracketed<T>(one: () => T): T {
    this.expect('(')
    const value = one()
    this.expect(')')
    return value
  }
}
