import { nightsBefore } from '../../demo/demo.ts'
import type { NewEvent } from '../../shared/core/events.ts'

/** The night that is compared in every row, and those after it, in each of which something goes wrong. */
export const night = '2001-02-14'
export const nights = {
  whole: night,
  failing: '2001-02-15',
  killed: '2001-02-16',
  lost: '2001-02-17',
  redeployed: '2001-02-18',
  removed: '2001-02-19',
} as const

const ingests = ['airport-registry', 'flown-flights', 'seat-bookings', 'site-logs', 'strike-reports']

/** What the night stands on: the days before it, a few at a time. */
export const before: NewEvent = {
  type: 'RunRequested',
  detail: { id: 'before-the-night', tasks: ingests, from: nightsBefore[0]!, to: nightsBefore.at(-1)!, maxActive: 6 },
}

export const nightStarted = (date: string): NewEvent => ({ type: 'NightStarted', detail: { date } })
