import { readFile } from 'node:fs/promises'
import { RedeyeError } from '../core/errors.ts'
import type { Columns } from '../core/schema.ts'
import { compileSql } from '../sql/compile.ts'
import type { Task } from '../task/task.ts'
import type { SparkSql } from './spark-plan.ts'
import { sqlFileOf } from './transform.ts'

/** Reads a transform's SQL; rejects with BAD_SQL that names file, line and column. */
export async function sparkSql(task: Task): Promise<SparkSql> {
  const file = sqlFileOf(task)
  const sql = await readFile(file, 'utf8')
  const inputs = Object.entries(task.inputs).map(([alias, { dataset }]) => ({ alias, columns: dataset.columns }))
  const compiled = compiledFor(sql, inputs, task.output.columns, file)
  const known = [{ alias: task.output.name, columns: task.output.columns }, ...inputs.filter(i => i.alias !== task.output.name)]
  const custom = task.checks.flatMap(c => (c.check === 'sql' ? [c.sql] : []))
  return {
    statement: compiled.spark,
    parameters: compiled.parameters,
    checks: Object.fromEntries(custom.map(c => [c, compiledFor(c, known, undefined, task.declared.file).spark])),
  }
}

function compiledFor(sql: string, inputs: { alias: string; columns: Columns }[], output: Columns | undefined, file: string) {
  const compiled = compileSql(sql, inputs, output)
  const wrong = compiled.findings.find(f => f.severity === 'error')
  if (wrong) throw new RedeyeError('BAD_SQL', wrong.message, { remedy: wrong.remedy, file, line: wrong.line, column: wrong.column })
  return compiled
}
