import type { Columns, ColumnType } from '../core/schema.ts'

export type IntervalUnit = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'
export type Simple =
  | 'void'
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'float'
  | 'double'
  | 'string'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  // What a construct outside the table gives: fits everything, so that one unknown does not bring ten errors.
  | 'unknown'

/** A Spark SQL type. A schema's json is a string here. */
export type SqlType =
  | { kind: Simple }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'array'; element: SqlType }
  | { kind: 'map'; key: SqlType; value: SqlType }
  | { kind: 'struct'; fields: StructField[] }
  | { kind: 'interval'; from: IntervalUnit; to: IntervalUnit }
export interface StructField {
  name: string
  type: SqlType
}

// Spark's DecimalType.MAX_PRECISION, which is DuckDB's too.
export const MAX_PRECISION = 38

export const simple = (kind: Simple): SqlType => ({ kind })
export const decimal = (precision: number, scale: number): SqlType => ({ kind: 'decimal', precision, scale })
export const array = (element: SqlType): SqlType => ({ kind: 'array', element })
export const map = (key: SqlType, value: SqlType): SqlType => ({ kind: 'map', key, value })
export const struct = (fields: StructField[]): SqlType => ({ kind: 'struct', fields })
export const interval = (from: IntervalUnit, to: IntervalUnit = from): SqlType => ({ kind: 'interval', from, to })

export const T = {
  void: simple('void'),
  boolean: simple('boolean'),
  tinyint: simple('tinyint'),
  smallint: simple('smallint'),
  int: simple('int'),
  bigint: simple('bigint'),
  float: simple('float'),
  double: simple('double'),
  string: simple('string'),
  binary: simple('binary'),
  date: simple('date'),
  timestamp: simple('timestamp'),
  timestamp_ntz: simple('timestamp_ntz'),
  unknown: simple('unknown'),
  months: interval('year', 'month'),
  micros: interval('day', 'second'),
} as const

/** Spark's simple string of a type: `decimal(10,2)`, `map<string,int>`, `interval day to second`. */
export function typeText(type: SqlType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'array':
      return `array<${typeText(type.element)}>`
    case 'map':
      return `map<${typeText(type.key)},${typeText(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map(f => `${f.name}:${typeText(f.type)}`).join(',')}>`
    case 'interval':
      return type.from === type.to ? `interval ${type.from}` : `interval ${type.from} to ${type.to}`
    default:
      return type.kind
  }
}

export const sameType = (a: SqlType, b: SqlType): boolean => typeText(a) === typeText(b)

const DUCKDB: Record<Simple, string> = {
  void: 'INTEGER',
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  // In UTC. Spark's timestamp is an instant; with every session in UTC the two count the same, and DuckDB's plain type needs no time zone rules.
  timestamp: 'TIMESTAMP',
  timestamp_ntz: 'TIMESTAMP',
  unknown: 'INTEGER',
}

/** The DuckDB type that holds a SQL type. */
export function duckdbTypeOf(type: SqlType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'array':
      return `${duckdbTypeOf(type.element)}[]`
    case 'map':
      return `MAP(${duckdbTypeOf(type.key)}, ${duckdbTypeOf(type.value)})`
    case 'struct':
      return `STRUCT(${type.fields.map(f => `${quoted(f.name)} ${duckdbTypeOf(f.type)}`).join(', ')})`
    case 'interval':
      return 'INTERVAL'
    default:
      return DUCKDB[type.kind]
  }
}

/** The SQL type of a schema's column. */
export function typeOfColumn(type: ColumnType): SqlType {
  if (typeof type === 'string') return simple(type === 'json' ? 'string' : type)
  if ('decimal' in type) return decimal(type.decimal[0], type.decimal[1])
  if ('array' in type) return array(typeOfColumn(type.array))
  return struct(Object.entries(type.struct).map(([name, t]) => ({ name, type: typeOfColumn(t) })))
}

/** The schema type nearest to a SQL type; undefined where schemas have none (maps, intervals, binaries). */
export function columnTypeOf(type: SqlType): ColumnType | undefined {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'bigint':
    case 'double':
    case 'string':
    case 'date':
    case 'timestamp':
      return type.kind
    case 'void':
      return 'string'
    case 'tinyint':
    case 'smallint':
      return 'int'
    case 'float':
      return 'double'
    case 'timestamp_ntz':
      return 'timestamp'
    case 'decimal':
      return { decimal: [type.precision, type.scale] }
    case 'array': {
      const element = columnTypeOf(type.element)
      return element && { array: element }
    }
    case 'struct': {
      const columns: Record<string, ColumnType> = {}
      for (const field of type.fields) {
        const t = columnTypeOf(field.type)
        if (!t) return undefined
        columns[field.name] = t
      }
      return { struct: columns as Columns }
    }
    default:
      return undefined
  }
}

/** A name in DuckDB's quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** A text in DuckDB's quotes. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
