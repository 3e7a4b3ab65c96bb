import { unknownOption } from '../core/option-faults.ts'
import type { Source } from '../ports/source.ts'
import type { Target } from '../ports/target.ts'

/** What a source or target finds wrong with its options, where they may not even be those that it takes. */
export function outsideFaults(end: Source | Target, ask: () => string[]): string[] {
  const lacking = (end.secrets ?? []).some(name => typeof name !== 'string')
  const faults = lacking ? [`it lacks the name of a setting, like connection: 'AIRPORTS_API'`] : []
  try {
    // Of what is lacking it may say that it is none of its own words.
    return [...faults, ...ask().filter(fault => !lacking || unknownOption(fault) !== undefined || !fault.includes('connection'))]
  } catch (error) {
    return lacking ? faults : [`an option is missing, or of another kind than it takes (${error instanceof Error ? error.message : error})`]
  }
}
