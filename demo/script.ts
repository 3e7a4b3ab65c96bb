import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { createGunzip } from 'node:zlib'
import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api'
import { SaxesParser } from 'saxes'

/*
 * The demo's nights as one would write them by hand in an afternoon: the same reading, SQL, checks and loading with the same libraries, a file a
 * dataset and partition, and no ledger, no events, no retry of a step, no resuming. It is what the demo's speed is measured against.
 */

type Settings = Readonly<Record<string, string>>
type Chunked = { names: string[]; types: DuckDBType[]; columns: DuckDBValue[][] }

interface Night {
  db: DuckDBConnection
  warehouse: DuckDBConnection
  settings: Settings
  /** Where the files of datasets are. */
  lake: string
  date: string
}

/** Runs nights one after the other; files go to `lake`. Settings are those of `prepareWorld`, whose folders it must not share with a runtime. */
export async function runScript(settings: Settings, lake: string, dates: readonly string[]): Promise<void> {
  mkdirSync(lake, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:')
  const warehouseInstance = await DuckDBInstance.create(settings.WAREHOUSE!.slice('duckdb:'.length))
  try {
    await using warehouse = await connectionTo(warehouseInstance)
    for (const date of dates) {
      await using db = await connectionTo(instance)
      const night = { db: db.connection, warehouse: warehouse.connection, settings, lake, date }
      // Steps that run at the same time cannot share a connection.
      await Promise.all([readFlights, readBookings, readLogs, readAirports, readStrikes].map(read => withConnection(instance, night, read)))
      await makeAndLoad(night)
    }
  } finally {
    warehouseInstance.closeSync()
    instance.closeSync()
  }
}

/** A connection that is left open keeps its database open, and a second opening of the file would then spoil it. */
async function connectionTo(instance: DuckDBInstance) {
  const connection = await instance.connect()
  await connection.run(`set TimeZone = 'UTC'`)
  return { connection, [Symbol.asyncDispose]: async () => connection.closeSync() }
}

async function withConnection(instance: DuckDBInstance, night: Night, use: (night: Night) => Promise<void>): Promise<void> {
  await using db = await connectionTo(instance)
  await use({ ...night, db: db.connection })
}

async function makeAndLoad(night: Night): Promise<void> {
  const { date } = night
  const week = lastDays(date, 7)
  await transform(night, 'airport-day', 'airport_days', date, { flights: [date], airports: [date], strikes: ['wildlife_strikes', date] }, [
    'late between 0 and 2000',
  ])
  await transform(night, 'route-punctuality', 'route_punctuality', date, { flights: week, airports: [date] }, [
    'on_time_share between 0 and 1',
  ])
  await transform(night, 'web-sessions', 'sessions', date, { requests: ['web_logs', date] }, ['ended_at >= started_at'])
  await transform(night, 'visitor-list', 'visitors', date, { yesterday: ['visitors', dayAfter(date, -1)], sessions: [date] }, [
    'last_seen >= first_seen',
  ])
  await transform(night, 'route-demand', 'route_demand', date, { sessions: [date], bookings: [date] }, ['seats between 0 and 100000'])
  if (weekdayOf(date) === 0)
    await transform(night, 'network-week', 'network_weeks', date, { days: ['airport_days', ...week] }, ['late_share between 0 and 1'])
  if (dayAfter(date, 1).endsWith('-01')) {
    await transform(
      night,
      'network-month',
      'network_months',
      date.slice(0, 7),
      { days: ['airport_days', ...lastDays(date, Number(date.slice(8)))] },
      ['late_share between 0 and 1'],
    )
    await loadTable(night, 'network_months', date.slice(0, 7))
  }
  await loadTable(night, 'route_punctuality', date)
  await loadTable(night, 'airport_days', date)
  await Promise.all([sendLateRoutes(night), queueSessions(night)])
}

// Reading

async function readFlights(night: Night): Promise<void> {
  const rows = select(night, 'select * from flights where flight_date = ? order by flight_id', night.date)
  const types = [INTEGER, VARCHAR, VARCHAR, VARCHAR, VARCHAR, INTEGER, INTEGER]
  const names = ['flight_id', 'flight_date', 'departs_at', 'origin', 'destination', 'distance_mi', 'delay_min']
  await write(night, 'flights', chunked(names, types, rows), '* replace (cast(flight_date as date) as flight_date)', [
    'distance_mi between 1 and 12000',
  ])
}

async function readBookings(night: Night): Promise<void> {
  // Head office is five hours behind UTC all winter.
  const [from, to] = [`${night.date} 05:00:00`, `${dayAfter(night.date, 1)} 05:00:00`]
  const rows = select(night, 'select * from bookings where booked_at >= ? and booked_at < ? order by booking_id', from, to)
  const names = ['booking_id', 'booked_at', 'visitor', 'flight_id', 'route', 'seats', 'fare']
  const types = [INTEGER, VARCHAR, VARCHAR, INTEGER, VARCHAR, INTEGER, VARCHAR]
  const selected = '* replace (cast(booked_at as timestamp) as booked_at, cast(fare as decimal(10, 2)) as fare)'
  await write(night, 'bookings', chunked(names, types, rows), selected, ['seats between 1 and 9'])
}

function select(night: Night, sql: string, ...values: string[]): DuckDBValue[][] {
  const db = new DatabaseSync(night.settings.OPERATIONS_DB!.slice('sqlite:'.length), { readOnly: true })
  try {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement.all(...values) as unknown as DuckDBValue[][]
  } finally {
    db.close()
  }
}

const line =
  /^(\S+) (\S+) (\S+) \[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\] "([A-Z]+) (\S+)[^"]*" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"$/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

async function readLogs(night: Night): Promise<void> {
  const file = join(night.settings.SITE_LOGS!, `access-${night.date}.log.gz`)
  const rows: DuckDBValue[][] = []
  const bad: string[] = []
  for await (const text of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    const m = line.exec(text)
    if (!m) {
      bad.push(text)
      continue
    }
    const at = `${m[6]}-${String(months.indexOf(m[5]!) + 1).padStart(2, '0')}-${m[4]} ${m[7]}${m[8]}:${m[9]}`
    const absent = (field: string) => (field === '-' ? null : field)
    rows.push([at, absent(m[3]!), m[10]!, m[11]!, Number(m[12]), m[13] === '-' ? null : Number(m[13]), absent(m[14]!), absent(m[15]!)])
  }
  if (bad.length > 0.01 * (rows.length + bad.length)) throw new Error(`${file}: ${bad.length} bad lines`)
  if (bad.length > 0) await appendFile(join(night.lake, 'bad-lines.txt'), `${bad.join('\n')}\n`)
  const names = ['requested_at', 'visitor', 'method', 'path', 'status', 'bytes', 'referrer', 'agent']
  const types = [VARCHAR, VARCHAR, VARCHAR, VARCHAR, INTEGER, INTEGER, VARCHAR, VARCHAR]
  const selected = `* replace (cast(cast(requested_at as timestamptz) as timestamp) as requested_at)`
  await write(night, 'web_logs', chunked(names, types, rows), selected, [
    'requested_at is not null and path is not null and status is not null',
  ])
}

async function readAirports(night: Night): Promise<void> {
  const rows: DuckDBValue[][] = []
  const names = ['iata', 'name', 'city', 'state', 'country', 'latitude', 'longitude']
  for (let page = 1, pages = 1; page <= pages; page++) {
    const headers = { 'x-api-key': night.settings.AIRPORTS_KEY! }
    const answer = await patiently(`${night.settings.AIRPORTS_API}/airports?date=${night.date}&page=${page}`, { headers })
    const body = (await answer.json()) as { pages: number; airports: Record<string, DuckDBValue>[] }
    pages = body.pages
    for (const airport of body.airports) rows.push(names.map(name => airport[name] ?? null))
  }
  const types = [VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, DOUBLE, DOUBLE]
  await write(night, 'airports', chunked(names, types, rows), '*', ['latitude between -90 and 90', 'longitude between -180 and 180'])
}

async function readStrikes(night: Night): Promise<void> {
  const rows: DuckDBValue[][] = []
  const fields = ['id', 'date', 'airport', 'operator', 'aircraft', 'species', 'size', 'phase', 'damage', 'cost', 'speed']
  const parser = new SaxesParser()
  let strike: Record<string, string> = {}
  let text = ''
  parser.on('opentag', tag => {
    text = ''
    if (tag.name === 'strike') strike = { id: String(tag.attributes.id) }
  })
  parser.on('text', part => (text += part))
  parser.on('closetag', tag => {
    if (tag.name === 'strike') rows.push(fields.map(field => (strike[field] === '' ? null : (strike[field] ?? null))))
    else strike[tag.name] = text
  })
  const answer = await patiently(`${night.settings.STRIKES_API}/strikes?date=${night.date}`)
  parser.write(await answer.text()).close()
  const names = [
    'strike_id',
    'strike_date',
    'airport',
    'operator',
    'aircraft',
    'species',
    'size',
    'phase',
    'damage',
    'cost_usd',
    'speed_kn',
  ]
  const selected = `* replace (cast(strike_id as int) as strike_id, cast(strike_date as date) as strike_date, cast(cost_usd as int) as cost_usd, cast(speed_kn as int) as speed_kn)`
  await write(
    night,
    'wildlife_strikes',
    chunked(
      names,
      names.map(() => VARCHAR),
      rows,
    ),
    selected,
    ['airport is not null'],
  )
}

async function patiently(url: string, init: RequestInit = {}): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(url, init)
    if (answer.ok) return answer
    if (tries === 6 || (answer.status !== 429 && answer.status < 500))
      throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
    await answer.body?.cancel()
    await new Promise(resolve => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after') ?? 2 ** tries)))
  }
}

// Making

const fileOf = (night: Night, dataset: string, partition: string) => join(night.lake, dataset, `${partition}.parquet`)

/** Runs a service's own SQL, which DuckDB takes as it stands, over files of earlier steps. An input's dataset is its alias unless it comes first in the list. */
async function transform(
  night: Night,
  service: string,
  dataset: string,
  partition: string,
  inputs: Record<string, string[]>,
  checks: string[],
): Promise<void> {
  for (const [alias, list] of Object.entries(inputs)) {
    const named = !/^\d/.test(list[0]!)
    const from = named ? list[0]! : alias
    const files = (named ? list.slice(1) : list).map(key => fileOf(night, from, key)).filter(file => existsSync(file))
    const rows = files.length > 0 ? `read_parquet(${quotedList(files)})` : emptyVisitors
    await night.db.run(`create or replace temp view ${alias} as from ${rows}`)
  }
  const sql = readFileSync(new URL(`../services/${service}/${service}.sql`, import.meta.url), 'utf8')
  await store(night, dataset, partition, `(${sql})`, checks)
}

/** Only the first day's list of visitors has nothing to go on from. */
const emptyVisitors =
  '(select null::varchar as visitor, null::timestamp as first_seen, null::timestamp as last_seen, null::int as sessions, null::int as bookings where false)'

async function write(night: Night, dataset: string, rows: Chunked, selected: string, checks: string[]): Promise<void> {
  const table = `raw_${dataset}`
  const columns = rows.names.map((name, i) => `${name} ${rows.types[i]}`).join(', ')
  await night.db.run(`create or replace temp table ${table} (${columns})`)
  const appender = await night.db.createAppender(table)
  const count = rows.columns[0]?.length ?? 0
  for (let from = 0; from < count; from += 2048) {
    const chunk = DuckDBDataChunk.create(rows.types, Math.min(2048, count - from))
    rows.columns.forEach((values, i) => {
      chunk.setColumnValues(i, values.slice(from, from + 2048))
    })
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
  await store(night, dataset, night.date, `(select ${selected} from ${table})`, checks)
}

/** Writes a file, looks whether it is good, and only then gives it its name. */
async function store(night: Night, dataset: string, partition: string, relation: string, checks: string[]): Promise<void> {
  const file = fileOf(night, dataset, partition)
  mkdirSync(join(night.lake, dataset), { recursive: true })
  await night.db.run(`copy (from ${relation}) to '${file}.new' (format parquet, compression zstd)`)
  for (const check of checks) {
    const reader = await night.db.runAndReadAll(`select count(*) from read_parquet('${file}.new') where not (${check})`)
    const violations = Number(reader.getRowsJson()[0]![0])
    if (violations > 0) {
      await rm(`${file}.new`)
      throw new Error(`${dataset}@${partition}: ${violations} rows are not ${check}`)
    }
  }
  renameSync(`${file}.new`, file)
}

function chunked(names: string[], types: DuckDBType[], rows: DuckDBValue[][]): Chunked {
  return { names, types, columns: names.map((_, i) => rows.map(row => row[i] ?? null)) }
}

// Loading

async function loadTable({ warehouse, ...night }: Night, table: string, partition: string): Promise<void> {
  const rows = `(select *, '${partition}' as _partition from read_parquet('${fileOf({ warehouse, ...night }, table, partition)}'))`
  await warehouse.run('begin')
  await warehouse.run(`create table if not exists ${table} as from ${rows} limit 0`)
  await warehouse.run(`delete from ${table} where _partition = '${partition}'`)
  await warehouse.run(`insert into ${table} by name from ${rows}`)
  await warehouse.run('commit')
}

const LATE_BATCH = 50

async function sendLateRoutes(night: Night): Promise<void> {
  const from = `read_parquet('${fileOf(night, 'route_punctuality', night.date)}')`
  const reader = await night.db.runAndReadAll(`select route, 1 - on_time_share as late_share from ${from} where on_time_share < 0.5`)
  const rows = reader.getRowObjectsJson()
  const sent: Promise<Response>[] = []
  for (let batch = 0; batch * LATE_BATCH < rows.length; batch++) {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${night.settings.CREW_DESK_TOKEN}`,
      'idempotency-key': `script/${night.date}/b${batch}`,
      'redeye-fence': '1.1',
    }
    const body = JSON.stringify(rows.slice(batch * LATE_BATCH, (batch + 1) * LATE_BATCH))
    sent.push(patiently(`${night.settings.CREW_DESK}/late-routes`, { method: 'POST', headers, body }))
  }
  for (const answer of await Promise.all(sent)) await answer.text()
}

async function queueSessions(night: Night): Promise<void> {
  const reader = await night.db.runAndReadAll(`from read_parquet('${fileOf(night, 'sessions', night.date)}')`)
  const db = new DatabaseSync(night.settings.MARKETING_QUEUE!.slice('sqlite:'.length))
  try {
    db.exec(
      'pragma journal_mode = wal; create table if not exists messages (sequence integer primary key, topic text, id text, body text, unique (topic, id))',
    )
    db.exec('begin immediate')
    const insert = db.prepare('insert into messages (topic, id, body) values (?, ?, ?) on conflict do nothing')
    for (const session of reader.getRowObjectsJson())
      insert.run('sessions', `${night.date}/${session.visitor}/${session.session}`, JSON.stringify(session))
    db.exec('commit')
  } finally {
    db.close()
  }
}

// Dates

const dayAfter = (date: string, days: number) => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)
const lastDays = (date: string, n: number) => Array.from({ length: n }, (_, i) => dayAfter(date, i - n + 1))
const weekdayOf = (date: string) => new Date(date).getUTCDay()
const quotedList = (files: string[]) => `[${files.map(file => `'${file}'`).join(', ')}]`
