import type { Check } from '../core/check.ts'
import type { Manifest } from '../core/manifest.ts'
import { type Columns, sparkType } from '../core/schema.ts'
import type { Attempt } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { Task } from '../task/task.ts'
import { openedManifests, writtenColumns } from './input-relation.ts'
import { manifestOf } from './manifest-file.ts'
import { partitionTimes, usedTimes } from './parameter.ts'
import { noParts } from './part-files.ts'
import { aliasOf, conditionOf, duplicates, isRowCheck, sparkDialect, strangers, type Violations } from './violations.ts'

/** Everything that a Spark job is to do for one attempt; shared/spark/job.py does it, and decides nothing. */
export interface SparkPlan {
  format: 1
  /** The tables that the statement reads, by alias: those files, with these columns. */
  inputs: Record<string, { empty: string; scans: { select: string[]; files: [key: string, partition: string][] }[] }>
  sql: string
  /** The statement's named parameters; times are ISO instants. */
  parameters: Record<string, string>
  /** The output's columns in order, and whether a column has bounds to be known. */
  columns: { name: string; type: string; bounds: boolean }[]
  /** The manifest as far as it is known before anything is written. */
  manifest: Manifest
  checks: SparkCheck[]
}

/** A check over the view `made`: so many rows, or a query that gives violations, and how to say what they are. */
export type SparkCheck =
  | { check: 'rows'; atLeast?: number; atMost?: number }
  | { check: Check['check']; violations: string; shown: string[]; said: string; counted?: string }

/** The view that a job's checks look at. */
const MADE = 'made'

/** A task's statement and its custom checks in Spark's words, read and checked once. */
export interface SparkSql {
  statement: string
  parameters: readonly string[]
  /** By the SQL they are written in. */
  checks: Readonly<Record<string, string>>
}

/** Lays the plan of an attempt's job beside the attempt's files; resolves with its key. */
export async function layPlan(task: Task, sql: SparkSql, attempt: Attempt, lake: Lake): Promise<string> {
  const key = `${attempt.folder}/plan.json`
  await lake.put(key, JSON.stringify(await sparkPlan(task, sql, attempt, lake)))
  return key
}

/** The plan of an attempt's job: reads the manifests of what is pinned, and nothing of the data. */
export async function sparkPlan(task: Task, sql: SparkSql, attempt: Attempt, lake: Lake): Promise<SparkPlan> {
  const inputs: SparkPlan['inputs'] = {}
  for (const [alias, { dataset }] of Object.entries(task.inputs)) {
    const versions = await openedManifests(lake, attempt.inputs[alias] ?? [])
    const scans = [...Map.groupBy(versions, v => v.manifest.schema)].map(([schema, same]) => ({
      select: selectOf(dataset.columns, writtenColumns(dataset.name, dataset.columns, schema, same[0]!.partition)),
      files: same.flatMap(v => v.manifest.files.map(f => [f.key, v.partition] as [string, string])),
    }))
    inputs[alias] = { empty: `${ddlOf(dataset.columns)}, _partition STRING`, scans: scans.filter(s => s.files.length > 0) }
  }
  return {
    format: 1,
    inputs,
    sql: sql.statement,
    parameters: usedTimes(partitionTimes(task.output.partition, attempt.partition), sql.parameters),
    columns: Object.entries(task.output.columns).map(([name, type]) => ({
      name,
      type: sparkType(type),
      bounds: typeof type === 'string' || 'decimal' in type,
    })),
    manifest: manifestOf(task.output, attempt, noParts(task.output.columns)),
    checks: task.checks.map(check => checkOf(task, check, sql)),
  }
}

const ddlOf = (columns: Columns) =>
  Object.entries(columns)
    .map(([name, type]) => `${sparkDialect.quoted(name)} ${sparkType(type)}`)
    .join(', ')

function selectOf(columns: Columns, written: ReadonlyMap<string, string>): string[] {
  return Object.entries(columns).map(([name, type]) => {
    const column = sparkDialect.quoted(name)
    return `CAST(${written.has(name) ? column : 'NULL'} AS ${sparkType(type)}) AS ${column}`
  })
}

function checkOf(task: Task, check: Check, sql: SparkSql): SparkCheck {
  if (check.check === 'rows') return check
  const violationsOf = (): Violations => {
    if (isRowCheck(check)) {
      const { condition, shown, said } = conditionOf(task, check, sparkDialect)
      return { relation: `(SELECT * FROM ${MADE} WHERE ${condition})`, shown, said }
    }
    if (check.check === 'unique') return duplicates(task, check, MADE, sparkDialect)
    if (check.check === 'matches') {
      const known = `SELECT * FROM ${sparkDialect.quoted(aliasOf(task, check.dataset))}`
      return strangers(task, check, MADE, known, sparkDialect)
    }
    return { relation: `(${sql.checks[check.sql]})`, shown: [], said: `rows are violations of ${check.name}` }
  }
  const { relation, ...others } = violationsOf()
  return { check: check.check, violations: `SELECT * FROM ${relation}`, ...others }
}
