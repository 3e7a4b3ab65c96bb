import { DuckDBInstance } from '@duckdb/node-api'
import { airportCodes } from './airport-codes.ts'

/** What really happened, from the vega-datasets package. */
export interface History {
  /** By date, in order; `flightOf` makes a flight of a line. */
  flights: Map<string, string[]>
  airports: Airport[]
  strikes: Strike[]
}
export interface Flight {
  id: number
  date: string
  departs: string
  origin: string
  destination: string
  distance: number
  delay: number
}
export interface Airport {
  iata: string
  name: string
  city: string | null
  state: string | null
  country: string
  latitude: number
  longitude: number
}
export interface Strike {
  id: number
  date: string
  airport: string
  operator: string
  aircraft: string
  species: string
  size: string
  phase: string
  damage: string
  cost: number
  speed: number | null
}

// A day before and after the nights of February: a night must find more in the world than its own rows.
export const firstDay = '2001-01-31'
export const lastDay = '2001-03-01'

const dataFile = (name: string) => new URL(`data/${name}`, new URL('../', import.meta.resolve('vega-datasets'))).pathname

/** Reads the real flights of February, all airports, and the strikes of the first quarter. */
export async function readHistory(): Promise<History> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const db = await instance.connect()
  try {
    const rows = async <T>(sql: string) => (await db.runAndReadAll(sql)).getRowObjectsJS() as unknown as T[]
    return {
      flights: new Map((await rows<{ date: string; lines: string }>(flightsSql)).map(({ date, lines }) => [date, lines.split(';')])),
      airports: await rows<Airport>(airportsSql),
      strikes: (await rows<Strike & { name: string }>(strikesSql)).map(({ name, ...strike }) => ({
        ...strike,
        airport: airportCodes[name] ?? 'ZZZ',
      })),
    }
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

// The file keeps a minute and no number, so flights get one in an order that nothing but their own values decides.
// Half a million rows come out of DuckDB ten times as fast as a text a day.
const flightsSql = `
  with flown as (
    select row_number() over (order by date, origin, destination, distance, delay) as id, strftime(date, '%Y-%m-%d') as day,
      concat_ws(',', id, strftime(date, '%H:%M'), origin, destination, distance, delay) as line
    from read_parquet('${dataFile('flights-3m.parquet')}')
    where date >= date '${firstDay}' and date < date '${lastDay}' + 1
  )
  select day as date, string_agg(line, ';' order by id) as lines from flown group by day order by day`

/** Half a million flights as objects would cost a second and a hundred megabytes; most are only put into a database. */
export function flightOf(date: string, line: string): Flight {
  const [id, departs, origin, destination, distance, delay] = line.split(',') as [string, string, string, string, string, string]
  return { id: Number(id), date, departs, origin, destination, distance: Number(distance), delay: Number(delay) }
}

const airportsSql = `
  select iata, name, nullif(city, 'NA') as city, nullif(state, 'NA') as state, country, latitude, longitude
  from read_csv('${dataFile('airports.csv')}') order by iata`

const strikesSql = `
  select cast(row_number() over () as int) as id, strftime("Flight Date", '%Y-%m-%d') as date, "Airport Name" as name,
    "Aircraft Airline Operator" as operator, "Aircraft Make Model" as aircraft, "Wildlife Species" as species, "Wildlife Size" as size,
    "Phase of flight" as phase, "Effect Amount of damage" as damage, cast("Cost Total $" as int) as cost, cast("Speed IAS in knots" as int) as speed
  from read_csv('${dataFile('birdstrikes.csv')}')
  where "Flight Date" between date '2001-01-01' and date '2001-03-31'`
