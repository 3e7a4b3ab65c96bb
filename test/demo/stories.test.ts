import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'
import { storyGraph } from '../../shared/rehearse/project-graph.ts'

const folder = resolve(import.meta.dirname, '../../demo/stories')

test.each(readdirSync(folder))('%s', async name => {
  const file = join(folder, name)
  const open = openStory(readFileSync(file, 'utf8'), file)
  await play(open.bind(open.graph === undefined ? undefined : await storyGraph(open.graph, file, open.graphLine)))
})
