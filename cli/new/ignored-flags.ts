import { RedeyeError } from '../../shared/core/errors.ts'
import type { Kind, NewFlags } from './wish.ts'

const ofKind: Partial<Record<keyof NewFlags, { kinds: readonly Kind[]; whose: string }>> = {
  input: { kinds: ['transform', 'load'], whose: 'a transform or a load' },
  source: { kinds: ['ingest'], whose: 'an ingest' },
  target: { kinds: ['load'], whose: 'a load' },
}
const ofNewDatasets = ['partition', 'from', 'timezone', 'description', 'owner'] as const

/** Refuses options that a task of the kind has no use for: whoever gives one expects something of it. */
export function refuseFlagsOfOthers(kind: Kind, flags: NewFlags): void {
  for (const [flag, { kinds, whose }] of Object.entries(ofKind))
    if (flags[flag as keyof NewFlags] !== undefined && !kinds.includes(kind))
      refuse(flag, `it is an option of ${whose}, and ${kind} is none`)
}

/** Refuses options of a dataset that is declared already. */
export function refuseFlagsOfNew(dataset: string, flags: NewFlags): void {
  for (const flag of ofNewDatasets) if (flags[flag] !== undefined) refuse(flag, `datasets/ declares ${dataset} already`)
}

/** Refuses a calendar's options where there is no calendar. */
export function refuseFlagsOfCalendar(partitioning: string, flags: NewFlags): void {
  for (const flag of ['from', 'timezone'] as const)
    if (flags[flag] !== undefined) refuse(flag, `a dataset that is cut by ${partitioning} has no calendar`)
}

function refuse(flag: string, why: string): never {
  throw new RedeyeError('BAD_ARGUMENT', `--${flag} means nothing here: ${why}`, { remedy: `leave --${flag} out` })
}
