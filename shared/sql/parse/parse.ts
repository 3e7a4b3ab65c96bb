import { SqlProblem } from '../finding.ts'
import type { SqlType } from '../type.ts'
import type { Query } from './ast.ts'
import { Cursor } from './cursor.ts'
import { parseComparison, parseExpression } from './expression.ts'
import { parseQuery } from './query.ts'
import { parseField, parseType } from './type.ts'

const NOT_QUERIES = new Set(
  'INSERT CREATE DROP ALTER DELETE UPDATE MERGE SET USE SHOW DESCRIBE DESC EXPLAIN CACHE REFRESH TRUNCATE ANALYZE ADD LOAD RESET REPLACE COPY ATTACH PRAGMA'.split(
    ' ',
  ),
)

function cursorOf(source: string): Cursor {
  const cursor = new Cursor(source)
  cursor.expression = () => parseExpression(cursor)
  cursor.value = () => parseComparison(cursor)
  cursor.query = () => parseQuery(cursor)
  return cursor
}

/** Reads one query of Spark SQL. Throws SqlProblem where it is malformed, is no query, or more than one. */
export function parse(source: string): Query {
  const cursor = cursorOf(source)
  const first = cursor.peek()
  if (first.kind === 'end') throw new SqlProblem('there is no statement', 'write one SELECT', 0)
  if (first.kind === 'word' && NOT_QUERIES.has(first.text))
    throw new SqlProblem(`${first.text} is not a query`, 'a transform is one SELECT; what it selects becomes the output', first.at)
  const query = cursor.query()
  query.end = cursor.lastEnd
  while (cursor.take(';'))
    if (cursor.peek().kind !== 'end' && !cursor.is(';'))
      throw new SqlProblem('there is more than one statement', 'keep one; split the rest into tasks of their own, or use WITH', cursor.at)
  if (cursor.peek().kind !== 'end') throw cursor.unexpected()
  return query
}

/** Reads a type as it is written in from_json: one type, or a list of columns, which is a struct. Undefined where it is malformed. */
export function parseSchemaText(source: string): SqlType | undefined {
  const attempt = <T>(read: (cursor: Cursor) => T): T | undefined => {
    try {
      const cursor = cursorOf(source)
      const value = read(cursor)
      return cursor.peek().kind === 'end' ? value : undefined
    } catch (error) {
      if (error instanceof SqlProblem) return undefined
      throw error
    }
  }
  const fields = (cursor: Cursor): SqlType => ({ kind: 'struct', fields: cursor.commas(() => parseField(cursor)) })
  return attempt(parseType) ?? attempt(fields)
}
