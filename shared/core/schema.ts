/**
 * The types of columns, with the value that stands for each in TypeScript (null is always allowed):
 * string, date (`2001-02-14`), timestamp (ISO in UTC, `2001-02-14T05:00:00Z`, up to microseconds) and decimal (exact text) are strings,
 * int and double are numbers, bigint is a bigint, json is any JSON value.
 */
export type ColumnType = ScalarType | DecimalType | ArrayType | StructType
export type ScalarType = 'string' | 'int' | 'bigint' | 'double' | 'boolean' | 'date' | 'timestamp' | 'json'
export interface DecimalType {
  readonly decimal: readonly [precision: number, scale: number]
}
export interface ArrayType {
  readonly array: ColumnType
}
export interface StructType {
  readonly struct: Columns
}
export type Columns = { readonly [name: string]: ColumnType }

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export type Value<T extends ColumnType> = T extends 'string' | 'date' | 'timestamp'
  ? string
  : T extends 'int' | 'double'
    ? number
    : T extends 'bigint'
      ? bigint
      : T extends 'boolean'
        ? boolean
        : T extends 'json'
          ? Json
          : T extends DecimalType
            ? string
            : T extends { readonly array: infer E extends ColumnType }
              ? (Value<E> | null)[]
              : T extends { readonly struct: infer C extends Columns }
                ? Row<C>
                : never

/** A row of these columns. */
export type Row<C extends Columns> = { -readonly [K in keyof C]: Value<C[K]> | null }

/** Spark's simple string of a type: `decimal(10,2)`, `array<string>`, `struct<a:int>`; json travels as a string. */
export function sparkType(type: ColumnType): string {
  if (typeof type === 'string') return type === 'json' ? 'string' : type
  if ('decimal' in type) return `decimal(${type.decimal[0]},${type.decimal[1]})`
  if ('array' in type) return `array<${sparkType(type.array)}>`
  return `struct<${Object.entries(type.struct)
    .map(([name, t]) => `${name}:${sparkType(t)}`)
    .join(',')}>`
}

/** A canonical text of the columns; its hash is a manifest's schema hash. */
export function schemaText(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, type]) => `${name}:${typeof type === 'string' ? type : sparkType(type)}`)
    .join(',')
}
