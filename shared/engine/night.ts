import { RedeyeError } from '../core/errors.ts'
import { checkEvent } from '../core/event-shape.ts'
import type { EventDetails } from '../core/events.ts'
import { dateOfDay, dayOf, dayOfDate } from '../core/zone.ts'
import { type NightDoc, nightKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/**
 * What the schedule wakes: begins the night of every date since the last one in the ledger, up to yesterday in the
 * platform's zone, so that a night that was slept through is made up for. Resolves with the dates.
 */
export async function wake(world: World, timezone: string): Promise<string[]> {
  const yesterday = dayOf(timezone, world.clock.now()) - 1
  const [last] = await world.ledger.query<NightDoc>('night', { descending: true, limit: 1 })
  const first = last ? dayOfDate(last.doc.date)! + 1 : yesterday
  const dates: string[] = []
  for (let day = first; day <= yesterday; day++) dates.push(dateOfDay(day))
  await world.bus.publish(dates.map(date => ({ type: 'NightStarted', detail: { date } })))
  return dates
}

/** The platform's part in a night, whoever began it: it is recorded, once. */
export async function recordNight(world: World, detail: EventDetails['NightStarted']): Promise<void> {
  checkEvent('NightStarted', detail)
  const { date } = detail
  if (dayOfDate(date) === undefined)
    throw new RedeyeError('BAD_DATE', `"${date}" is no date`, { remedy: 'write a night’s date like 2001-02-14' })
  await swap<NightDoc>(world, nightKey(date), doc => doc ?? { v: 1, date, at: world.clock.now() })
}
