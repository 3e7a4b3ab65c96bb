import type { StageSettings } from '../stage-settings.ts'
import type { Resource } from '../template.ts'

/** What holds state outlives its stack where the stage is protected. */
export function kept({ protect }: StageSettings, resource: Resource): Resource {
  const policy = protect ? 'Retain' : 'Delete'
  return { ...resource, DeletionPolicy: policy, UpdateReplacePolicy: policy }
}
