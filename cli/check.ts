import type { Finding } from '../shared/core/finding.ts'
import { byPlace, loadProject } from '../shared/task/project.ts'
import { deploymentFindings } from './deployment-findings.ts'
import { exits } from './exits.ts'
import { ledgerFindings } from './ledger-findings.ts'
import { count, paint, say, toJson } from './output.ts'
import { serviceFindings } from './service-findings.ts'
import { sqlFindings } from './sql-findings.ts'

/** Prints every finding of a project; bad input when one of them is an error. */
export async function check(root: string, options: { json?: boolean; state?: string }): Promise<number> {
  const project = await loadProject(root)
  const found = [...project.findings, ...sqlFindings(project), ...deploymentFindings(project)]
  const findings = byPlace([...found, ...(await serviceFindings(project)), ...(await ledgerFindings(project, options.state))])
  if (options.json) say(toJson(findings.map(asJson), 2))
  else {
    for (const finding of findings) for (const line of lines(finding)) say(line)
    if (findings.length > 0) say()
    say(summary(findings, `${count(project.services.length, 'task')} and ${count(project.datasets.length, 'dataset')}`))
  }
  return findings.some(f => f.severity === 'error') ? exits.bad : exits.ok
}

function asJson({ code, severity, file, line, column, message, remedy, task, dataset }: Finding) {
  return { code, file, line, column, message, remedy, severity, task, dataset }
}

const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const

function lines(finding: Finding): string[] {
  const place = [finding.file, finding.line, finding.column].filter(part => part !== undefined).join(':')
  return [
    `${place || 'project'} ${paint(colours[finding.severity], finding.severity)} ${finding.message} ${paint('dim', finding.code)}`,
    `  ${paint('dim', '→')} ${finding.remedy}`,
  ]
}

function summary(findings: readonly Finding[], what: string): string {
  const errors = findings.filter(f => f.severity === 'error').length
  const warnings = findings.filter(f => f.severity === 'warning').length
  if (errors + warnings === 0) return `${paint('green', 'nothing wrong')} in ${what}`
  const parts = [errors && paint('red', count(errors, 'error')), warnings && paint('yellow', count(warnings, 'warning'))]
  return `${parts.filter(Boolean).join(' and ')} in ${what}`
}
