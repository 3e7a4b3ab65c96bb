import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

// Imports nothing of Redeye: what an older Node does not have must not be met before the newer one has taken over.

/** Runs the command line again under the Node 24 that the package brings along, or says what is missing. */
export async function main(argv: readonly string[]): Promise<number> {
  const node = join(import.meta.dirname, '../node_modules/node/bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `Redeye needs Node 24, and this is ${process.versions.node}\n  → run npm install, which brings Node 24 along, and then npx redeye\n`,
    )
    return 2
  }
  const { status, signal } = spawnSync(node, [join(import.meta.dirname, 'redeye.ts'), ...argv], { stdio: 'inherit' })
  // As a shell reports a process that a signal ended.
  return signal ? 128 + constants.signals[signal] : (status ?? 1)
}
