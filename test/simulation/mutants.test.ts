import { readFileSync } from 'node:fs'
import { mutants } from './mutants.ts'
import { patched } from './mutate.ts'

test.each(mutants)('the deliberate bug “$name” still has its place', ({ file, find, replace }) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(patched(text, file, find, replace)).not.toBe(text)
})
