import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RedeyeError } from '../core/errors.ts'
import { loadProject } from '../task/project.ts'
import type { StoryGraph } from './story.ts'

/**
 * The contracts of a project's own tasks, for a story that says `graph`: a project's folder, or its services/. Retries wait
 * without jitter, as in every story. Throws BAD_STORY at the story's line when the project has errors or is none.
 */
export async function storyGraph(folder: string, file: string, line: number | undefined): Promise<StoryGraph> {
  const root = basename(folder) === 'services' ? dirname(folder) : folder
  const refuse = (what: string, remedy: string): never => {
    throw new RedeyeError('BAD_STORY', `graph: ${what}`, { file, ...(line !== undefined && { line }), remedy })
  }
  if (!existsSync(join(root, 'services'))) refuse(`${root} has no services/`, 'name a project’s folder, relative to the story')
  const project = await loadProject(root)
  const error = project.findings.find(f => f.severity === 'error')
  if (error) refuse(`${error.file ?? root}: ${error.message}`, 'mend it; `redeye check` lists all that is wrong')
  const contracts = project.contracts(() => 0)
  return {
    datasets: contracts.filter(c => c.kind === 'dataset'),
    tasks: contracts.filter(c => c.kind === 'task').map(c => ({ ...c, retry: { ...c.retry, jitter: 0 } })),
  }
}
