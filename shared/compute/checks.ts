import type { DuckDBValue } from '@duckdb/node-api'
import type { Check, CheckResult } from '../core/check.ts'
import { RedeyeError } from '../core/errors.ts'
import type { ColumnType } from '../core/schema.ts'
import { quoted, text } from '../sql/type.ts'
import type { Task } from '../task/task.ts'
import { sessionType } from './column-type.ts'
import type { Session } from './session.ts'
import { translateSql } from './transform.ts'
import type { TranslatedSql } from './work.ts'

/** What is checked: a relation with the output's columns, and where the rows of an input dataset are found. */
export interface Checked {
  session: Session
  task: Task
  partition: string
  relation: string
  rows: number
  /** Makes the view of an input and gives its name. */
  viewOf(alias: string): Promise<string>
}

/** What a check looks for: a relation of violations, the columns that show them, and how to say it. */
interface Violations {
  relation: string
  shown: string[]
  said: string
}

/** Runs a task's checks over its rows, and says of each what it found. */
export async function runChecks(checked: Checked): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const check of checked.task.checks)
    results.push(check.check === 'rows' ? checkRows(checked, check) : await checkViolations(checked, check))
  return results
}

/** Throws CHECK_FAILED when a check did not hold, saying of each what was expected and found. */
export function refuseFailedChecks(task: Task, partition: string, results: readonly CheckResult[]): void {
  const failed = results.filter(result => !result.ok)
  if (failed.length === 0) return
  throw new RedeyeError('CHECK_FAILED', `${task.output.name}@${partition}: ${failed.map(result => result.message).join('; ')}`, {
    remedy: `mend the data or the ${task.work.work === 'transform' ? 'SQL' : 'source'}, or the check in task.ts; nothing was published`,
    file: task.declared.file,
  })
}

function checkRows(checked: Checked, check: Extract<Check, { check: 'rows' }>): CheckResult {
  const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = check
  const ok = checked.rows >= atLeast && checked.rows <= atMost
  const expected = [check.atLeast === undefined ? '' : `at least ${atLeast}`, check.atMost === undefined ? '' : `at most ${atMost}`]
  return {
    check,
    ok,
    violations: ok ? 0 : 1,
    message: `rows: expected ${expected.filter(part => part !== '').join(' and ')}, found ${checked.rows}`,
  }
}

async function checkViolations(checked: Checked, check: Exclude<Check, { check: 'rows' }>): Promise<CheckResult> {
  const found = await violationsOf(checked, check)
  const [counted] = await checked.session.rows(`SELECT count(*) AS n FROM ${found.relation}`)
  const violations = Number(counted!.n)
  const ok = violations === 0
  const examples = ok ? '' : await examplesOf(checked.session, found)
  return {
    check,
    ok,
    violations,
    message: ok ? `${check.check}: ${found.said}: none` : `${check.check}: ${violations} of ${checked.rows} ${found.said}: ${examples}`,
  }
}

// Three rows are enough to see what they have in common, and short enough for one line of a log.
const EXAMPLES = 3

async function examplesOf(session: Session, found: Violations): Promise<string> {
  const selected = found.shown.length === 0 ? '*' : found.shown.map(quoted).join(', ')
  const rows = await session.rows(
    `SELECT to_json(t)::VARCHAR AS example FROM (SELECT ${selected} FROM ${found.relation} LIMIT ${EXAMPLES}) t`,
  )
  return rows.map(row => String(row.example)).join(', ')
}

async function violationsOf(checked: Checked, check: Exclude<Check, { check: 'rows' }>): Promise<Violations> {
  const { task, relation } = checked
  const key = task.output.key
  const where = (columns: readonly string[], condition: string, said: string): Violations => ({
    relation: `(FROM ${relation} WHERE ${condition})`,
    shown: [...new Set([...key, ...columns])],
    said,
  })
  switch (check.check) {
    case 'notNull':
      return where(
        check.columns,
        check.columns.map(name => `${column(task, name)} IS NULL`).join(' OR '),
        `rows have no ${check.columns.join(' or no ')}`,
      )
    case 'between': {
      const { column: name, from, to } = check
      const condition = `${column(task, name)} < ${literal(task, name, from)} OR ${column(task, name)} > ${literal(task, name, to)}`
      return where([name], condition, `rows have ${name} outside ${from} to ${to}`)
    }
    case 'accepted': {
      const { column: name, values } = check
      const accepted = values.map(value => literal(task, name, value)).join(', ')
      return where([name], `${column(task, name)} NOT IN (${accepted})`, `rows have ${name} other than ${values.join(', ')}`)
    }
    case 'unique': {
      const columns = check.columns.map(name => column(task, name)).join(', ')
      const query = `SELECT ${columns}, count(*) AS "rows" FROM ${relation} GROUP BY ${columns} HAVING count(*) > 1`
      return { relation: `(${query})`, shown: [], said: `rows: values of ${check.columns.join(', ')} that stand in several` }
    }
    case 'matches': {
      const { column: name, dataset, datasetColumn } = check
      const view = await checked.viewOf(aliasOf(task, dataset))
      const known = `SELECT ${quoted(datasetColumn)} FROM ${quoted(view)} WHERE ${quoted(datasetColumn)} IS NOT NULL`
      return where([name], `${column(task, name)} NOT IN (${known})`, `rows have ${name} that is no ${datasetColumn} of ${dataset}`)
    }
    case 'sql':
      return customViolations(checked, check)
  }
}

const translated = new WeakMap<Check, Promise<TranslatedSql>>()

/** Translates a custom check over the output, by its dataset's name, and the inputs by their aliases; once. */
function translatedCheck(task: Task, check: Extract<Check, { check: 'sql' }>): Promise<TranslatedSql> {
  let sql = translated.get(check)
  if (!sql) {
    const inputs = Object.entries(task.inputs).filter(([alias]) => alias !== task.output.name)
    const known = [
      { alias: task.output.name, columns: task.output.columns },
      ...inputs.map(([alias, { dataset }]) => ({ alias, columns: dataset.columns })),
    ]
    sql = translateSql(check.sql, known, undefined, task.declared.file)
    translated.set(check, sql)
  }
  return sql
}

async function customViolations(checked: Checked, check: Extract<Check, { check: 'sql' }>): Promise<Violations> {
  const { session, task, relation } = checked
  const { duckdb, parameters } = await translatedCheck(task, check)
  if (parameters.length > 0)
    throw new RedeyeError('BAD_TASK', `the check ${check.name} uses :${parameters[0]}`, {
      remedy: 'a check sees one partition alone and needs none',
      file: task.declared.file,
    })
  for (const alias of Object.keys(task.inputs)) if (alias !== task.output.name) await checked.viewOf(alias)
  await session.prepareFor(duckdb)
  const selected = [...Object.keys(task.output.columns).map(quoted), `${text(checked.partition)} AS _partition`].join(', ')
  await session.run(`CREATE OR REPLACE TEMP VIEW ${quoted(task.output.name)} AS SELECT ${selected} FROM ${relation}`)
  return { relation: `(${duckdb})`, shown: [], said: `rows are violations of ${check.name}` }
}

function aliasOf(task: Task, dataset: string): string {
  const alias = Object.keys(task.inputs).find(name => task.inputs[name]!.dataset.name === dataset)
  if (alias === undefined)
    throw new RedeyeError('BAD_TASK', `${task.name} checks against ${dataset}, which is none of its inputs`, {
      remedy: `add ${dataset} to the inputs, \`latest(${dataset})\` if it should not trigger`,
      file: task.declared.file,
    })
  return alias
}

function column(task: Task, name: string): string {
  typeOf(task, name)
  return quoted(name)
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
function literal(task: Task, name: string, value: DuckDBValue): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return `CAST(${text(String(value))} AS ${sessionType(typeOf(task, name))})`
}
