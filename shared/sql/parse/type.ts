import { SqlProblem } from '../finding.ts'
import { array, decimal, type IntervalUnit, interval, MAX_PRECISION, map, type Simple, type SqlType, simple, struct, T } from '../type.ts'
import type { Cursor } from './cursor.ts'

const NAMED: Record<string, Simple> = {
  BOOLEAN: 'boolean',
  TINYINT: 'tinyint',
  BYTE: 'tinyint',
  SMALLINT: 'smallint',
  SHORT: 'smallint',
  INT: 'int',
  INTEGER: 'int',
  BIGINT: 'bigint',
  LONG: 'bigint',
  FLOAT: 'float',
  REAL: 'float',
  DOUBLE: 'double',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_LTZ: 'timestamp',
  TIMESTAMP_NTZ: 'timestamp_ntz',
  STRING: 'string',
  BINARY: 'binary',
  VOID: 'void',
}

/** Reads a data type, as in CAST or a schema text. */
export function parseType(cursor: Cursor): SqlType {
  const token = cursor.peek()
  if (token.kind !== 'word') throw cursor.unexpected('a type')
  cursor.next()
  const word = token.text
  if (word === 'DECIMAL' || word === 'DEC' || word === 'NUMERIC') return parseDecimal(cursor, token.at)
  if (word === 'VARCHAR' || word === 'CHAR' || word === 'CHARACTER') {
    cursor.bracketed(() => cursor.next())
    // A cast to char(n) or varchar(n) is one to string in Spark's casts too, without the length check, which only writing does.
    return T.string
  }
  if (word === 'INTERVAL') return parseInterval(cursor)
  if (word === 'ARRAY' && cursor.take('<')) return closed(cursor, array(parseType(cursor)))
  if (word === 'MAP' && cursor.take('<')) {
    const key = parseType(cursor)
    cursor.expect(',')
    return closed(cursor, map(key, parseType(cursor)))
  }
  if (word === 'STRUCT') {
    if (cursor.take('<>')) return struct([])
    cursor.expect('<')
    return closed(cursor, struct(cursor.is('>') ? [] : cursor.commas(() => parseField(cursor))))
  }
  const named = NAMED[word]
  if (!named)
    throw new SqlProblem(
      `"${token.value}" is not a type`,
      `write one of ${Object.keys(NAMED)
        .map(n => n.toLowerCase())
        .join(', ')}, decimal(p, s), array<…>, map<…>, struct<…>`,
      token.at,
    )
  return simple(named)
}

function closed(cursor: Cursor, type: SqlType): SqlType {
  cursor.expect('>')
  return type
}

export function parseField(cursor: Cursor): { name: string; type: SqlType } {
  const { name } = cursor.name()
  cursor.takeColon()
  const type = parseType(cursor)
  if (cursor.take('NOT')) cursor.expect('NULL')
  if (cursor.take('COMMENT')) cursor.next()
  return { name, type }
}

function parseDecimal(cursor: Cursor, at: number): SqlType {
  if (!cursor.take('(')) return decimal(10, 0)
  const precision = Number(cursor.next().value)
  const scale = cursor.take(',') ? Number(cursor.next().value) : 0
  cursor.expect(')')
  if (!(precision >= 1 && precision <= MAX_PRECISION && scale >= 0 && scale <= precision))
    throw new SqlProblem(
      `decimal(${precision}, ${scale}) is not possible`,
      `the precision is 1 to ${MAX_PRECISION}, the scale at most the precision`,
      at,
    )
  return decimal(precision, scale)
}

function parseInterval(cursor: Cursor): SqlType {
  const unit = () => cursor.next().text.toLowerCase() as IntervalUnit
  const from = unit()
  return interval(from, cursor.take('TO') ? unit() : from)
}
