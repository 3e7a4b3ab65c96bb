import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import { nightOf } from '../shared/core/night.ts'
import { firstOrdinal, isTimed } from '../shared/core/partition.ts'
import { dateOfDay, dayOf, dayOfDate } from '../shared/core/zone.ts'

/** Throws BAD_DATE for a night that cannot be begun: what is no date, lies ahead, or before whatever a night makes. */
export function refuseImpossibleNight(graph: Graph, date: string, now: number): void {
  const day = dayOfDate(date)
  if (day === undefined) throw new RedeyeError('BAD_DATE', `"${date}" is no date`, { remedy: 'write a night’s date like 2001-02-14' })
  const made = graph.tasks.filter(t => t.onNight).map(t => graph.dataset(t.output)!.partitioning)
  // Today's night may be begun early, where it is today first: its runs wait for the end of what they make.
  const today = Math.max(dayOf('UTC', now), ...made.filter(isTimed).map(p => dayOf(p.timezone, now)))
  if (day > today)
    throw new RedeyeError('BAD_DATE', `the night of ${date} lies ahead`, {
      remedy: `name ${dateOfDay(today)}, which is today, or a date before`,
    })
  const firsts = made.map(p => (isTimed(p) && Number.isFinite(firstOrdinal(p)) ? nightOf(p, firstOrdinal(p))! : undefined))
  // Dates in this form are in order as text. What has no dates, or no first one, is made in any night.
  const first = firsts.includes(undefined) ? undefined : (firsts as string[]).sort()[0]
  if (first !== undefined && date < first)
    throw new RedeyeError('BAD_DATE', `no task makes anything in the night of ${date}`, { remedy: `the first night is that of ${first}` })
}
