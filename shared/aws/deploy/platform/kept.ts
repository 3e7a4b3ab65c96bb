import type { StageSettings } from '../stage-settings.ts'
import type { Resource } from '../template.ts'

/**
 * What holds state outlives its stack where the stage is protected; but not the deployment that made it, when that fails: the next one would
 * find its name taken, by something empty.
 */
export function kept({ protect }: StageSettings, resource: Resource): Resource {
  const kept = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' }
  return { ...resource, ...(protect ? kept : { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' }) }
}
