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

/** What cfn-lint calls an error, a line each. */
export async function lintErrors(template: string): Promise<string[]> {
  const found = JSON.parse(await said(join(venv, 'bin', 'cfn-lint'), ['--format', 'json', template])) as {
    Level: string
    Message: string
    Rule: { Id: string }
  }[]
  return found.filter(f => f.Level === 'Error').map(f => `${f.Rule.Id} ${f.Message}`)
}

/** What checkov finds: the check and the resource. */
export async function insecure(template: string): Promise<{ check: string; resource: string }[]> {
  const args = ['-f', template, '--framework', 'cloudformation', '--compact', '--quiet', '-o', 'json']
  const answer = JSON.parse(await said(join(venv, 'bin', 'checkov'), args)) as {
    results: { failed_checks: { check_id: string; resource: string }[] }
  }
  return answer.results.failed_checks.map(f => ({ check: f.check_id, resource: f.resource }))
}

/** What a linter prints; that it has findings is no failure of its own. */
async function said(command: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout?.trim()) return stdout
    throw error
  }
}
