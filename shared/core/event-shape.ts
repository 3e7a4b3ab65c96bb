import { nearest, RedeyeError } from './errors.ts'
import type { EventDetails, EventType } from './events.ts'
import { type Cause, lanes } from './run.ts'

/** What is wrong with a detail: which of its places, what stands there, and what would be taken. */
interface Fault {
  at: string
  value: unknown
  takes: string
}
type Check = (value: unknown, at: string) => Fault | undefined

/** Of a task, a dataset or a partition: longer than a person writes one; and with the longest of each, what Redeye says itself is under 1 KB. */
export const NAME_LENGTH = 100
const ID_LENGTH = 100
const LIMIT_LENGTH = 'request/'.length + ID_LENGTH
// S3's longest key.
const FILE_LENGTH = 1024

const takes =
  (what: string, fits: (value: unknown) => boolean): Check =>
  (value, at) =>
    fits(value) ? undefined : { at, value, takes: what }

/** As JSON Schema counts: characters, not the halves of which JavaScript makes some. */
const isText = (v: unknown, longest: number): v is string => typeof v === 'string' && v !== '' && [...v].length <= longest
const text = (longest: number) => takes(`a text of at most ${longest} characters`, v => isText(v, longest))
const written = (what: string, pattern: RegExp, longest: number) => takes(what, v => isText(v, longest) && pattern.test(v))
const name = written(`a name: at most ${NAME_LENGTH} letters, digits, ".", "_" and "-"`, /^[A-Za-z0-9][A-Za-z0-9_.-]*$/, NAME_LENGTH)
const date = written('a date, YYYY-MM-DD', /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'YYYY-MM-DD'.length)
const limit = written('task/NAME, lane/LANE or request/ID', /^(task|lane|request)\/.+$/, LIMIT_LENGTH)
const number = takes('a number', Number.isFinite)
const count = takes('a whole number from 1', v => Number.isInteger(v) && (v as number) > 0)
const flag = takes('true or false', v => typeof v === 'boolean')
const oneOf = (words: readonly string[]) => takes(`one of ${words.join(', ')}`, v => words.includes(v as string))

function list(each: Check, atLeast: 0 | 1): Check {
  const aList = takes(atLeast > 0 ? 'a list that is not empty' : 'a list', v => Array.isArray(v) && v.length >= atLeast)
  return (value, at) => aList(value, at) ?? firstFault(value as unknown[], (one, i) => each(one, `${at}[${i}]`))
}

function firstFault<T>(all: readonly T[], find: (one: T, index: number) => Fault | undefined): Fault | undefined {
  for (const [i, one] of all.entries()) {
    const fault = find(one, i)
    if (fault) return fault
  }
  return undefined
}

type Fields<D> = { [K in keyof D]-?: Record<never, never> extends Pick<D, K> ? { optional: Check } : Check }
const anObject = takes('an object', v => typeof v === 'object' && v !== null && !Array.isArray(v))

/** The fields of an object, held to its type by the compiler. Fields it does not know are left alone: they may be a newer version's. */
function fields<D>(shape: Fields<D>): Check {
  const all = Object.entries<Check | { optional: Check }>(shape)
  return (value, at) =>
    anObject(value, at) ??
    firstFault(all, ([field, check]) => {
      const given = (value as Record<string, unknown>)[field]
      const place = at === '' ? field : `${at}.${field}`
      if (typeof check === 'function') return check(given, place)
      return given === undefined ? undefined : check.optional(given, place)
    })
}

const cause = fields<Cause>({
  lane: oneOf(lanes),
  under: { optional: list(text(ID_LENGTH), 0) },
  quiet: { optional: flag },
  night: { optional: date },
})

/** What each event takes: the same as the schemas in events/ say, to which a test holds it. */
const details: { [T in EventType]: Check } = {
  NightStarted: fields<EventDetails['NightStarted']>({ date }),
  DatasetReady: fields<EventDetails['DatasetReady']>({ dataset: name, partition: name, number: count, at: number, cause }),
  RunDue: fields<EventDetails['RunDue']>({
    task: name,
    partition: name,
    place: { optional: limit },
    cause: { optional: cause },
    at: { optional: number },
  }),
  RunsConcerned: fields<EventDetails['RunsConcerned']>({
    task: name,
    from: name,
    to: name,
    arrival: fields<EventDetails['RunsConcerned']['arrival']>({ dataset: name, partition: name, number: count, at: number, cause }),
  }),
  RunRequested: fields<EventDetails['RunRequested']>({
    id: { optional: text(ID_LENGTH) },
    tasks: list(name, 1),
    from: name,
    to: name,
    run: { optional: oneOf(['missing', 'failed', 'all']) },
    downstream: { optional: flag },
    lane: { optional: oneOf(lanes) },
    maxActive: { optional: count },
  }),
  RunCancelled: fields<EventDetails['RunCancelled']>({ task: name, partition: name }),
  RunApproved: fields<EventDetails['RunApproved']>({ task: name, partition: name }),
  TaskPaused: fields<EventDetails['TaskPaused']>({ task: name }),
  TaskResumed: fields<EventDetails['TaskResumed']>({ task: name }),
  PartitionSkipped: fields<EventDetails['PartitionSkipped']>({ dataset: name, partition: name }),
  VersionDelivered: fields<EventDetails['VersionDelivered']>({
    id: { optional: text(ID_LENGTH) },
    dataset: name,
    partition: name,
    files: list(text(FILE_LENGTH), 1),
  }),
  PlaceFreed: fields<EventDetails['PlaceFreed']>({ limit, dataset: name, partition: name, generation: count, attempt: count }),
}

/** Throws BAD_EVENT for an event whose detail lacks a field or has one that is not what it takes; see events/ for the schemas. */
export function checkEvent(type: string, detail: unknown): void {
  if (!Object.hasOwn(details, type)) {
    const near = nearest(type, Object.keys(details))
    throw badEvent(`there is no event "${type}"`, near ? `did you mean ${near}?` : 'see events/ for those there are')
  }
  const fault = details[type as EventType](detail, '')
  if (!fault) return
  const { at, value, takes: expected } = fault
  if (at === '') throw badEvent(`the detail of ${type} is ${shown(value)}, not an object`, exampleOf(type))
  throw badEvent(`${type}: ${at} ${value === undefined ? 'is missing' : `is ${shown(value)}`}; it takes ${expected}`, exampleOf(type))
}

const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 80)
const exampleOf = (type: string) => `see events/${type.replace(/\B[A-Z]/g, '-$&').toLowerCase()}.example.json`
const badEvent = (what: string, remedy: string) => new RedeyeError('BAD_EVENT', what, { remedy })
