import { nearest, RedeyeError } from '../core/errors.ts'
import { near } from './near.ts'
import { declaredAt } from './place.ts'

/** What a value has to be, in words, where it is not. */
export type Takes = (value: unknown) => string | undefined
/** Every option there is, with what it takes. */
export type Shape = Readonly<Record<string, Takes>>

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const takes =
  (words: string, fits: (value: unknown) => boolean): Takes =>
  value =>
    fits(value) ? undefined : words
export const optional =
  (inner: Takes): Takes =>
  value =>
    value === undefined ? undefined : inner(value)
/** For what is looked at later, with all that it belongs to. */
export const anything: Takes = () => undefined
export const text = takes("a text in quotes, like 'flights'", v => typeof v === 'string')
export const texts = takes("a list of texts, like ['id']", v => Array.isArray(v) && v.every(e => typeof e === 'string'))
export const record = takes('an object: { … }', isRecord)
export const number = takes('a number', v => typeof v === 'number')
export const flag = takes('true or false', v => typeof v === 'boolean')
export const called = takes('a function', v => typeof v === 'function')
export const oneOf = (...words: string[]) => takes(words.map(w => `'${w}'`).join(' or '), v => words.includes(v as string))

/** Throws for the first option of a word of the language that it does not have, lacks, or that has another kind of value; at its place. */
export function refuseMisshapen(word: string, options: unknown, shape: Shape): void {
  if (!isRecord(options)) refuse(`${word} has ${shown(options)} for its options`, `write an object of ${listed(shape)}`, [])
  const given = options as Record<string, unknown>
  for (const name of Object.keys(given))
    if (!Object.hasOwn(shape, name)) {
      const meant = nearest(name, Object.keys(shape))
      refuse(`${word} has no option "${name}"`, meant ? `did you mean ${meant}?` : `choose from ${listed(shape)}`, [name])
    }
  for (const [name, wanted] of Object.entries(shape)) refuseValue(word, name, given[name], wanted)
}

/** Throws where a value is not what an option, or an argument, of a word takes. */
export function refuseValue(word: string, name: string, value: unknown, wanted: Takes): void {
  const words = wanted(value)
  if (words === undefined) return
  if (value === undefined) refuse(`${word} needs ${name}`, `give ${name}: ${words}`, [])
  refuse(`${word} has ${shown(value)} for ${name}`, `give ${words}`, [name])
}

/** Throws at a name of what the project's file declares there. */
export function refuse(message: string, remedy: string, names: readonly string[]): never {
  throw new RedeyeError('BAD_TASK', message, { remedy, ...near(declaredAt(), names.length > 0 ? names : undefined) })
}

const listed = (shape: Shape) => Object.keys(shape).join(', ')

/** A value in short, for a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return String(value)
  if ('check' in value) return `the check ${String(value.check)}`
  return 'columns' in value && 'name' in value ? `the dataset ${String(value.name)}` : 'an object'
}
