import type { Columns, ColumnType } from '../core/schema.ts'
import { Context, type Parameter } from './analyze/context.ts'
import type { Analyzed, Env } from './analyze/env.ts'
import { analyze } from './analyze/expression.ts'
import { fitOutput, schemaColumns } from './analyze/output.ts'
import { analyzeQuery } from './analyze/query.ts'
import { finding, lineAndColumn, type SqlFinding, SqlProblem } from './finding.ts'
import type { Query } from './parse/ast.ts'
import { parse } from './parse/parse.ts'
import { duckdbTypeOf, type SqlType, typeOfColumn } from './type.ts'
import type { Origin } from './typed.ts'

export type { SqlFinding } from './finding.ts'

export interface SqlInput {
  /** The input's key in task.ts, and its table's name in the statement. */
  alias: string
  /** Beside these every input has `_partition`, a string. */
  columns: Columns
}

export interface CompiledSql {
  /** Errors and warnings, in the order of the text. With an error in it the rest must not be run. */
  findings: SqlFinding[]
  /** What Spark runs; it takes `:partition`, `:start` and `:end` as named parameters. */
  spark: string
  /** What DuckDB runs after the prelude, with `$partition`, `$start` and `$end`; absent when something outside the table is used. */
  duckdb?: string
  /** The construct outside the table that decided for Spark, and where it stands. */
  sparkOnly?: { construct: string; line: number; column: number }
  /** Which parameters the statement uses; DuckDB takes no others. */
  parameters: Parameter[]
  outputColumns: { name: string; type: ColumnType }[]
  /** What each output column is made of; conditions and joins do not count. */
  lineage: Record<string, Origin[]>
}

/** The DuckDB type that holds a schema's type. Timestamps are in UTC; json is its text. */
export function duckdbType(type: ColumnType): string {
  return duckdbTypeOf(typeOfColumn(type))
}

/**
 * Checks one statement of Spark SQL against the schemas of its inputs and its output, and translates it for DuckDB as far
 * as the table of functions and constructs goes. Pure; the same statement gives the same text. Without `parameters` it is run for no partition.
 *
 * @example
 * const { findings, duckdb } = compileSql('SELECT origin, count(*) AS flights FROM flights GROUP BY origin', [{ alias: 'flights', columns: { origin: 'string' } }], { origin: 'string', flights: 'bigint' })
 */
export function compileSql(
  sql: string,
  inputs: SqlInput[],
  output: Columns | undefined,
  options: { parameters?: boolean } = {},
): CompiledSql {
  const { context, analyzed, end } = understand(sql, inputs, options.parameters)
  const spark = sql.slice(0, end).trim()
  for (const input of inputs)
    if (analyzed && !context.usedInputs.has(input.alias))
      context.warning(0, `the input "${input.alias}" is not used`, 'use it, or remove it from task.ts')
  const fitted = analyzed && fitOutput(analyzed, output, context)
  const failed = context.findings.some(f => f.severity === 'error')
  const { sparkOnly } = context
  return {
    findings: context.findings.sort((a, b) => a.line - b.line || a.column - b.column),
    spark: fitted && output && !failed ? fitted.spark(spark) : spark,
    duckdb: fitted && !failed && !sparkOnly ? fitted.duckdb : undefined,
    sparkOnly: sparkOnly && { construct: sparkOnly.construct, ...lineAndColumn(sql, sparkOnly.at) },
    parameters: (['partition', 'start', 'end'] as const).filter(p => context.parameters.has(p)),
    outputColumns: analyzed ? schemaColumns(analyzed) : [],
    lineage: Object.fromEntries((analyzed?.columns ?? []).map(c => [c.name, c.from])),
  }
}

/** The Spark types of what a statement gives, as Spark's simple strings could not be told from a schema's. For the table's proof. */
export function outputTypes(sql: string, inputs: SqlInput[] = []): SqlType[] {
  return understand(sql, inputs).analyzed?.columns.map(c => c.type) ?? []
}

function understand(
  sql: string,
  inputs: SqlInput[],
  takesParameters = true,
): { context: Context; analyzed: Analyzed | undefined; end?: number } {
  const context = new Context(sql, takesParameters)
  let query: Query
  try {
    query = parse(sql)
  } catch (error) {
    if (!(error instanceof SqlProblem)) throw error
    context.findings.push(finding(sql, error.at, error.message, error.remedy))
    return { context, analyzed: undefined }
  }
  const env: Env = {
    context,
    scope: { relations: [], visible: [] },
    ctes: new Map(),
    inputs: new Map(inputs.map(i => [i.alias.toLowerCase(), i])),
    clause: 'SELECT',
    analyze,
    query: (inner, outer, ctes) => analyzeQuery(inner, outer, ctes, env),
  }
  const analyzed = context.guard(
    0,
    () => analyzeQuery(query, undefined, new Map(), env),
    () => undefined,
  )
  return { context, analyzed, end: query.end }
}
