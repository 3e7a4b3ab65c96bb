import type { Partitioning } from '../core/partition.ts'
import type { ArrayType, Columns, ColumnType, DecimalType, Row, StructType } from '../core/schema.ts'
import { calendarShape, refuseMisshapenDataset } from './declared-shapes.ts'
import { type Declared, declaredAt } from './place.ts'
import { refuseMisshapen, refuseValue, texts } from './shape.ts'

export interface Hourly<Z extends string = string> {
  readonly grain: 'hourly'
  readonly from?: string
  readonly timezone: Z
}
export interface Daily<Z extends string = string> {
  readonly grain: 'daily'
  readonly from?: string
  readonly timezone: Z
}
export interface Weekly<Z extends string = string> {
  readonly grain: 'weekly'
  readonly from?: string
  readonly timezone: Z
}
export interface Monthly<Z extends string = string> {
  readonly grain: 'monthly'
  readonly from?: string
  readonly timezone: Z
}
export interface Keyed<K extends string = string> {
  readonly grain: 'keys'
  readonly keys: readonly K[]
}
export interface Unpartitioned {
  readonly grain: 'unpartitioned'
}

interface Calendar<Z extends string> {
  /** The first date, `2001-02-01`; what lies before it does not exist. */
  from?: string
  /** An IANA time zone; UTC unless given. */
  timezone?: Z
}

/** UTC hours, `2001-02-14T05Z`. The zone places a first date and says which hours a night makes. */
export function hourly<const Z extends string = 'UTC'>(calendar: Calendar<Z> = {}): Hourly<Z> {
  refuseMisshapen('hourly', calendar, calendarShape)
  return { grain: 'hourly', from: calendar.from, timezone: (calendar.timezone ?? 'UTC') as Z }
}
/** Calendar days of the zone, `2001-02-14`. */
export function daily<const Z extends string = 'UTC'>(calendar: Calendar<Z> = {}): Daily<Z> {
  refuseMisshapen('daily', calendar, calendarShape)
  return { grain: 'daily', from: calendar.from, timezone: (calendar.timezone ?? 'UTC') as Z }
}
/** ISO weeks, Monday to Sunday in the zone, `2001-W07`. */
export function weekly<const Z extends string = 'UTC'>(calendar: Calendar<Z> = {}): Weekly<Z> {
  refuseMisshapen('weekly', calendar, calendarShape)
  return { grain: 'weekly', from: calendar.from, timezone: (calendar.timezone ?? 'UTC') as Z }
}
/** Calendar months of the zone, `2001-02`. */
export function monthly<const Z extends string = 'UTC'>(calendar: Calendar<Z> = {}): Monthly<Z> {
  refuseMisshapen('monthly', calendar, calendarShape)
  return { grain: 'monthly', from: calendar.from, timezone: (calendar.timezone ?? 'UTC') as Z }
}
/** One partition a key, in this order. */
export function keys<const K extends string>(names: readonly K[]): Keyed<K> {
  refuseValue('keys', 'its keys', names, texts)
  return { grain: 'keys', keys: names }
}
/** One partition, `all`. */
export function unpartitioned(): Unpartitioned {
  return { grain: 'unpartitioned' }
}

/** A decimal of so many digits, `scale` of them after the point. */
export function decimal(precision: number, scale: number): DecimalType {
  return { decimal: [precision, scale] }
}
export function array<const T extends ColumnType>(element: T): { readonly array: T } & ArrayType {
  return { array: element }
}
export function struct<const C extends Columns>(fields: C): { readonly struct: C } & StructType {
  return { struct: fields }
}

export interface Dataset<C extends Columns = Columns, P extends Partitioning = Partitioning> {
  readonly name: string
  readonly partition: P
  readonly columns: C
  /** The columns that identify a row within a partition: a version in which two rows have one key fails, as by a check `unique`. */
  readonly key: readonly string[]
  readonly description: string
  readonly owner: string
  /** When readers expect a partition, `05:30` in its zone on the day after its last. */
  readonly readyBy: string | undefined
  /** Made outside of Redeye: no task produces it, deliveries do. */
  readonly outside: boolean
  /** How long a version that is no longer current stays, in a duration like `30d`. */
  readonly keep: string
  readonly declared: Declared
}

export interface DatasetOptions<C extends Columns, P extends Partitioning> {
  partition: P
  columns: C
  key?: readonly (keyof C & string)[]
  description: string
  owner: string
  readyBy?: string
  outside?: boolean
  keep?: string
}

/**
 * Declares a dataset: the contract between whoever makes it and whoever reads it.
 *
 * @example
 * export const airports = dataset('airports', {
 *   partition: unpartitioned(),
 *   columns: { iata: 'string', name: 'string', latitude: 'double', longitude: 'double' },
 *   key: ['iata'],
 *   description: 'US airports with their positions',
 *   owner: 'network@example.com',
 * })
 */
export function dataset<const C extends Columns, const P extends Partitioning>(name: string, options: DatasetOptions<C, P>): Dataset<C, P> {
  refuseMisshapenDataset(name, options)
  return {
    name,
    partition: options.partition,
    columns: options.columns,
    key: options.key ?? [],
    description: options.description,
    owner: options.owner,
    readyBy: options.readyBy,
    outside: options.outside ?? false,
    keep: options.keep ?? '7d',
    declared: declaredAt(),
  }
}

/** The row type of a dataset. */
export type RowOf<D extends Dataset> = Row<D['columns']>
