import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { derivedFiles } from '../../docs/generate.ts'
import { root } from './compile.ts'

const files = await derivedFiles()

test.each([...files.keys()])('%s is what docs/generate.ts makes of the code', file => {
  // Compared as a flag: the difference between two pictures tells nobody anything.
  const isCurrent = readFileSync(join(root, file), 'utf8') === files.get(file)
  expect(isCurrent ? '' : `${file} is not current: run \`npm run docs\`, look at what changed, and commit it`).toBe('')
})
