/*
 * What the compiler refuses of a task.ts, compiled with the project: each `@ts-expect-error` is a mistake that must not compile,
 * and its neighbours are the right way to say the same. Nothing here runs.
 */
import type { Source } from '../../shared/ports/source.ts'
import type { Target } from '../../shared/ports/target.ts'
import {
  accepted,
  all,
  between,
  daily,
  dataset,
  decimal,
  hourly,
  ingest,
  keys,
  latest,
  load,
  matches,
  monthly,
  notNull,
  offset,
  overlapping,
  type RowOf,
  receipts,
  same,
  struct,
  trailing,
  transform,
  unique,
  unpartitioned,
  weekly,
} from '../../shared/task/index.ts'

declare const source: Source
declare const target: Target
const about = { description: 'of the type tests', owner: 'tests@example.com' }
const columns = { id: 'int', city: 'string', price: decimal(10, 2), big: 'bigint', at: struct({ lat: 'double' }) } as const

const flights = dataset('flights', { partition: daily({ timezone: 'America/New_York' }), columns, ...about })
const sameZone = dataset('same_zone', { partition: daily({ timezone: 'America/New_York', from: '2001-01-01' }), columns, ...about })
const utcDays = dataset('utc_days', { partition: daily(), columns, ...about })
const hours = dataset('hours', { partition: hourly(), columns, ...about })
const weeks = dataset('weeks', { partition: weekly({ timezone: 'America/New_York' }), columns, ...about })
const months = dataset('months', { partition: monthly(), columns, ...about })
const regions = dataset('regions', { partition: keys(['emea', 'apac', 'amer']), columns, ...about })
const twoRegions = dataset('two_regions', { partition: keys(['emea', 'apac']), columns, ...about })
const whole = dataset('whole', { partition: unpartitioned(), columns, ...about })
const sent = dataset('sent', { partition: daily({ timezone: 'America/New_York' }), columns: receipts, ...about })
const sql = 'statement.sql'

// Datasets: the key names columns, and columns have types.
dataset('d', { partition: daily(), columns, key: ['id', 'city'], ...about })
// @ts-expect-error: no such column
dataset('d', { partition: daily(), columns, key: ['identifier'], ...about })
// @ts-expect-error: no such type
dataset('d', { partition: daily(), columns: { id: 'integer' }, ...about })
// @ts-expect-error: a dataset has an owner
dataset('d', { partition: daily(), columns, description: 'nobody’s' })

// Rows have the columns' types, or null.
const row: RowOf<typeof flights> = { id: 1, city: null, price: '10.25', big: 10n, at: { lat: 1.5 } }
// @ts-expect-error: a decimal is its exact text
row.price = 10.25
// @ts-expect-error: a bigint is no number
row.big = 1

// same: equal grain and zone, and every key of the output.
transform({ inputs: { f: same(flights) }, output: sameZone, sql })
// @ts-expect-error: another time zone
transform({ inputs: { f: same(flights) }, output: utcDays, sql })
// @ts-expect-error: another grain
transform({ inputs: { f: same(flights) }, output: weeks, sql })
// @ts-expect-error: a keyed output of a daily input
transform({ inputs: { f: same(flights) }, output: regions, sql })
transform({ inputs: { r: same(regions) }, output: twoRegions, sql })
// @ts-expect-error: the input has no amer
transform({ inputs: { r: same(twoRegions) }, output: regions, sql })
transform({ inputs: { w: same(whole) }, output: whole, sql })

// trailing and offset: dated, equal grain and zone.
transform({ inputs: { f: trailing(flights, 7), own: offset(sameZone, -1) }, output: sameZone, sql })
// @ts-expect-error: another grain
transform({ inputs: { f: trailing(flights, 7) }, output: weeks, sql })
// @ts-expect-error: another time zone
transform({ inputs: { f: offset(utcDays, -1) }, output: sameZone, sql })
// @ts-expect-error: keys have no order in time
transform({ inputs: { r: trailing(regions, 2) }, output: regions, sql })
// @ts-expect-error: nor do undated datasets
transform({ inputs: { w: offset(whole, -1) }, output: whole, sql })

// overlapping: time on both sides, whatever the grain and zone.
transform({ inputs: { f: overlapping(flights), h: overlapping(hours) }, output: months, sql })
transform({ inputs: { m: overlapping(months) }, output: flights, sql })
// @ts-expect-error: an undated output overlaps nothing
transform({ inputs: { f: overlapping(flights) }, output: whole, sql })
// @ts-expect-error: a keyed input overlaps nothing
transform({ inputs: { r: overlapping(regions) }, output: flights, sql })

// all: keyed or unpartitioned; into a dated output it says what an update means.
transform({ inputs: { r: all(regions) }, output: whole, sql })
transform({ inputs: { r: all(regions, { onUpdate: 'ignore' }) }, output: flights, sql })
// @ts-expect-error: one new key would run every date again
transform({ inputs: { r: all(regions) }, output: flights, sql })
// @ts-expect-error: neither does a wait policy say it
transform({ inputs: { w: all(whole, { wait: { atLeast: 1 } }) }, output: flights, sql })
// @ts-expect-error: dated into undated joins by latest
transform({ inputs: { f: all(flights) }, output: whole, sql })

// latest joins anything, and has no policies: it is sampled.
transform({ inputs: { f: latest(flights), w: latest(whole), r: latest(regions) }, output: weeks, sql })
// @ts-expect-error: it does not wait
latest(flights, { wait: { atLeast: 1 } })

// One input that cannot stand is refused beside others that can.
// @ts-expect-error: utc does not
transform({ inputs: { f: same(flights), utc: same(utcDays) }, output: sameZone, sql })

// Policies.
same(flights, { wait: { optional: '04:30' }, onUpdate: 'hold' })
// @ts-expect-error: no such policy
same(flights, { onUpdate: 'retry' })
// @ts-expect-error: no such wait
same(flights, { wait: 'some' })
transform({ inputs: { f: same(flights) }, output: sameZone, sql, timeout: '90s', retry: { attempts: 3, backoff: '5m' } })
// @ts-expect-error: no duration
transform({ inputs: { f: same(flights) }, output: sameZone, sql, timeout: '5 minutes' })
// @ts-expect-error: a transform has a statement
transform({ inputs: { f: same(flights) }, output: sameZone })
// @ts-expect-error: and inputs
transform({ output: sameZone, sql })

// Checks name the output's columns.
ingest({ source, output: flights, checks: [between('id', 0, 1), notNull('id', 'city'), unique('id'), accepted('city', ['x'])] })
// @ts-expect-error: no such column
ingest({ source, output: flights, checks: [between('idd', 0, 1)] })
// @ts-expect-error: the second is none
ingest({ source, output: flights, checks: [notNull('id', 'town')] })
transform({ inputs: { w: latest(whole) }, output: weeks, sql, checks: [matches('city', whole), matches('city', whole, 'id')] })
// @ts-expect-error: weeks has no town
transform({ inputs: { w: latest(whole) }, output: weeks, sql, checks: [matches('town', whole, 'city')] })
// @ts-expect-error: whole has no town
matches('city', whole, 'town')
// @ts-expect-error: receipts have no city to compare with
matches('city', sent)

// An ingest maps records, of which nothing is known, to the output's columns.
ingest({ source, output: flights, map: r => ({ id: r.number, city: r.town }) })
ingest({ source, output: flights, map: r => (r.id ? { ...r, city: r.town } : null) })
// @ts-expect-error: no such column
ingest({ source, output: flights, map: r => ({ id: r.number, town: r.town }) })
ingest({ source, output: flights, inputs: { u: same(sameZone) } })
// @ts-expect-error: a mapping that cannot join, here too
ingest({ source, output: flights, inputs: { u: same(utcDays) } })

// A load maps typed rows to the columns it declares.
load({ inputs: { f: same(flights) }, target, output: sent })
load({
  inputs: { f: same(flights) },
  target,
  output: sent,
  columns: { id: 'int', town: 'string' },
  map: f => (f.id === null || f.id > 10 ? null : { id: f.id, town: f.city?.toUpperCase() ?? null }),
})
load({
  inputs: { f: same(flights) },
  target,
  output: sent,
  columns: { id: 'int' },
  // @ts-expect-error: flights have no number
  map: f => ({ id: f.number }),
})
load({
  inputs: { f: same(flights) },
  target,
  output: sent,
  columns: { id: 'int' },
  // @ts-expect-error: an int is no text
  map: f => ({ id: f.city }),
})
load({
  inputs: { f: same(flights) },
  target,
  output: sent,
  columns: { id: 'int' },
  // @ts-expect-error: town is not declared
  map: f => ({ id: f.id, town: f.city }),
})
// @ts-expect-error: a mapping that cannot join, here too
load({ inputs: { u: same(utcDays) }, target, output: sent })
