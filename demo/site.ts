import { type Flight, flightOf } from './history.ts'
import { randomOf } from './random.ts'

/** What the airline's site saw: lines of its access logs by day, and the seats it sold. */
export interface SiteHistory {
  logs: Map<string, string[]>
  bookings: Booking[]
}
export interface Booking {
  id: number
  /** `2001-02-14 19:21:07`, UTC. */
  at: string
  visitor: string
  flight: Flight
  seats: number
  fare: string
}

const VISITS_A_DAY = 1400
// Head office's clock, -05:00 all winter; the site logs by it.
const ZONE_MS = -5 * 3_600_000
const DAY_MS = 86_400_000
const months = ['Jan', 'Feb', 'Mar']
const agents = [
  'Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)',
  'Mozilla/4.0 (compatible; MSIE 5.01; Windows NT 5.0)',
  'Mozilla/4.76 [en] (X11; U; Linux 2.4.1 i686)',
  'Mozilla/4.5 (Macintosh; U; PPC)',
]
const referrers = [
  '-',
  '-',
  'http://www.altavista.com/',
  'http://www.yahoo.com/Recreation/Travel/',
  'http://www.google.com/search?q=flights',
]

interface Line {
  at: number
  text: string
}

/** Visits to the site on these days, each looking for a flight that was really flown in the fortnight after. */
export function visitSite(flights: Map<string, string[]>, days: string[]): SiteHistory {
  const lines: Line[] = []
  const bookings: Booking[] = []
  const visitors = { known: 0 }
  for (const date of days) {
    const random = randomOf(`site ${date}`)
    const visits = Math.round(VISITS_A_DAY * (0.9 + 0.2 * random()))
    for (let n = 0; n < visits; n++) visit({ date, flights, random, lines, bookings, visitors })
    crawl(date, lines)
  }
  return { logs: logsOf(lines, days), bookings: numbered(bookings) }
}

interface Visit {
  date: string
  flights: Map<string, string[]>
  random: () => number
  lines: Line[]
  bookings: Booking[]
  visitors: { known: number }
}

function visit({ date, flights, random, lines, bookings, visitors }: Visit): void {
  const flight = wish(date, flights, random)
  const visitor = `v${String(returning(visitors, random)).padStart(6, '0')}`
  const host = `10.${1 + Math.floor(random() * 250)}.${Math.floor(random() * 256)}.${1 + Math.floor(random() * 250)}`
  const agent = agents[Math.floor(random() * agents.length)]!
  const route = `${flight.origin}-${flight.destination}`
  // The sum of two dice of twelve hours: few by night, many in the afternoon.
  let at = Date.parse(`${date}T00:00:00Z`) - ZONE_MS + Math.floor((random() + random()) * (DAY_MS / 2))
  const ask = (request: string, status: number, referrer = '-') => {
    const bytes = status === 304 ? '-' : String(400 + Math.floor(random() * 20_000))
    lines.push({ at, text: `${host} - ${visitor} [${clock(at)}] "${request} HTTP/1.0" ${status} ${bytes} "${referrer}" "${agent}"` })
    at += 1000 * (5 + Math.floor(random() ** 3 * 600))
  }
  ask('GET /', random() < 0.2 ? 304 : 200, referrers[Math.floor(random() * referrers.length)])
  if (random() < 0.3) ask('GET /favicon.ico', 404)
  ask(
    `GET /search?from=${flight.origin}&to=${flight.destination}&date=${flight.date}`,
    random() < 0.01 ? 500 : 200,
    'http://www.example.com/',
  )
  if (random() < 0.25) return
  ask(`GET /flights/${route}/${flight.date}`, 200)
  // Some think it over, for longer than a session lasts.
  if (random() < 0.15) at += 1000 * (1900 + Math.floor(random() * 7200))
  if (random() < 0.5) ask(`GET /flights/${route}/${flight.date}/fares`, 200)
  if (random() > 0.22) return
  const seats = 1 + Math.floor(random() ** 2 * 4)
  const fare = (seats * Math.round((4900 + flight.distance * 11) * (0.8 + random() * 0.6))) / 100
  bookings.push({ id: 0, at: new Date(at).toISOString().slice(0, 19).replace('T', ' '), visitor, flight, seats, fare: fare.toFixed(2) })
  ask(`POST /bookings?flight=${flight.id}`, 201, `http://www.example.com/flights/${route}/${flight.date}/fares`)
}

/** A flight of the fortnight after, or of the last day there is. */
function wish(date: string, flights: Map<string, string[]>, random: () => number): Flight {
  const wanted = new Date(Date.parse(date) + (1 + Math.floor(random() ** 2 * 14)) * DAY_MS).toISOString().slice(0, 10)
  const day = flights.has(wanted) ? wanted : [...flights.keys()].at(-1)!
  const lines = flights.get(day)!
  return flightOf(day, lines[Math.floor(random() * lines.length)]!)
}

/** Half of the visits are by newcomers, the others by somebody who was here before, lately more likely than long ago. */
function returning(visitors: { known: number }, random: () => number): number {
  if (visitors.known === 0 || random() < 0.5) return ++visitors.known
  return visitors.known - Math.floor(random() ** 2 * visitors.known)
}

/** A search engine's robot, which takes no cookie. */
function crawl(date: string, lines: Line[]): void {
  const start = Date.parse(`${date}T03:00:00Z`) - ZONE_MS
  for (let n = 0; n < 60; n++) {
    const at = start + n * 20_000
    lines.push({
      at,
      text: `10.9.8.7 - - [${clock(at)}] "GET /flights/page/${n} HTTP/1.0" 200 4711 "-" "Googlebot/2.1 (+http://www.googlebot.com/bot.html)"`,
    })
  }
}

/** `14/Feb/2001:05:11:22 -0500`. */
function clock(at: number): string {
  const local = new Date(at + ZONE_MS)
  const two = (n: number) => String(n).padStart(2, '0')
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':')
  return `${two(local.getUTCDate())}/${months[local.getUTCMonth()]}/${local.getUTCFullYear()}:${time} -0500`
}

/** Each line in the log of the day it was written on, in order of time; what falls after the last day was not yet written. */
function logsOf(lines: Line[], days: string[]): Map<string, string[]> {
  lines.sort((a, b) => a.at - b.at)
  const logs = days.map((): string[] => [])
  const firstDay = Date.parse(days[0]!) / DAY_MS
  lines.forEach(({ at, text }, n) => {
    logs[Math.floor((at + ZONE_MS) / DAY_MS) - firstDay]?.push(n % 701 === 700 ? broken(text, n) : text)
  })
  return new Map(days.map((date, n) => [date, logs[n]!]))
}

/** As logs break: cut off by a full disk, or overwritten by zeros. */
function broken(text: string, n: number): string {
  return n % 2 === 0 ? text.slice(0, 30 + (n % 40)) : `${'\0'.repeat(24)}${text.slice(24, 60)}`
}

function numbered(bookings: Booking[]): Booking[] {
  bookings.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return bookings.map((booking, index) => ({ ...booking, id: index + 1 }))
}
