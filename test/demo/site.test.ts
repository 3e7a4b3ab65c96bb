import { visitSite } from '../../demo/site.ts'

const days = ['2001-02-01', '2001-02-02', '2001-02-03']
const flight = (id: number) => `${id},09:00,SFO,JFK,2586,0`
const flights = new Map(['2001-02-02', '2001-02-03', '2001-02-04'].map((date, n) => [date, [flight(2 * n + 1), flight(2 * n + 2)]]))
const site = visitSite(flights, days)

test('the same days are visited in the same way', () => {
  expect(visitSite(flights, days)).toEqual(site)
})

test('a log has the lines of its own day, in order of time', () => {
  for (const [date, lines] of site.logs) {
    const times = lines.flatMap(line => /\[(\d\d)\/Feb\/2001:(\d\d:\d\d:\d\d) -0500\]/.exec(line)?.slice(1, 3).join(' ') ?? [])
    expect(times.length).toBeGreaterThan(4000)
    expect(times).toEqual(times.toSorted())
    expect(new Set(times.map(time => time.slice(0, 2)))).toEqual(new Set([date.slice(8)]))
  }
})

test('a few lines are broken: more than none, less than a night refuses', () => {
  const all = [...site.logs.values()].flat()
  const broken = all.filter(line => !/^\S+ - \S+ \[[^\]]+\] "[A-Z]+ \S+ HTTP\/1\.0" \d{3} (\d+|-) "[^"]*" "[^"]*"$/.test(line))
  expect(broken.length).toBeGreaterThan(5)
  expect(broken.length).toBeLessThan(all.length * 0.005)
})

test('what was booked stands in the log, by the same visitor', () => {
  const lines = [...site.logs.values()].flat()
  const inLog = new Set(lines.flatMap(line => /^\S+ - (v\d+) .* "POST \/bookings\?flight=(\d+) /.exec(line)?.slice(1, 3).join(' ') ?? []))
  const kept = site.bookings.filter(({ visitor, flight: { id } }) => inLog.has(`${visitor} ${id}`))
  // Some lines are broken, and what was booked after the last day's midnight was not logged yet.
  expect(kept.length).toBeGreaterThan(site.bookings.length * 0.95)
})
