import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'

const here = dirname(fileURLToPath(import.meta.url))
const stories = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.yaml'))
  .sort()
  .map(file => [file, readFileSync(join(here, file), 'utf8')] as const)

test.each(stories)('%s', async (file, text) => {
  await play(openStory(text, file).bind())
})
