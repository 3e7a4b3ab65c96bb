import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { instrument } from './instrument.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redeye-mutation-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const source = `const known = new Map<string, number>()
export function first(a: number): number {
  if (a < 0) throw new RedeyeError('BAD_DATE', \`no \${a}\`, { remedy: 'none' })
  known.set('a', a)
  return known.get('a')! + 1
}
class RedeyeError extends Error {
  constructor(code: string, ...more: unknown[]) { super(code) }
}
`

/** The module as a judge holds it, and its switch. */
async function judged() {
  const file = join(folder, 'first.ts')
  writeFileSync(file, source)
  const { mutants, judged: code } = await instrument(folder, [file])
  const mutation = { active: -1, hits: 0, hit: () => ++mutation.hits > 0 }
  const globals = globalThis as { mutation?: object; mutationResets?: (() => void)[] }
  globals.mutation = mutation
  globals.mutationResets = []
  const first = new Function(`${code[file]!.replaceAll('export ', '')}; return first`)() as (a: number) => number
  const resets = globals.mutationResets
  return { mutants, mutation, resets, first }
}

test('every mutant is in the code, and off until it is switched on', async () => {
  const { mutants, mutation, first } = await judged()
  expect(first(1)).toBe(2)
  expect(mutation.hits).toBe(0)
  const plus = mutants.find(m => m.mutator === 'ArithmeticOperator')!
  expect(plus).toMatchObject({ file: 'first.ts', line: 5, column: 10, original: "known.get('a')! + 1", replacement: "known.get('a')! - 1" })
  mutation.active = Number(plus.id)
  expect(first(1)).toBe(0)
  expect(mutation.hits).toBe(1)
})

test('texts for people are left alone, an error’s code is not', async () => {
  const { mutants } = await judged()
  const about = (original: string) => mutants.filter(m => m.original === original).map(m => m.ignored)
  expect(about('`no $' + '{a}`')).toEqual(['a text for people'])
  expect(about("{ remedy: 'none' }")).toEqual(['a text for people'])
  expect(about("'BAD_DATE'")).toEqual([undefined])
})

test('a module’s caches are emptied between tests', async () => {
  const { resets } = await judged()
  expect(resets).toHaveLength(1)
  resets[0]!()
})
