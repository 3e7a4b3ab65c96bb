import type { Check } from '../core/check.ts'
import { RedeyeError } from '../core/errors.ts'
import { type ColumnType, sparkType } from '../core/schema.ts'
import { quoted, text } from '../sql/type.ts'
import type { Task } from '../task/task.ts'
import { sessionType } from './column-type.ts'

/** How an engine writes names, texts and types. */
export interface Dialect {
  quoted(name: string): string
  text(value: string): string
  type(type: ColumnType): string
}
export const duckdbDialect: Dialect = { quoted, text, type: sessionType }
export const sparkDialect: Dialect = {
  quoted: name => `\`${name.replaceAll('`', '``')}\``,
  text: value => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  type: sparkType,
}

/** A check that looks at each row by itself: what is wrong with it, the columns that show it, and how to say it. */
export interface Condition {
  condition: string
  shown: string[]
  said: string
}
/** A check that looks at many rows: the relation of violations. */
export interface Violations {
  relation: string
  shown: string[]
  said: string
  /** An aggregate over the relation that gives how many rows violate, where that is not how many it has. */
  counted?: string
}
export type RowCheck = Extract<Check, { check: 'notNull' | 'between' | 'accepted' }>

export function isRowCheck(check: Check): check is RowCheck {
  return check.check === 'notNull' || check.check === 'between' || check.check === 'accepted'
}

export function conditionOf(task: Task, check: RowCheck, dialect = duckdbDialect): Condition {
  const showing = (columns: readonly string[]) => [...new Set([...task.output.key, ...columns])]
  if (check.check === 'notNull') {
    const condition = check.columns.map(name => `${column(task, name, dialect)} IS NULL`).join(' OR ')
    return { condition, shown: showing(check.columns), said: `rows have no ${check.columns.join(' or no ')}` }
  }
  const name = check.column
  const at = column(task, name, dialect)
  if (check.check === 'between') {
    const { from, to } = check
    const condition = `${at} < ${literal(task, name, from, dialect)} OR ${at} > ${literal(task, name, to, dialect)}`
    return { condition, shown: showing([name]), said: `rows have ${name} outside ${from} to ${to}` }
  }
  const accepted = check.values.map(value => literal(task, name, value, dialect)).join(', ')
  return {
    condition: `${at} NOT IN (${accepted})`,
    shown: showing([name]),
    said: `rows have ${name} other than ${check.values.join(', ')}`,
  }
}

export function duplicates(task: Task, check: Extract<Check, { check: 'unique' }>, relation: string, dialect = duckdbDialect): Violations {
  for (const name of check.columns) typeOf(task, name)
  return repeats(check.columns, relation, dialect)
}

/** The values of columns that several rows have, and how many; every row but the first of a value violates. */
export function repeats(names: readonly string[], relation: string, dialect = duckdbDialect): Violations {
  const columns = names.map(dialect.quoted).join(', ')
  const rows = dialect.quoted('rows')
  return {
    relation: `(SELECT ${columns}, count(*) AS ${rows} FROM ${relation} GROUP BY ${columns} HAVING count(*) > 1)`,
    shown: [],
    said: `rows repeat ${names.join(', ')}`,
    counted: `coalesce(sum(${rows} - 1), 0)`,
  }
}

/** `known`: the query of the dataset that is checked against. */
export function strangers(
  task: Task,
  check: Extract<Check, { check: 'matches' }>,
  relation: string,
  known: string,
  dialect = duckdbDialect,
): Violations {
  const { column: name, dataset, datasetColumn } = check
  const of = dialect.quoted(datasetColumn)
  const values = `SELECT ${of} FROM (${known}) WHERE ${of} IS NOT NULL`
  return {
    relation: `(SELECT * FROM ${relation} WHERE ${column(task, name, dialect)} NOT IN (${values}))`,
    shown: [...new Set([...task.output.key, name])],
    said: `rows have ${name} that is no ${datasetColumn} of ${dataset}`,
  }
}

/** The alias of the input that a check compares with. */
export function aliasOf(task: Task, dataset: string): string {
  const alias = Object.keys(task.inputs).find(name => task.inputs[name]!.dataset.name === dataset)
  if (alias === undefined)
    throw new RedeyeError('BAD_TASK', `${task.name} checks against ${dataset}, which is none of its inputs`, {
      remedy: `add ${dataset} to the inputs, \`latest(${dataset})\` if it should not trigger`,
      file: task.declared.file,
    })
  return alias
}

function column(task: Task, name: string, dialect: Dialect): string {
  typeOf(task, name)
  return dialect.quoted(name)
}

function typeOf(task: Task, name: string): ColumnType {
  const type = task.output.columns[name]
  if (type === undefined)
    throw new RedeyeError('BAD_TASK', `a check of ${task.name} names ${name}, which ${task.output.name} has not`, {
      remedy: `name one of ${Object.keys(task.output.columns).join(', ')}`,
      file: task.declared.file,
    })
  return type
}

/** A bound or value in the column's type; a number as it is written, so that 0.1 is exactly that against a decimal. */
function literal(task: Task, name: string, value: string | number | boolean, dialect: Dialect): string {
  if (typeof value !== 'string') return String(value)
  return `CAST(${dialect.text(value)} AS ${dialect.type(typeOf(task, name))})`
}
