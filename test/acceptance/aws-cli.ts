import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonPackage } from '../aws/python.ts'

const PACKAGE = 'awscli==1.46.3'

/** Installs the AWS CLI, once. */
export const installAws = () => pythonPackage(PACKAGE)

/** Runs the AWS CLI; resolves with its answer, rejects with what it said when it fails. */
export async function aws(args: readonly string[], env: Readonly<Record<string, string>>, folder: string): Promise<unknown> {
  const bin = installAws()
  const { stdout } = await promisify(execFile)(join(bin, 'python'), [join(bin, 'aws'), ...args, '--output', 'json'], {
    cwd: folder,
    // Nothing of the machine's own settings.
    env: { ...env, PATH: process.env.PATH, AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_PAGER: '' },
  })
  return stdout === '' ? undefined : (JSON.parse(stdout) as unknown)
}
