import { nearest } from '../../core/errors.ts'
import type { Columns, ColumnType } from '../../core/schema.ts'
import { castSql } from '../cast.ts'
import { columnTypeOf, duckdbTypeOf, quoted, type SqlType, sameType, typeOfColumn, typeText } from '../type.ts'
import type { Context } from './context.ts'
import type { Analyzed, OutputColumn } from './env.ts'

export interface Fitted {
  duckdb: string
  spark(statement: string): string
}

/** The columns of a query in a schema's words; what no schema has is shown as a string. */
export function schemaColumns(analyzed: Analyzed): { name: string; type: ColumnType }[] {
  return analyzed.columns.map(c => ({ name: c.name, type: columnTypeOf(c.type) ?? 'string' }))
}

/** Holds the output against the declared columns: the same names, and types that fit or widen safely. */
export function fitOutput(analyzed: Analyzed, output: Columns | undefined, context: Context): Fitted {
  if (!output) return { duckdb: analyzed.sql, spark: statement => statement }
  const found = new Map<string, OutputColumn>()
  // A star brings the input's _partition along, which no dataset declares.
  const columns = analyzed.columns.filter(c => c.name !== '_partition' || '_partition' in output)
  for (const column of columns) {
    const key = column.name.toLowerCase()
    if (found.has(key)) context.error(column.at, `two columns are called "${column.name}"`, 'give one another name with AS')
    found.set(key, column)
  }
  const declared = Object.entries(output).map(([name, type]) => ({ name, type: typeOfColumn(type), column: found.get(name.toLowerCase()) }))
  const extra = columns.filter(c => !declared.some(d => d.column === c))
  const missing = declared.filter(d => !d.column).map(d => d.name)
  for (const column of extra) unwanted(column, missing, context)
  const taken = new Set(extra.map(c => !c.unnamed && nearest(c.name, missing)).filter(Boolean))
  for (const name of missing)
    if (!taken.has(name)) context.error(0, `the output has no column "${name}", which the dataset declares`, `select it, AS ${name}`)
  for (const { name, type, column } of declared) if (column && !widens(column.type, type)) misfit(name, column, type, context)
  const exact =
    declared.length === analyzed.columns.length &&
    declared.every((d, i) => d.column && sameType(d.column.type, d.type) && analyzed.columns[i] === d.column)
  return { duckdb: duckdbText(analyzed, declared, context), spark: statement => (exact ? statement : sparkText(statement, declared)) }
}

type Declared = { name: string; type: SqlType; column: OutputColumn | undefined }[]

function duckdbText(analyzed: Analyzed, declared: Declared, context: Context): string {
  const alias = quoted('result')
  const list = declared.map(({ name, type, column }) => {
    if (!column) return `NULL AS ${quoted(name)}`
    // The cast is for what DuckDB gives no type, such as a bare NULL; elsewhere it changes nothing.
    const sql = `CAST(${alias}.${quoted(column.sqlName)} AS ${duckdbTypeOf(column.type)})`
    return `${context.guard(
      column.at,
      () => castSql(sql, column.type, type),
      () => sql,
    )} AS ${quoted(name)}`
  })
  return `SELECT ${list.join(', ')} FROM (${analyzed.sql}) AS ${alias}`
}

function sparkText(statement: string, declared: Declared): string {
  const list = declared.map(({ name, type }) => `CAST(result.\`${name}\` AS ${typeText(type)}) AS \`${name}\``)
  return `SELECT ${list.join(', ')} FROM (\n${statement}\n) AS result`
}

function unwanted(column: OutputColumn, missing: string[], context: Context): void {
  if (column.unnamed) {
    context.error(
      column.at,
      'a column of the output has no name',
      `write AS and a name${missing.length > 0 ? `, such as ${missing[0]}` : ''}`,
    )
    return
  }
  const near = nearest(column.name, missing)
  context.error(
    column.at,
    `the dataset declares no column "${column.name}"`,
    near ? `did you mean ${near}?` : 'remove it, or add it to the dataset',
  )
}

function misfit(name: string, column: OutputColumn, type: SqlType, context: Context): void {
  context.error(
    column.at,
    `"${name}" is ${typeText(column.type)}, and the dataset declares ${typeText(type)}`,
    `write cast(… AS ${typeText(type)}), or declare ${typeText(column.type)}`,
  )
}

const WHOLE = ['tinyint', 'smallint', 'int', 'bigint']
const DIGITS: Record<string, number> = { tinyint: 3, smallint: 5, int: 10, bigint: 19 }

/** Whether every value of one type is one of the other, so that no cast can fail. */
export function widens(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'unknown' || from.kind === 'void' || sameType(from, to)) return true
  if (WHOLE.includes(from.kind) && WHOLE.includes(to.kind)) return WHOLE.indexOf(from.kind) <= WHOLE.indexOf(to.kind)
  // A double holds every int exactly, not every bigint.
  if (to.kind === 'double') return ['tinyint', 'smallint', 'int', 'float'].includes(from.kind)
  if (to.kind === 'decimal' && from.kind in DIGITS) return to.precision - to.scale >= DIGITS[from.kind]!
  if (to.kind === 'decimal' && from.kind === 'decimal')
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  if (to.kind === 'timestamp' && from.kind === 'timestamp_ntz') return true
  if (from.kind === 'array' && to.kind === 'array') return widens(from.element, to.element)
  if (from.kind === 'struct' && to.kind === 'struct')
    return (
      from.fields.length === to.fields.length &&
      from.fields.every((f, i) => f.name === to.fields[i]!.name && widens(f.type, to.fields[i]!.type))
    )
  return false
}
