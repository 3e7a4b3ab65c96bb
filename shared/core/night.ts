import { RedeyeError } from './errors.ts'
import { exists, isTimed, ordinalOf, ordinalRange, type Partitioning, startOf } from './partition.ts'
import { hear, isUnclaimed, joinCauses, type RunDoc } from './run.ts'
import { dateOfDay, dayOf, dayOfDate, startOfDay } from './zone.ts'

/** The partitions that begin on a date in the output's zone: a day, or its 23 to 25 hours. */
export function nightOrdinals(output: Partitioning, date: string): number[] {
  const day = dayOfDate(date)
  if (day === undefined) throw new RedeyeError('BAD_DATE', `"${date}" is no date`, { remedy: 'write a night’s date like 2001-02-14' })
  if (!isTimed(output)) return ordinalRange(output, 0, output.grain === 'keys' ? output.keys.length - 1 : 0)
  if (output.grain !== 'hourly') {
    const o = ordinalOf({ grain: 'daily', timezone: output.timezone }, date)
    return o !== undefined && output.grain === 'daily' && exists(output, o) ? [o] : []
  }
  const hours = ordinalRange(
    output,
    Math.ceil(startOfDay(output.timezone, day) / 3_600_000),
    Math.ceil(startOfDay(output.timezone, day + 1) / 3_600_000) - 1,
  )
  return hours.filter(h => exists(output, h))
}

/** The date of the night that makes a partition. */
export function nightOf(output: Partitioning, o: number): string | undefined {
  return isTimed(output) ? dateOfDay(dayOf(output.timezone, startOf(output, o))) : undefined
}

/**
 * What a night makes of a run that it names and that is there: it starts nothing, but what has not been claimed goes in its lane from now
 * on. It is heard once, also by what is at work or over: a request that selects that later does not turn nightly when the night is told
 * again. Undefined when it was heard.
 */
export function heedNight(doc: RunDoc, date: string): RunDoc | undefined {
  const heard = hear(doc, nightHeard(date))
  return heard && isUnclaimed(doc) ? { ...heard, cause: joinCauses(doc.cause, { lane: 'nightly', night: date }) } : heard
}

/** As what a night is heard: whatever event brings it, it is its date. */
export const nightHeard = (date: string) => `night ${date}`
