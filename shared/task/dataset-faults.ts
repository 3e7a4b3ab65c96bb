import { nearest } from '../core/errors.ts'
import { NAME_LENGTH } from '../core/event-shape.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import type { Dataset } from './dataset.ts'
import { durationMs } from './duration.ts'
import type { Fault } from './fault.ts'

const scalars = ['string', 'int', 'bigint', 'double', 'boolean', 'date', 'timestamp', 'json']
// Spark and DuckDB both hold at most 38 digits.
const MAX_PRECISION = 38
export const timeOfDay = /^([01]\d|2[0-3]):[0-5]\d$/

/** What helps a name that no event can tell. */
export const TOO_LONG = `events take names of at most ${NAME_LENGTH}`

/** What is wrong with a dataset by itself (its partitioning is the graph's concern). */
export function datasetFaults(dataset: Dataset): Fault[] {
  const faults: Fault[] = []
  const say = (message: string, remedy: string, near?: string) =>
    faults.push({ message: `${dataset.name}: ${message}`, remedy, at: dataset.declared, near })
  if (!/^[a-z][a-z0-9_]*$/.test(dataset.name))
    say('this is no name for a dataset', 'use small letters, digits and "_": SQL and the lake name it so', dataset.name)
  const { partition } = dataset
  for (const name of [dataset.name, ...(partition.grain === 'keys' ? partition.keys : [])])
    if (name.length > NAME_LENGTH) say(`"${name}" has ${name.length} characters`, TOO_LONG, name)
  const names = Object.keys(dataset.columns)
  if (names.length === 0) say('it has no columns', 'declare what a row holds')
  for (const [name, type] of Object.entries(dataset.columns))
    for (const [message, remedy] of columnFaults(name, type)) say(message, remedy, name)
  const twice = names.find((n, i) => names.findIndex(m => m.toLowerCase() === n.toLowerCase()) < i)
  if (twice) say(`two columns are called "${twice}"`, 'SQL does not tell large letters from small: rename one', twice)
  for (const column of dataset.key)
    if (!names.includes(column)) say(`the key names "${column}", which is no column`, meant(column, names), column)
  if (dataset.readyBy !== undefined && !timeOfDay.test(dataset.readyBy))
    say(`readyBy "${dataset.readyBy}" is no time of day`, 'write it like 05:30', dataset.readyBy)
  try {
    durationMs(dataset.keep)
  } catch {
    say(`keep "${dataset.keep}" is no duration`, 'write it like 30d', dataset.keep)
  }
  return faults
}

export function* columnFaults(name: string, type: ColumnType): Generator<[message: string, remedy: string]> {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) yield [`"${name}" is no name for a column`, 'use letters, digits and "_"']
  if (name.toLowerCase() === '_partition')
    yield ['"_partition" is what SQL calls the partition of an input', 'give the column another name']
  if (typeof type === 'string') {
    if (!scalars.includes(type)) yield [`the column "${name}" is of an unknown type "${type}"`, nearOr(type, scalars)]
  } else if (type && typeof type === 'object' && 'decimal' in type) {
    const [precision, scale] = [type.decimal].flat() as [number, number]
    const fits =
      Number.isInteger(precision) &&
      Number.isInteger(scale) &&
      precision >= 1 &&
      precision <= MAX_PRECISION &&
      scale >= 0 &&
      scale <= precision
    if (!fits)
      yield [
        `the column "${name}" is a decimal(${precision}, ${scale})`,
        `take 1 to ${MAX_PRECISION} digits, and no more of them after the point`,
      ]
  } else if (type && typeof type === 'object' && 'array' in type) yield* columnFaults(name, type.array)
  else if (type && typeof type === 'object' && 'struct' in type) {
    for (const [field, inner] of Object.entries(type.struct ?? {})) yield* columnFaults(field, inner)
  } else yield [`the column "${name}" has no type`, nearOr('', scalars)]
}

const nearOr = (type: string, types: string[]) => {
  const near = nearest(type, types)
  return near ? `did you mean ${near}?` : `use ${types.join(', ')}, decimal(p, s), array(…) or struct({…})`
}

/** "Did you mean", or the columns there are. */
export function meant(column: string, columns: readonly string[]): string {
  const near = nearest(column, columns)
  return near ? `did you mean ${near}?` : `the columns are ${columns.join(', ')}`
}

/** Whether two datasets have the same columns of the same types, in the same order. */
export const sameColumns = (a: Columns, b: Columns) => JSON.stringify(Object.entries(a)) === JSON.stringify(Object.entries(b))
