import { RedeyeError } from '../core/errors.ts'
import { checkEvent } from '../core/event-shape.ts'
import type { EventDetails } from '../core/events.ts'
import { nightOf } from '../core/night.ts'
import type { Place } from '../core/place.ts'
import { dateOfDay, dayOf, dayOfDate, HOUR_MS, timeOfDay } from '../core/zone.ts'
import { type NightDoc, nightKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/**
 * What the schedule wakes: begins the night of every date since the last one in the ledger, up to yesterday in the
 * platform's zone, so that a night that was slept through is made up for. Resolves with the dates.
 */
export async function wake(world: World, timezone: string): Promise<string[]> {
  const yesterday = dayOf(timezone, world.clock.now()) - 1
  // A night of a day to come, begun by mistake, holds up none of those before it.
  const [last] = await world.ledger.query<NightDoc>('night', { to: dateOfDay(yesterday), descending: true, limit: 1 })
  const first = last ? dayOfDate(last.doc.date)! + 1 : yesterday
  const dates: string[] = []
  for (let day = first; day <= yesterday; day++) dates.push(dateOfDay(day))
  await world.bus.publish(dates.map(date => ({ type: 'NightStarted', detail: { date } })))
  return dates
}

// So long a schedule may be late, a function may be tried again, and nobody is to be called.
const LATE_MS = HOUR_MS
// As far as sweeps look back: what is older nobody has missed, or somebody has decided to leave.
const LOOK_BACK_DAYS = 14

/**
 * The dates whose night was due an hour ago and is not in the ledger, of the last fortnight: what an alarm is about. Before the stage had
 * a task no night was due.
 */
export async function lateNights(world: World, timezone: string, nightAt: string): Promise<string[]> {
  const now = world.clock.now()
  const { tasks } = await world.graph()
  const born = Math.min(...tasks.map(t => t.deployedAt))
  const [hour, minute] = nightAt.split(':').map(Number) as [number, number]
  const today = dayOf(timezone, now)
  const first = today - LOOK_BACK_DAYS
  const begun = new Set((await world.ledger.query('night', { from: dateOfDay(first), to: dateOfDay(today) })).map(({ key }) => key.sk))
  const late: string[] = []
  for (let day = first; day < today; day++) {
    const due = timeOfDay(timezone, day + 1, hour, minute)
    if (due >= born && due + LATE_MS <= now && !begun.has(dateOfDay(day))) late.push(dateOfDay(day))
  }
  return late
}

/** The platform's part in a night, whoever began it: it is recorded, once. */
export async function recordNight(world: World, detail: EventDetails['NightStarted']): Promise<void> {
  checkEvent('NightStarted', detail)
  const { date } = detail
  if (dayOfDate(date) === undefined)
    throw new RedeyeError('BAD_DATE', `"${date}" is no date`, { remedy: 'write a night’s date like 2001-02-14' })
  await swap<NightDoc>(world, nightKey(date), doc => doc ?? { v: 1, date, at: world.clock.now() })
}

/** By date: the nights in the ledger that name these runs, and that came in the life of their tasks. */
export async function nightsThatName(
  { ledger }: Pick<World, 'ledger'>,
  places: readonly Place[],
): Promise<(place: Place) => string | undefined> {
  const dateOf = ({ contract, output, ordinal }: Place) => (contract.onNight ? nightOf(output, ordinal) : undefined)
  const dates = [...new Set(places.flatMap(place => dateOf(place) ?? []))]
  const docs = dates.length > 0 ? await ledger.getMany<NightDoc>(dates.map(nightKey)) : []
  const begun = new Map(docs.flatMap(stored => (stored ? [[stored.doc.date, stored.doc.at] as const] : [])))
  return place => {
    const date = dateOf(place)
    return date !== undefined && (begun.get(date) ?? Number.NEGATIVE_INFINITY) >= place.contract.deployedAt ? date : undefined
  }
}
