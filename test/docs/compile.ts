import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/**
 * Type-checks modules as if they stood in a folder of this project, by the project's own rules, and resolves with the compiler's
 * complaints. Modules import files of the project as `ROOT/shared/…`.
 */
export function complaints(modules: ReadonlyMap<string, string>): string[] {
  const place = join(root, '.examples')
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, 'run-'))
  try {
    for (const [name, text] of modules) writeFileSync(join(folder, name), text.replaceAll("'ROOT/", "'../../"))
    const config = { extends: '../../tsconfig.json', include: ['./*.ts'], exclude: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (error) throw error
    // What is wrong elsewhere in the project is the business of `npm run types`.
    return `${stdout}${stderr}`.split('\n').filter(line => line !== '' && !line.startsWith('.') && !line.startsWith(' '))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
