import { isTimed } from '../core/partition.ts'
import type { ColumnType } from '../core/schema.ts'
import type { Dataset, RowOf } from '../task/dataset.ts'

/** Which of a row's times were not named; `runTask` puts them inside the partition. A spread copy loses the mark and stays as it is. */
export const unnamedTimes = Symbol('unnamed times')

// Where no partition says a time: the day on which every calendar begins.
const DATE = '1970-01-01'
const numbers = new WeakMap<Dataset, number>()

/**
 * Makes a row of a dataset. Columns that are not named get harmless defaults: zero, false, the empty text, an empty list, null for json;
 * dates and times of a dated dataset lie in the partition that `runTask` puts the row into. Key columns get values of their own, so
 * that rows do not count as the same by accident.
 *
 * @example
 * row(flights, { origin: 'SFO', delay_min: 16 }) // { date: '1970-01-01', origin: 'SFO', destination: '', delay_min: 16 }
 */
export function row<D extends Dataset>(dataset: D, named: Partial<RowOf<D>> = {}): RowOf<D> {
  const number = (numbers.get(dataset) ?? 0) + 1
  numbers.set(dataset, number)
  const made: Record<string, unknown> = {}
  const times: string[] = []
  for (const [name, type] of Object.entries(dataset.columns)) {
    const given = (named as Record<string, unknown>)[name]
    if (given !== undefined) made[name] = given
    else made[name] = dataset.key.includes(name) ? distinct(name, type, number) : harmless(type)
    if (given === undefined && (type === 'date' || type === 'timestamp') && isTimed(dataset.partition)) times.push(name)
  }
  // Enumerable it would show up in what a test prints and compares.
  Object.defineProperty(made, unnamedTimes, { value: times })
  return made as RowOf<D>
}

function harmless(type: ColumnType): unknown {
  if (typeof type === 'object') {
    if ('decimal' in type) return decimalText(0, type.decimal[1])
    if ('array' in type) return []
    return Object.fromEntries(Object.entries(type.struct).map(([name, t]) => [name, harmless(t)]))
  }
  return { string: '', int: 0, bigint: 0n, double: 0, boolean: false, date: DATE, timestamp: `${DATE}T00:00:00Z`, json: null }[type]
}

function distinct(name: string, type: ColumnType, number: number): unknown {
  if (type === 'string') return `${name}-${number}`
  if (type === 'int' || type === 'double') return number
  if (type === 'bigint') return BigInt(number)
  if (typeof type === 'object' && 'decimal' in type) return decimalText(number % 10 ** (type.decimal[0] - type.decimal[1]), type.decimal[1])
  return harmless(type)
}

const decimalText = (whole: number, scale: number) => (scale === 0 ? String(whole) : `${whole}.${'0'.repeat(scale)}`)
