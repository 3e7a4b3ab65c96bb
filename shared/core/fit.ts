import { type BadValue, fitDecimal, fitDouble, integerFitter } from './fit-number.ts'
import { fitDate, fitTimestamp } from './fit-time.ts'
import type { Columns, ColumnType, Json, Row } from './schema.ts'

/** A record that fits its columns, or why it does not: column, received value and expected type. */
export type Fit<C extends Columns = Columns> = { readonly row: Row<C> } | { readonly reason: string }
type Fitter = (value: unknown) => unknown

// A reason stands in a quarantine file for people: enough of the value to recognise it, never a whole document.
const SHOWN_CHARACTERS = 60

/**
 * Makes the function that fits loosely typed records (of CSV, logs, XML, JSON or a database) to columns; what it needs to
 * know of the columns is worked out once. A field that is absent, null or undefined becomes null, a field that is no column
 * is left out. What a type cannot hold exactly is refused with a reason, never rounded and never null; only a `double` takes
 * the nearest of its own numbers, which is what the type means.
 *
 * @example
 * const fit = fitter({ id: 'int', price: { decimal: [8, 2] } })
 * fit({ id: '7', price: 12.5, colour: 'red' }) // { row: { id: 7, price: '12.50' } }
 * fit({ id: '7.5' }) // { reason: 'id: received "7.5", expected int' }
 */
export function fitter<C extends Columns>(columns: C): (record: Record<string, unknown>) => Fit<C> {
  const fitFields = structFitter(columns)
  return record => {
    try {
      return { row: fitFields(record) as Row<C> }
    } catch (error) {
      if (error instanceof Misfit) return { reason: error.reason }
      throw error
    }
  }
}

const fitters = new WeakMap<Columns, (record: Record<string, unknown>) => Fit>()

/** Fits one record; `fitter` in a form that keeps what it worked out beside the columns. */
export function fitRow<C extends Columns>(record: Record<string, unknown>, columns: C): Fit<C> {
  let fitColumns = fitters.get(columns)
  if (!fitColumns) fitters.set(columns, (fitColumns = fitter(columns)))
  return fitColumns(record) as Fit<C>
}

/** Thrown inside this file only; not an Error, since a stack trace for each bad record costs more than the record. */
class Misfit {
  path: string
  readonly received: string
  readonly expected: string
  constructor(value: unknown, expected: string) {
    this.path = ''
    this.received = show(value)
    this.expected = expected
  }
  get reason(): string {
    return `${this.path}: received ${this.received}, expected ${this.expected}`
  }
  /** The same misfit, seen from one level further out. */
  within(step: string): this {
    this.path = this.path === '' || this.path.startsWith('[') ? step + this.path : `${step}.${this.path}`
    return this
  }
}

function structFitter(columns: Columns): (record: Record<string, unknown>) => Record<string, unknown> {
  const names = Object.keys(columns)
  const fits = names.map(name => fitterOf(columns[name]!))
  // `record.constructor` is there in every object, and `row.__proto__ = x` makes no field: such names take the slow road.
  const isOrdinary = names.map(name => !(name in Object.prototype))
  return record => {
    const row: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      const ordinary = isOrdinary[i]!
      const value = ordinary || Object.hasOwn(record, name) ? record[name] : undefined
      const fitted = value === null || value === undefined ? null : fitAt(fits[i]!, value, name)
      if (ordinary) row[name] = fitted
      else Object.defineProperty(row, name, { value: fitted, enumerable: true, writable: true, configurable: true })
    }
    return row
  }
}

function fitAt(fitValue: Fitter, value: unknown, step: string): unknown {
  try {
    return fitValue(value)
  } catch (error) {
    throw error instanceof Misfit ? error.within(step) : error
  }
}

function fitterOf(type: ColumnType): Fitter {
  if (typeof type !== 'string') {
    if ('decimal' in type) {
      const [precision, scale] = type.decimal
      return refusing(value => fitDecimal(value, precision, scale), `decimal(${precision},${scale})`)
    }
    return 'array' in type ? arrayFitter(type.array) : nestedFitter(type.struct)
  }
  switch (type) {
    case 'string':
      return refusing(fitString, 'string')
    case 'int':
      return refusing(integerFitter(32), 'int')
    case 'bigint':
      return refusing(integerFitter(64), 'bigint')
    case 'double':
      return refusing(fitDouble, 'double')
    case 'boolean':
      return refusing(fitBoolean, 'boolean')
    case 'date':
      return refusing(fitDate, 'date (2001-02-14)')
    case 'timestamp':
      return refusing(fitTimestamp, 'timestamp (2001-02-14T05:00:00Z)')
    case 'json':
      return refusing(value => fitJson(value, 0), 'json')
  }
}

function refusing<T>(fitValue: (value: unknown) => T | BadValue, expected: string): Fitter {
  return value => {
    const fitted = fitValue(value)
    if (fitted === undefined) throw new Misfit(value, expected)
    return fitted
  }
}

function arrayFitter(element: ColumnType): Fitter {
  const fitInner = fitterOf(element)
  return value => {
    const items = typeof value === 'string' ? parsed(value) : value
    if (!Array.isArray(items)) throw new Misfit(value, 'array')
    const fitted: unknown[] = []
    for (let i = 0; i < items.length; i++) {
      const item: unknown = items[i]
      fitted.push(item === null || item === undefined ? null : fitAt(fitInner, item, `[${i}]`))
    }
    return fitted
  }
}

function nestedFitter(columns: Columns): Fitter {
  const fitInner = structFitter(columns)
  return value => {
    const fields = typeof value === 'string' ? parsed(value) : value
    if (!isPlain(fields)) throw new Misfit(value, 'struct')
    return fitInner(fields)
  }
}

/** Databases and logs hold arrays and structs as JSON text, and no array or struct is a text, so nothing is guessed here. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // Values of other realms (a worker, a test's sandbox) have another Object.prototype, so the tag decides.
  return Object.prototype.toString.call(value) === '[object Object]'
}

function fitString(value: unknown): string | BadValue {
  switch (typeof value) {
    case 'string':
      // Half a surrogate pair would reach the file as another character.
      return value.isWellFormed() ? value : undefined
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return undefined
  }
}

const truths = new Set(['true', 't', 'yes', 'y', '1'])
const untruths = new Set(['false', 'f', 'no', 'n', '0'])

function fitBoolean(value: unknown): boolean | BadValue {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 1n) return true
  if (value === 0 || value === 0n) return false
  if (typeof value !== 'string') return undefined
  const word = value.trim().toLowerCase()
  return truths.has(word) ? true : untruths.has(word) ? false : undefined
}

// Deeper than any document made on purpose, and far from the depth at which the stack of a parser ends.
const JSON_DEPTH = 500

function fitJson(value: unknown, depth: number): Json | BadValue {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : undefined
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'bigint':
      return BigInt(Number(value)) === value ? Number(value) : undefined
    case 'object':
      if (value === null) return null
      if (depth === JSON_DEPTH) return undefined
      if (Array.isArray(value)) return fitJsonArray(value, depth)
      return isPlain(value) ? fitJsonObject(value, depth) : undefined
    default:
      return undefined
  }
}

function fitJsonArray(values: unknown[], depth: number): Json | BadValue {
  const fitted: Json[] = []
  for (const value of values) {
    const item = fitJson(value ?? null, depth + 1)
    if (item === undefined) return undefined
    fitted.push(item)
  }
  return fitted
}

function fitJsonObject(value: Record<string, unknown>, depth: number): Json | BadValue {
  const entries: [string, Json][] = []
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue
    const fitted = fitJson(field, depth + 1)
    if (fitted === undefined || !name.isWellFormed()) return undefined
    entries.push([name, fitted])
  }
  return Object.fromEntries(entries)
}

/** A value in a few characters, with its kind where that is what is wrong. */
function show(value: unknown): string {
  if (typeof value === 'string') {
    const short = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value
    return JSON.stringify(short)
  }
  if (typeof value === 'bigint') return shorten(`${value}`)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return `the date ${Number.isNaN(value.getTime()) ? 'that is invalid' : value.toISOString()}`
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (typeof value === 'object' && value !== null) return shorten(`an object with ${Object.keys(value).join(', ') || 'no fields'}`)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return shorten(String(value))
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
