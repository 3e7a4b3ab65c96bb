import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Whether the measurements run to their end; how fast is for `npm run bench` on a machine with nothing else to do.

const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'redeye-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--no-warnings', join(root, 'bench', 'bench.ts'), ...args], { encoding: 'utf8', cwd: root })

test('tiny sizes of all but the demo are measured, and written as JSON', () => {
  const file = join(folder, 'figures.json')
  const names = ['chain', 'fan', 'year', 'backfill', 'layered', 'ancestry']
  const { status, stdout, stderr } = bench('--quick', '--json', file, ...names.flatMap(name => ['--only', name]))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^Node v\d+/)
  const figures = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[]
  expect(figures.length).toBeGreaterThan(25)
  for (const { name, unit, value, ...rest } of figures) {
    expect([typeof name, typeof unit, typeof value]).toEqual(['string', 'string', 'number'])
    expect(['floor', 'peer']).toEqual(expect.arrayContaining(Object.keys(rest)))
  }
}, 120_000)

test('a measurement that does not exist is refused by name', () => {
  const { status, stderr } = bench('--only', 'chian')
  expect(status).toBe(2)
  expect(stderr).toContain('"chian"')
  expect(stderr).toContain('chain, fan')
})

test('--help tells the options', () => {
  expect(bench('--help').stdout).toContain('--only NAME')
})
