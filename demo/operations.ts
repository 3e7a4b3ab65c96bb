import { DatabaseSync } from 'node:sqlite'
import type { Booking } from './site.ts'

// A row of constants costs SQLite less than a call of its own, and this many fit its limit of bound values.
const ROWS_AT_ONCE = 200

/** The airline's operations database, as its people would have made it: not for Redeye. */
export function buildOperations(path: string, flights: Map<string, string[]>, bookings: Booking[]): void {
  const db = new DatabaseSync(path)
  try {
    // Nobody reads it before it is finished, and one that was not finished is built again.
    db.exec('pragma journal_mode = off; pragma synchronous = off; begin')
    db.exec(`
      create table flights (flight_id integer primary key, flight_date text not null, departs_at text not null, origin text not null,
        destination text not null, distance_mi integer not null, delay_min integer not null);
      create table bookings (booking_id integer primary key, booked_at text not null, visitor text not null, flight_id integer not null,
        route text not null, seats integer not null, fare text not null);`)
    for (const [date, lines] of flights)
      insertAll(db, 'flights', 7, lines.length, n => {
        const [id, departs, ...rest] = lines[n]!.split(',')
        // The columns' types make numbers of these texts.
        return [id!, date, departs!, ...rest]
      })
    insertAll(db, 'bookings', 7, bookings.length, n => {
      const { id, at, visitor, flight, seats, fare } = bookings[n]!
      return [id, at, visitor, flight.id, `${flight.origin}-${flight.destination}`, seats, fare]
    })
    db.exec(
      'create index flights_by_date on flights (flight_date); create index bookings_by_time on bookings (booked_at); commit; pragma journal_mode = wal',
    )
  } finally {
    db.close()
  }
}

function insertAll(db: DatabaseSync, table: string, columns: number, count: number, row: (n: number) => (string | number)[]): void {
  const one = `(${Array(columns).fill('?').join(', ')})`
  const many = db.prepare(`insert into ${table} values ${Array(ROWS_AT_ONCE).fill(one).join(', ')}`)
  let n = 0
  for (; n + ROWS_AT_ONCE <= count; n += ROWS_AT_ONCE) {
    const values: (string | number)[] = []
    for (let i = 0; i < ROWS_AT_ONCE; i++) values.push(...row(n + i))
    many.run(...values)
  }
  const single = db.prepare(`insert into ${table} values ${one}`)
  for (; n < count; n++) single.run(...row(n))
}
