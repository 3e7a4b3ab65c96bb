import type { NewEvent } from '../../shared/core/events.ts'

/** The night that is compared in every row, and those after it, in each of which something goes wrong. */
export const nights = {
  whole: '2001-02-14',
  failing: '2001-02-15',
  killed: '2001-02-16',
  lost: '2001-02-17',
  redeployed: '2001-02-18',
  removed: '2001-02-19',
} as const

/** A night after those, which is AWS's alone: operators interfere, by the examples of events/. */
export const operated = '2001-02-20'

const ingests = ['airport-registry', 'flown-flights', 'seat-bookings', 'site-logs', 'strike-reports']

// Few at once: every function that is called for the first time starts a process, and the machine has two processors.
const spans = [
  ['01', '03'],
  ['04', '07'],
  ['08', '10'],
  ['11', '13'],
] as const

/** What the night stands on: the days before it, some at a time. */
export const before = spans.map(([from, to]): NewEvent & { type: 'RunRequested' } => ({
  type: 'RunRequested',
  detail: { id: `february-${from}-to-${to}`, tasks: ingests, from: `2001-02-${from}`, to: `2001-02-${to}`, maxActive: 6 },
}))

export const nightStarted = (date: string): NewEvent => ({ type: 'NightStarted', detail: { date } })

/** Everything that is published, in order, each when what the one before has led to is over; by the name of that outcome. */
export const steps: readonly { outcome: string; event: NewEvent }[] = [
  ...before.map(event => ({ outcome: event.detail.id!, event })),
  ...Object.values(nights).map(date => ({ outcome: date, event: nightStarted(date) })),
]
