import { daily, monthly, weekly } from 'redeye/task'

// The airline closes its books by the time of its head office. A daily and a weekly dataset join only if their zones agree,
// so the calendar is said once.
const calendar = { from: '2001-02-01', timezone: 'America/New_York' } as const

export const days = daily(calendar)
export const weeks = weekly(calendar)
export const months = monthly(calendar)
