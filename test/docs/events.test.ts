import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type SchemaObject } from 'ajv/dist/2020.js'
import { checkEvent } from '../../shared/core/event-shape.ts'
import { type EventType, patternsOf, platformPatterns, SOURCE } from '../../shared/core/events.ts'
import { complaints, root } from './compile.ts'

const folder = join(root, 'events')
const read = <T>(file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T
const named = (ending: string) =>
  readdirSync(folder)
    .filter(f => f.endsWith(ending))
    .map(f => f.slice(0, -ending.length))
const kebab = (type: string) => type.replace(/(?<!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()

interface EventSchema extends SchemaObject {
  title: EventType
  properties: Record<string, SchemaObject>
  required: string[]
}
interface Entry {
  EventBusName: string
  Source: string
  DetailType: string
  Detail: string
}

const cause = read<SchemaObject>('cause.json')
const ajv = new Ajv2020({ allErrors: true, schemas: [cause] })
const resolved = (schema: SchemaObject): SchemaObject => (schema.$ref === cause.$id ? cause : schema)
const events = named('.schema.json').map(name => ({ name, schema: read<EventSchema>(`${name}.schema.json`) }))

test('every event that a function takes has a schema, and every schema an event', () => {
  const patterns = [...patternsOf({ task: 't', inputs: [{ dataset: 'd' }], onNight: true }), ...Object.values(platformPatterns).flat()]
  const taken = new Set(patterns.flatMap(p => p['detail-type']).filter(type => typeof type === 'string'))
  expect(events.map(e => e.schema.title).sort()).toEqual([...taken].sort())
  // There may be several examples of an event: NAME.example.json, NAME.WHAT.example.json.
  expect([...new Set(named('.example.json').map(name => name.split('.')[0]))].sort()).toEqual(events.map(e => e.name))
})

const texts = [100, 101, 108, 109, 1024, 1025].map(length => 'x'.repeat(length))
/** Values of every kind, and those at the bounds of what a field takes. */
const values: unknown[] = [
  ...[null, true, 0, 1, 2, -1, 1.5, 1e300, '', ' ', 'x', 'a b', '-a', 'A.b_c-1', 'é', 'a\n', 'all', 'nightly', 'urgent', 'failed'],
  ...['2001-02-14', '2001-13-14', '2001-02-14T05Z', 'task/a', 'task/', 'lane/', 'none/a', '🛫'.repeat(100), '🛫'.repeat(101), ...texts],
  ...[`request/${texts[0]}`, `request/${texts[1]}`, [], [''], ['a'], ['a', 'a'], ['a', 1], [texts[1]], {}, { lane: 'manual' }],
]

/** A value that a schema takes, with all that it may have, each text as long as may be. */
function filled(given: SchemaObject): unknown {
  const schema = resolved(given)
  if (schema.type === 'array') return [filled(schema.items)]
  if (schema.type !== 'object') return values.findLast(value => ajv.validate(schema, value))
  const fields = Object.entries(schema.properties as Record<string, SchemaObject>)
  return Object.fromEntries(fields.map(([field, its]) => [field, filled(its)]))
}

/** A value with one of its places, at any depth, missing or otherwise. */
function* mutantsOf(value: unknown): Generator<unknown> {
  yield* values
  if (Array.isArray(value)) for (const [i, one] of value.entries()) for (const other of mutantsOf(one)) yield value.with(i, other)
  else if (typeof value === 'object' && value !== null)
    for (const [field, its] of Object.entries(value)) {
      const { [field]: _, ...others } = value as Record<string, unknown>
      yield others
      for (const other of mutantsOf(its)) yield { ...others, [field]: other }
    }
}

function isTaken(type: string, detail: unknown): boolean {
  try {
    checkEvent(type, detail)
    return true
  } catch {
    return false
  }
}

describe.each(events)('$schema.title', ({ name, schema }) => {
  const validate = ajv.compile(schema)
  const examples = named('.example.json').filter(example => example.split('.')[0] === name)
  const entries = examples.flatMap(example => read<Entry[]>(`${example}.example.json`))

  test('is named after its file', () => {
    expect({ file: kebab(schema.title), $id: schema.$id }).toEqual({ file: name, $id: `${name}.schema.json` })
  })

  test('has examples that fit, as entries that can be put', () => {
    expect(entries.length).toBeGreaterThan(0)
    for (const { EventBusName, Source, DetailType, Detail } of entries) {
      expect({ EventBusName, Source, DetailType }).toEqual({ EventBusName: 'redeye-dev', Source: SOURCE, DetailType: schema.title })
      validate(JSON.parse(Detail))
      expect(validate.errors ?? []).toEqual([])
    }
  })

  test('may gain fields, but misses none that is required', () => {
    const detail = JSON.parse(entries[0]!.Detail) as Record<string, unknown>
    expect(validate({ ...detail, added: 'later' })).toBe(true)
    for (const field of schema.required) expect(validate({ ...detail, [field]: undefined })).toBe(false)
  })

  test('is taken and refused by functions as by its schema, whatever is wrong with it', () => {
    const details = [...entries.map(entry => JSON.parse(entry.Detail) as unknown), filled(schema)]
    const mutants = details.flatMap(detail => [detail, ...mutantsOf(detail)])
    const disagreed = mutants.filter(mutant => validate(mutant) !== isTaken(schema.title, mutant))
    expect(disagreed.slice(0, 5)).toEqual([])
    const taken = mutants.filter(mutant => validate(mutant)).length
    expect(taken).toBeGreaterThan(details.length)
    expect(taken).toBeLessThan(mutants.length / 2)
  })

  test('is under a kilobyte with the longest names and ids, but for files', () => {
    const { files: _, ...detail } = filled(schema) as Record<string, unknown>
    expect(validate(filled(schema))).toBe(true)
    expect(JSON.stringify(detail).length).toBeLessThan(1024)
  })
})

const union = (fields: readonly string[]) => fields.map(f => `'${f}'`).join(' | ') || 'never'

/** Says of a type, and of each object in it, that it has the fields of its schema, and of them the same that must be there. */
function sameFields(name: string, type: string, { properties, required }: SchemaObject): string[] {
  const inner = Object.entries(properties as Record<string, SchemaObject>).map(([field, schema]) => [field, resolved(schema)] as const)
  return [
    `export const ${name}Fields: Same<keyof ${type}, ${union(Object.keys(properties))}> = true`,
    `export const ${name}Required: Same<Required<${type}>, ${union(required ?? [])}> = true`,
    ...inner.flatMap(([field, schema]) =>
      schema.type === 'object' ? sameFields(`${name}_${field}`, `NonNullable<${type}['${field}']>`, schema) : [],
    ),
  ]
}

test('the schemas have the fields of the types in shared/core/events.ts, at any depth', () => {
  const text = [
    "import type { EventDetails, EventType } from 'ROOT/shared/core/events.ts'",
    'type Same<A, B> = [A, B] extends [B, A] ? true : false',
    'type Required<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T]',
    `export const types: Same<EventType, ${union(events.map(e => e.schema.title))}> = true`,
    ...events.flatMap(({ schema }) => sameFields(schema.title, `EventDetails['${schema.title}']`, schema)),
  ].join('\n')
  expect(complaints(new Map([['events.ts', text]]))).toEqual([])
}, 60_000)
