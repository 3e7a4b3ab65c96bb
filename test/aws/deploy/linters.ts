import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './tasks.ts'

const versions = ['cfn-lint==1.51.0', 'checkov==3.3.30']
const venv = join(root, 'node_modules', '.cache', 'redeye', `linters-${versions.join('-').replaceAll(/[^\w.-]/g, '')}`)

/** Installs both linters, once, into an environment of their own. */
export function installLinters(): void {
  if (existsSync(join(venv, 'installed'))) return
  execFileSync('python3', ['-m', 'venv', '--clear', venv], { stdio: 'inherit' })
  execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...versions], { stdio: 'inherit' })
  execFileSync('touch', [join(venv, 'installed')])
}

/** What is wrong with a template: what cfn-lint calls an error, a line each, and which checks of checkov fail. */
interface Found {
  errors: string[]
  insecure: { check: string; resource: string }[]
}

/** What both linters find in templates, by file. Each starts once for all of them: its start takes longer than a template. */
export async function lint(templates: readonly string[]): Promise<Map<string, Found>> {
  const [cfnLint, checkov] = await Promise.all([
    said('cfn-lint', ['--format', 'json', ...templates]),
    said('checkov', ['-f', ...templates, '--framework', 'cloudformation', '--compact', '--quiet', '--skip-download', '-o', 'json']),
  ])
  const matches = JSON.parse(cfnLint) as { Filename: string; Level: string; Message: string; Rule: { Id: string } }[]
  const { results } = JSON.parse(checkov) as {
    results: { failed_checks: { file_abs_path: string; check_id: string; resource: string }[] }
  }
  const found = new Map<string, Found>(templates.map(file => [file, { errors: [], insecure: [] }]))
  for (const { Filename, Level, Message, Rule } of matches) if (Level === 'Error') found.get(Filename)!.errors.push(`${Rule.Id} ${Message}`)
  for (const { file_abs_path, check_id, resource } of results.failed_checks)
    found.get(file_abs_path)!.insecure.push({ check: check_id, resource })
  return found
}

/** What a linter prints; that it has findings is no failure of its own. */
async function said(linter: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(join(venv, 'bin', linter), args, { maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout?.trim()) return stdout
    throw error
  }
}
