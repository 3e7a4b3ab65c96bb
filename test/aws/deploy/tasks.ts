import { join } from 'node:path'
import { checkedSettings, type StageSettings } from '../../../shared/aws/deploy/stage-settings.ts'
import { loadProject } from '../../../shared/task/project.ts'
import type { Task } from '../../../shared/task/task.ts'

export const root = join(import.meta.dirname, '../../..')

/** The demo's own project. */
export const demo = await loadProject(root)

export const taskOf = (name: string): Task => demo.services.find(s => s.name === name)!.task

/** Settings of a stage called dev. */
export const settings = ({ site, ...given }: Partial<StageSettings> = {}): StageSettings => ({
  ...checkedSettings('dev', given),
  ...(site && { site }),
})
