import type { Check, CheckResult } from '../core/check.ts'
import { RedeyeError } from '../core/errors.ts'
import type { ColumnStatistics } from '../core/manifest.ts'
import { quoted, text } from '../sql/type.ts'
import type { Dataset } from '../task/dataset.ts'
import { keyCheck } from '../task/key-check.ts'
import type { Task } from '../task/task.ts'
import { withRelations } from './input-relation.ts'
import { isProved } from './proved.ts'
import type { Session } from './session.ts'
import { translateSql } from './transform.ts'
import { aliasOf, type Condition, conditionOf, duplicates, isRowCheck, repeats, strangers, type Violations } from './violations.ts'
import type { TranslatedSql } from './work.ts'

/** What is checked: a relation with the output's columns, and where the rows of inputs are found. */
export interface Checked {
  session: Session
  task: Task
  partition: string
  relation: string
  rows: number
  /** What is known of the rows without reading them. */
  statistics?: Readonly<Record<string, ColumnStatistics>>
  /** The query that gives an input's rows. */
  relationOf(alias: string): Promise<string>
  /** Custom checks that were translated when the service was built, by their SQL. */
  translated?: Readonly<Record<string, TranslatedSql>>
}

/** Runs a task's checks over its rows, and says of each what it found. */
export async function runChecks(checked: Checked): Promise<CheckResult[]> {
  const { task } = checked
  const counts = await countConditions(checked)
  const results: CheckResult[] = []
  for (const check of task.checks) {
    if (check.check === 'rows') results.push(checkRows(checked, check))
    else if (isRowCheck(check)) {
      const { condition, shown, said } = conditionOf(task, check)
      const violations = { relation: `(SELECT * FROM ${checked.relation} WHERE ${condition})`, shown, said }
      results.push(await resultOf(checked, check, violations, counts.get(check) ?? 0))
    } else results.push(await checkMany(checked, check))
  }
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

/** How many rows violate each of the checks that look at one row at a time: one scan for all, and none for what is known. */
async function countConditions({ session, task, relation, statistics = {} }: Checked): Promise<Map<Check, number>> {
  const conditions = new Map<Check, Condition>()
  for (const check of task.checks.filter(isRowCheck)) {
    const condition = conditionOf(task, check)
    if (!isProved(task, check, statistics)) conditions.set(check, condition)
  }
  if (conditions.size === 0) return new Map()
  const counts = [...conditions.values()].map(({ condition }, i) => `count(*) FILTER (WHERE ${condition}) AS c${i}`)
  const [counted] = await session.rows(`SELECT ${counts.join(', ')} FROM ${relation}`)
  return new Map([...conditions.keys()].map((check, i) => [check, Number(counted![`c${i}`])]))
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

async function checkMany(checked: Checked, check: Extract<Check, { check: 'unique' | 'matches' | 'sql' }>): Promise<CheckResult> {
  const violations = await violationsOf(checked, check)
  // One row repeats no other.
  const count = check.check === 'unique' && checked.rows <= 1 ? 0 : await countOf(checked.session, violations)
  return resultOf(checked, check, violations, count)
}

async function countOf(session: Session, { relation, counted = 'count(*)' }: Pick<Violations, 'relation' | 'counted'>): Promise<number> {
  const [found] = await session.rows(`SELECT ${counted} AS n FROM ${relation}`)
  return Number(found!.n)
}

/** How the rows of a relation break their dataset's key, in the words of a check; undefined where they do not. */
export async function brokenKey(session: Session, dataset: Dataset, relation: string): Promise<string | undefined> {
  const check = keyCheck(dataset)
  if (!check) return undefined
  const rows = await countOf(session, { relation })
  const violations = repeats(check.columns, relation)
  const { ok, message } = await resultOf({ session, rows }, check, violations, await countOf(session, violations))
  return ok ? undefined : message
}

async function violationsOf(checked: Checked, check: Extract<Check, { check: 'unique' | 'matches' | 'sql' }>): Promise<Violations> {
  const { task, relation } = checked
  if (check.check === 'unique') return duplicates(task, check, relation)
  if (check.check === 'sql') return customViolations(checked, check)
  return strangers(task, check, relation, await checked.relationOf(aliasOf(task, check.dataset)))
}

// Three rows are enough to see what they have in common, and short enough for one line of a log.
const EXAMPLES = 3

async function resultOf(
  checked: Pick<Checked, 'session' | 'rows'>,
  check: Check,
  found: Violations,
  violations: number,
): Promise<CheckResult> {
  if (violations === 0) return { check, ok: true, violations, message: `${check.check}: ${found.said}: none` }
  const selected = found.shown.length === 0 ? '*' : found.shown.map(quoted).join(', ')
  const examples = `SELECT to_json(t)::VARCHAR AS example FROM (SELECT ${selected} FROM ${found.relation} LIMIT ${EXAMPLES}) t`
  const rows = await checked.session.rows(examples)
  const message = `${check.check}: ${violations} of ${checked.rows} ${found.said}: ${rows.map(row => String(row.example)).join(', ')}`
  return { check, ok: false, violations, message }
}

const translated = new WeakMap<Check, Promise<TranslatedSql>>()

/** Translates a custom check over the output, by its dataset's name, and the inputs by their aliases; once. */
export function translateCheck(task: Task, check: Extract<Check, { check: 'sql' }>): Promise<TranslatedSql> {
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
  const { session, task } = checked
  const { duckdb, parameters } = checked.translated?.[check.sql] ?? (await translateCheck(task, check))
  if (parameters.length > 0)
    throw new RedeyeError('BAD_TASK', `the check ${check.name} uses :${parameters[0]}`, {
      remedy: 'a check sees one partition alone and needs none',
      file: task.declared.file,
    })
  const relations: Record<string, string> = {}
  for (const alias of Object.keys(task.inputs)) relations[alias] = await checked.relationOf(alias)
  const selected = [...Object.keys(task.output.columns).map(quoted), `${text(checked.partition)} AS _partition`].join(', ')
  relations[task.output.name] = `SELECT ${selected} FROM ${checked.relation}`
  await session.prepareFor(duckdb)
  return { relation: `(${withRelations(relations, duckdb)})`, shown: [], said: `rows are violations of ${check.name}` }
}
