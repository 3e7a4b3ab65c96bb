import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'

/** The project's folder: the one given, else the nearest upward that has services/ or datasets/; else, to begin one, the folder of a package. */
export function findProject(given: string | undefined, orBegin?: 'begin'): string {
  const isProject = (folder: string) => existsSync(join(folder, 'services')) || existsSync(join(folder, 'datasets'))
  if (given !== undefined) {
    const folder = resolve(given)
    if (isProject(folder) || (orBegin && existsSync(folder))) return folder
    const what = existsSync(folder) ? 'has neither services/ nor datasets/' : 'does not exist'
    throw new RedeyeError('BAD_ARGUMENT', `${given} is no project: it ${what}`, {
      remedy: 'name the folder that has services/ and datasets/',
    })
  }
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (isProject(folder)) return folder
    if (dirname(folder) === folder) break
  }
  if (orBegin && existsSync('package.json')) return process.cwd()
  throw new RedeyeError('BAD_ARGUMENT', `neither ${process.cwd()} nor a folder above it has services/ or datasets/`, {
    remedy: 'run redeye inside a project, or name one with --project FOLDER',
  })
}
