import { PassThrough } from 'node:stream'
import { cut, Screen } from '../../../cli/screen.ts'

const red = (text: string) => `\u001b[31m${text}\u001b[39m`

test.each([
  ['short', 10, 'short'],
  ['exactly ten', 11, 'exactly ten'],
  ['one too many', 11, 'one too ma…'],
  [`${red('a red')} word`, 6, `${red('a red')}…`],
  [red('reddest'), 4, `${red('red')}…`],
])('%j in %i columns', (line, columns, expected) => {
  expect(cut(line, columns)).toBe(expected)
})

test('a frame is drawn over the one before, and the last one stays', () => {
  const out = Object.assign(new PassThrough(), { columns: 20, rows: 4 })
  const said: string[] = []
  out.on('data', chunk => said.push(String(chunk)))
  const screen = new Screen(out as unknown as NodeJS.WriteStream)
  screen.draw(['a', 'b', 'c', 'd', 'e'])
  expect(said.join('')).not.toContain('d')
  said.length = 0
  screen.draw(['A', 'B'])
  // Three lines up, and what is left below is cleared.
  expect(said.join('')).toContain('\u001b[3F')
  expect(said.join('')).toMatch(/B\n.*\[J/)
  said.length = 0
  screen.leave(['1', '2', '3', '4', '5'])
  expect(said.join('')).toContain('5\n')
  expect(said.join('')).toContain('\u001b[?25h')
})
