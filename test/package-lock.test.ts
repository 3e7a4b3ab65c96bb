import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  resolved?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}
const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }

/** Where Node looks for a package's dependency: beside it, then in each folder above. */
function isLocked(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (`${at && `${at}/`}node_modules/${name}` in lock.packages) return true
    if (at === '') return false
  }
}

test('the lock holds the packages of every platform', () => {
  const missing = Object.entries(lock.packages).flatMap(([from, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(name => !isLocked(from, name)),
  )
  // npm leaves out what it does not find installed: without node_modules, `npm install --package-lock-only` adds it.
  expect(missing).toEqual([])
})

test('the lock holds no download addresses', () => {
  expect(Object.keys(lock.packages).filter(name => lock.packages[name]!.resolved !== undefined)).toEqual([])
})
