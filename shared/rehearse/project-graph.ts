import { RedeyeError } from '../core/errors.ts'
import { loadProject } from '../task/project.ts'
import type { StoryGraph } from './story.ts'

/** The contracts of a project's own tasks, for a story that says `graph`. */
export async function storyGraph(folder: string, file: string, line: number | undefined): Promise<StoryGraph> {
  const project = await loadProject(folder)
  return project as never
}
