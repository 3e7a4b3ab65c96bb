import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createProgram } from '../../cli/program.ts'

test('the README names every command that prints no data', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const sentence = /With `--json` all but ([^.]+?) print data\./.exec(readme)?.[1] ?? ''
  const without = createProgram(() => {}).commands.filter(command => !command.options.some(o => o.long === '--json'))
  expect([...sentence.matchAll(/`(\w+)`/g)].map(found => found[1]).sort()).toEqual(without.map(command => command.name()).sort())
})
