import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'
import type { Step } from '../../shared/rehearse/story.ts'

const folder = join(import.meta.dirname, '../stories')

/** What may happen after any step of any story without any expectation noticing; `unless` the story's text speaks of it. */
const disturbances: { name: string; steps: Step[]; unless: RegExp }[] = [
  // A redelivery would use up what `lose` counts.
  { name: 'every event is delivered again', steps: [{ step: 'redeliver', what: 'all', line: 0 }], unless: /lose:/ },
  // Attempts that run are lost, which a story of attempts would see.
  { name: 'the process restarts', steps: [{ step: 'restart', line: 0 }], unless: /hold: \[|lost|lose:/ },
  {
    name: 'everything is paused and resumed',
    steps: [
      { step: 'pause', task: undefined, line: 0 },
      { step: 'resume', task: undefined, line: 0 },
    ],
    unless: /pause:|hold: \[/,
  },
]

const files = globSync('**/*.yaml', { cwd: folder }).sort()

describe.each(disturbances)('no story notices that $name after each step', ({ steps, unless }) => {
  const stories = files.map(file => ({ file, text: readFileSync(join(folder, file), 'utf8') })).filter(({ text }) => !unless.test(text))

  test.each(stories)('$file', async ({ file, text }) => {
    const story = parseStory(text, file)
    await play({ ...story, steps: story.steps.flatMap(step => (step.step === 'expect' ? [step] : [step, ...steps])) })
  })
})
