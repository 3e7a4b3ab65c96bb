import { relative } from 'node:path'
import type { Finding } from '../shared/core/finding.ts'
import { compileSql } from '../shared/sql/compile.ts'
import { near } from '../shared/task/near.ts'
import type { Project, Service } from '../shared/task/project.ts'

/** What is wrong with the project's statements, those of checks included; and what makes one run on Spark. */
export function sqlFindings(project: Project): Finding[] {
  return project.services.flatMap(service => [...statementFindings(project, service), ...checkFindings(project, service)])
}

function statementFindings(project: Project, { task, sql }: Service): Finding[] {
  if (!sql) return []
  const file = relative(project.root, sql.file)
  const inputs = Object.entries(task.inputs).map(([alias, input]) => ({ alias, columns: input.dataset.columns }))
  const compiled = compileSql(sql.text, inputs, task.output.columns)
  const findings: Finding[] = compiled.findings.map(finding => ({ ...finding, file, task: task.name }))
  const only = compiled.sparkOnly
  if (!only || findings.some(f => f.severity === 'error') || task.engine === 'spark') return findings
  const at = { code: 'BAD_SQL', file, line: only.line, column: only.column, task: task.name } as const
  findings.push(
    task.engine === 'duckdb'
      ? {
          ...at,
          severity: 'error',
          message: `${task.name} asks for DuckDB, and only Spark can run ${only.construct}`,
          remedy: 'write it without, or take engine: duckdb away',
        }
      : {
          ...at,
          severity: 'info',
          message: `${task.name} runs on Spark, which alone can run ${only.construct}`,
          remedy:
            'nothing to do on AWS; its test and its runs on this machine need a Python that has PySpark, named by REDEYE_SPARK_PYTHON (docs/decisions/compute.md). Without it, small inputs would run in milliseconds on DuckDB',
        },
  )
  return findings
}

/** A check's query stands within task.ts, so its findings stand at the check and say where in the query. */
function checkFindings(project: Project, { task }: Service): Finding[] {
  const inputs = [{ alias: task.output.name, columns: task.output.columns }]
  return task.checks.flatMap(check => {
    if (check.check !== 'sql') return []
    const compiled = compileSql(check.sql, inputs, undefined)
    const findings = compiled.findings.map(f => ({ ...f, message: `${f.message} (line ${f.line}, column ${f.column} of its query)` }))
    if (compiled.sparkOnly && findings.length === 0)
      findings.push({
        code: 'BAD_SQL',
        severity: 'error',
        line: 1,
        column: 1,
        message: `only Spark can run ${compiled.sparkOnly.construct}`,
        remedy: 'write the check without: it runs where the output was made',
      })
    return findings.map(f => ({
      ...f,
      ...near(task.declared, check.name),
      file: relative(project.root, task.declared.file),
      task: task.name,
      message: `${task.name}, check "${check.name}": ${f.message}`,
    }))
  })
}
