import { DAY_MS, dayWithout, HOUR_MS, timeOfDay } from '../../shared/core/zone.ts'
import { hoursAway } from './project.ts'

const midnight = Date.UTC(2026, 10, 30)
const today = midnight / DAY_MS

// Lisbon, Havana and Beirut put their clocks forward at one, midnight and midnight.
test.each(['America/New_York', 'UTC', 'Asia/Kolkata', 'Europe/Lisbon', 'America/Havana', 'Asia/Beirut'])(
  'no night begins in %s while the acceptance run lasts, at whatever hour',
  zone => {
    for (let now = midnight; now < midnight + DAY_MS; now += HOUR_MS / 4) {
      const [hour, minute] = hoursAway(zone, now).split(':').map(Number) as [number, number]
      expect(dayWithout(zone, hour, minute, today, 5 * 366)).toBeUndefined()
      const away = [-1, 0, 1].map(days => Math.abs(timeOfDay(zone, today + days, hour, minute) - now))
      expect(Math.min(...away)).toBeGreaterThanOrEqual(6 * HOUR_MS)
    }
  },
)
