import { nearest, RedeyeError } from './errors.ts'
import type { EventDetails, EventType } from './events.ts'
import { lanes } from './run.ts'

/** What a field takes, said to people; undefined when the value is such. */
type Takes = (value: unknown) => string | undefined

const text: Takes = v => (typeof v === 'string' && v !== '' ? undefined : 'a text')
const number: Takes = v => (typeof v === 'number' && Number.isFinite(v) ? undefined : 'a number')
const places: Takes = v => (Number.isInteger(v) && (v as number) > 0 ? undefined : 'a whole number from 1')
const flag: Takes = v => (typeof v === 'boolean' ? undefined : 'true or false')
const texts: Takes = v => (Array.isArray(v) && v.every(one => text(one) === undefined) ? undefined : 'a list of texts')
const names: Takes = v => (texts(v) === undefined && (v as string[]).length > 0 ? undefined : 'a list of at least one name')
const object: Takes = v => (typeof v === 'object' && v !== null && !Array.isArray(v) ? undefined : 'an object')
const oneOf =
  (words: readonly string[]): Takes =>
  v =>
    words.includes(v as string) ? undefined : `one of ${words.join(', ')}`

type Shape<D> = { [K in keyof D]-?: Record<never, never> extends Pick<D, K> ? { optional: Takes } : Takes }

/** The fields of each event, held to the types by the compiler. Fields it does not know are left alone: they may be a newer version's. */
const shapes: { [T in EventType]: Shape<EventDetails[T]> } = {
  NightStarted: { date: text },
  DatasetReady: { dataset: text, partition: text, number, at: number, cause: object },
  RunDue: { task: text, partition: text, place: { optional: text }, cause: { optional: object }, at: { optional: number } },
  RunsConcerned: { task: text, from: text, to: text, arrival: object },
  RunRequested: {
    id: { optional: text },
    tasks: names,
    from: text,
    to: text,
    run: { optional: oneOf(['missing', 'failed', 'all']) },
    downstream: { optional: flag },
    lane: { optional: oneOf(lanes) },
    maxActive: { optional: places },
  },
  RunCancelled: { task: text, partition: text },
  RunApproved: { task: text, partition: text },
  TaskPaused: { task: text },
  TaskResumed: { task: text },
  PartitionSkipped: { dataset: text, partition: text },
  VersionDelivered: { id: { optional: text }, dataset: text, partition: text, files: texts },
  PlaceFreed: { limit: text, dataset: text, partition: text, generation: number, attempt: number },
}

const fieldsOf = new Map(
  Object.entries(shapes).map(([type, shape]) => [type, Object.entries(shape as Record<string, Takes | { optional: Takes }>)]),
)

/** Throws BAD_EVENT for an event whose detail lacks a field or has one that is not what it takes; see events/ for the schemas. */
export function checkEvent(type: string, detail: unknown): void {
  const fields = fieldsOf.get(type)
  if (!fields) {
    const near = nearest(type, Object.keys(shapes))
    throw badEvent(`there is no event "${type}"`, near ? `did you mean ${near}?` : 'see events/ for those there are')
  }
  if (object(detail)) throw badEvent(`the detail of ${type} is ${JSON.stringify(detail)}, not an object`, exampleOf(type))
  const given = detail as Record<string, unknown>
  for (const [field, takes] of fields) {
    const optional = typeof takes !== 'function'
    if (optional && given[field] === undefined) continue
    const expected = (optional ? takes.optional : takes)(given[field])
    if (expected === undefined) continue
    const received = given[field] === undefined ? 'is missing' : `is ${JSON.stringify(given[field])?.slice(0, 80)}`
    throw badEvent(`${type}: ${field} ${received}; it takes ${expected}`, exampleOf(type))
  }
}

const exampleOf = (type: string) => `see events/${type.replace(/\B[A-Z]/g, '-$&').toLowerCase()}.example.json`
const badEvent = (what: string, remedy: string) => new RedeyeError('BAD_EVENT', what, { remedy })
