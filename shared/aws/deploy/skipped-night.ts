import { DAY_MS, dateOfDay, dayWithout } from '../../core/zone.ts'
import type { StageSettings } from './stage-settings.ts'

// Zones change their rules now and then; a rule that holds for five years is one to count with.
const AHEAD_DAYS = 5 * 366

/** What is wrong with a stage's nights where its zone skips their time on some day: that night would not begin. */
export function skippedNight({ zone, nightAt }: Pick<StageSettings, 'zone' | 'nightAt'>, now: number) {
  const [hour, minute] = nightAt.split(':').map(Number) as [number, number]
  const day = dayWithout(zone, hour, minute, Math.floor(now / DAY_MS), AHEAD_DAYS)
  if (day === undefined) return undefined
  return {
    message: `nightAt is ${nightAt}, and ${zone} has no such time on ${dateOfDay(day)}: that night would not begin`,
    remedy: 'choose a time that every day has; clocks are put forward between midnight and three',
  }
}
