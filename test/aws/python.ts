import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const cache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'redeye')

/**
 * The folder of commands of a package of PyPI, `NAME==VERSION`, in an environment of its own, which the first who asks makes. It is made
 * beside its place and moved there when it is whole: several suites may begin at once, and one may be killed in the middle.
 */
export function pythonPackage(requirement: string): string {
  const venv = join(cache, requirement.replace('==', '-'))
  if (!existsSync(venv)) {
    const making = `${venv}-${process.pid}`
    execFileSync('python3', ['-m', 'venv', '--clear', making], { stdio: 'inherit' })
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement]
    execFileSync(join(making, 'bin', 'python'), pip, { stdio: 'inherit' })
    try {
      renameSync(making, venv)
    } catch (error) {
      if (!existsSync(venv)) throw error
      rmSync(making, { recursive: true })
    }
  }
  return join(venv, 'bin')
}
