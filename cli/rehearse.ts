import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { RedeyeError } from '../shared/core/errors.ts'
import { openStory } from '../shared/rehearse/parse.ts'
import { play, StoryFailure } from '../shared/rehearse/player.ts'
import type { StoryGraph } from '../shared/rehearse/story.ts'
import { exits } from './exits.ts'

/** What `--json` prints of a file, an object a line. */
interface Played {
  file: string
  ok: boolean
  exit: number
  line?: number
  message?: string
}

/** Plays stories, each in a world of its own; the exit code is the worst of them. */
export async function rehearse(files: readonly string[], options: { json?: boolean }): Promise<number> {
  let worst: number = exits.ok
  for (const file of files) {
    const played = await playFile(file)
    worst = Math.max(worst, played.exit)
    if (options.json) process.stdout.write(`${JSON.stringify(played)}\n`)
    else print(played)
  }
  return worst
}

async function playFile(file: string): Promise<Played> {
  try {
    const open = openStory(read(file), file)
    await play(open.bind(open.graph === undefined ? undefined : await loadGraph(open.graph, file, open.graphLine)))
    return { file, ok: true, exit: exits.ok }
  } catch (error) {
    if (error instanceof StoryFailure) return { file, ok: false, exit: exits.no, line: error.line, message: error.message }
    if (error instanceof RedeyeError && error.failure === 'user') {
      const line = error.place.line
      return {
        file,
        ok: false,
        exit: exits.bad,
        ...(line !== undefined && { line }),
        message: error.remedy ? `${error.message}; ${error.remedy}` : error.message,
      }
    }
    throw error
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RedeyeError('BAD_STORY', `the story ${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      remedy: 'name a story file',
      cause,
    })
  }
}

/** A project's own graph, as it would be deployed when the story begins. */
async function loadGraph(folder: string, file: string, line: number | undefined): Promise<StoryGraph> {
  const { storyGraph } = await import('../shared/rehearse/project-graph.ts')
  return storyGraph(folder, file, line)
}

function print({ file, ok, exit, line, message }: Played): void {
  const colour = (format: 'green' | 'red', text: string) => styleText(format, text, { stream: process.stdout })
  if (ok) return void process.stdout.write(`${colour('green', 'ok')}    ${file}\n`)
  const place = line === undefined ? file : `${file}:${line}`
  const verdict = exit === exits.bad ? 'bad' : 'fails'
  process.stdout.write(`${colour('red', verdict)} ${place}\n${message!.replace(/^/gm, '  ')}\n`)
}
