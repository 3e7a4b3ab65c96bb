import { partitioningFault } from '../core/partition.ts'
import type { Dataset } from './dataset.ts'
import {
  anything,
  called,
  flag,
  isRecord,
  number,
  oneOf,
  optional,
  record,
  refuse,
  refuseMisshapen,
  refuseValue,
  type Shape,
  shown,
  takes,
  text,
  texts,
} from './shape.ts'

// By shape: a project may hold another copy of the language than the command that reads it.
export function isDataset(value: unknown): value is Dataset {
  return isRecord(value) && 'partition' in value && 'columns' in value && 'declared' in value && 'name' in value
}

const grains = ['hourly', 'daily', 'weekly', 'monthly', 'keys', 'unpartitioned']
const checks = ['rows', 'notNull', 'unique', 'between', 'accepted', 'matches', 'sql']
const checkList = "a list of checks, like [notNull('id')]"
const asksFaults = (v: unknown, other: string) => isRecord(v) && typeof v.faults === 'function' && typeof v[other] === 'function'

const dataset = takes('a dataset', isDataset)
export const calendarShape: Shape = { from: optional(text), timezone: optional(text) }
export const datasetShape: Shape = {
  partition: takes("what it is cut by, like daily() or keys(['emea'])", v => isRecord(v) && grains.includes(v.grain as string)),
  columns: takes("an object of columns, like { id: 'int' }", isRecord),
  key: optional(texts),
  description: optional(text),
  owner: optional(text),
  readyBy: anything,
  outside: optional(flag),
  keep: anything,
}

export const waitShapes: Readonly<Record<'atLeast' | 'optional', Shape>> = { atLeast: { atLeast: number }, optional: { optional: text } }
export const inputShape: Shape = {
  wait: optional(takes("'all', { atLeast: 5 } or { optional: '04:30' }", v => v === 'all' || isRecord(v))),
  onUpdate: optional(oneOf('rerun', 'ignore', 'hold')),
}

export const rowsShape: Shape = { atLeast: optional(number), atMost: optional(number) }
export const checkShapes = {
  columns: takes("names of columns in quotes, like notNull('id', 'name')", v => texts(v) === undefined),
  column: takes("a column's name in quotes, like 'id'", v => typeof v === 'string'),
  values: takes("a list of values, like ['NY', 'NJ']", Array.isArray),
  dataset,
  name: text,
  sql: text,
} as const

const taskShape: Shape = {
  inputs: record,
  output: takes('the dataset it makes', isDataset),
  checks: optional(takes(checkList, v => Array.isArray(v) && v.every(c => isRecord(c) && checks.includes(c.check as string)))),
  retry: optional(record),
  timeout: anything,
  limit: anything,
  engine: anything,
  memoryMb: anything,
  diskMb: anything,
  spark: optional(record),
  network: anything,
}
const shapes = {
  ingest: {
    ...taskShape,
    inputs: optional(record),
    source: takes('where it reads from, like jsonApi({…}) of redeye/sources', v => asksFaults(v, 'read')),
    onNight: optional(flag),
    map: optional(called),
    maxRejected: anything,
  },
  transform: { ...taskShape, sql: takes("the name of its SQL’s file, like 'clean-orders.sql'", v => typeof v === 'string' && v !== '') },
  load: {
    ...taskShape,
    target: takes('where it delivers to, like httpApi({…}) of redeye/targets', v => asksFaults(v, 'deliver')),
    columns: optional(record),
    map: optional(called),
  },
} satisfies Record<string, Shape>
const retryShape: Shape = { attempts: anything, backoff: anything, factor: anything, timeouts: anything, losses: anything }
const sparkShape: Shape = { memoryGb: anything, diskGb: anything }

/** Throws BAD_TASK for what a task's types would have refused, before anything is read off it. */
export function refuseMisshapenTask(kind: keyof typeof shapes, options: Readonly<Record<string, unknown>>): void {
  refuseMisshapen(kind, options, shapes[kind])
  if (options.retry) refuseMisshapen('retry', options.retry, retryShape)
  if (options.spark) refuseMisshapen('spark', options.spark, sparkShape)
  for (const [alias, input] of Object.entries((options.inputs ?? {}) as object)) refuseNoInput(alias, input)
}

function refuseNoInput(alias: string, input: unknown): void {
  if (isRecord(input) && isDataset(input.dataset) && isRecord(input.mapping)) return
  const name = isDataset(input) ? input.name : 'flights'
  refuse(
    `the input "${alias}" is ${shown(input)}, and does not say which of its partitions are taken`,
    `write a mapping around a dataset: same(${name}), trailing(${name}, 7), latest(${name})`,
    ['inputs', alias],
  )
}

/** Throws for what an input's types would have refused. */
export function refuseMisshapenInput(word: string, given: unknown, options: { wait?: unknown }): void {
  refuseValue(word, 'its dataset', given, dataset)
  refuseMisshapen(word, options, inputShape)
  if (isRecord(options.wait)) refuseMisshapen('wait', options.wait, waitShapes['optional' in options.wait ? 'optional' : 'atLeast'])
}

/** Throws for what a dataset's types would have refused, and for a partitioning that no zone or calendar has. */
export function refuseMisshapenDataset(name: unknown, options: { partition: Dataset['partition'] }): void {
  refuseValue('dataset', 'its name', name, text)
  refuseMisshapen(`dataset ${shown(name)}`, options, datasetShape)
  const fault = partitioningFault(options.partition)
  if (fault === undefined) return
  const wrong = /^"(.+)" is no/.exec(fault)?.[1]
  refuse(`${name} cannot be partitioned so: ${fault}`, remedyOf(fault), wrong === undefined ? [] : [wrong])
}

function remedyOf(fault: string): string {
  if (fault.endsWith('is no time zone')) return 'name a zone as IANA does, like America/New_York'
  return fault.endsWith('is no date') ? 'write a first date that the calendar has, like 2001-02-01' : 'mend the dataset’s partition'
}
