import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type SchemaObject } from 'ajv/dist/2020.js'
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

const ajv = new Ajv2020({ allErrors: true, schemas: [read<SchemaObject>('cause.json')] })
const events = named('.schema.json').map(name => ({ name, schema: read<EventSchema>(`${name}.schema.json`) }))

test('every event that a function takes has a schema, and every schema an event', () => {
  const patterns = [...patternsOf({ task: 't', inputs: [{ dataset: 'd' }], onNight: true }), ...Object.values(platformPatterns).flat()]
  const taken = new Set(patterns.flatMap(p => p['detail-type']))
  expect(events.map(e => e.schema.title).sort()).toEqual([...taken].sort())
  // There may be several examples of an event: NAME.example.json, NAME.WHAT.example.json.
  expect([...new Set(named('.example.json').map(name => name.split('.')[0]))].sort()).toEqual(events.map(e => e.name))
})

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
})

test('the schemas have the fields of the types in shared/core/events.ts', () => {
  const union = (fields: readonly string[]) => fields.map(f => `'${f}'`).join(' | ') || 'never'
  const lines = events.map(({ schema: { title, properties, required } }) =>
    [
      `export const ${title}Fields: Same<keyof EventDetails['${title}'], ${union(Object.keys(properties))}> = true`,
      `export const ${title}Required: Same<Required<EventDetails['${title}']>, ${union(required)}> = true`,
    ].join('\n'),
  )
  const text = [
    "import type { EventDetails, EventType } from 'ROOT/shared/core/events.ts'",
    'type Same<A, B> = [A, B] extends [B, A] ? true : false',
    'type Required<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T]',
    `export const types: Same<EventType, ${union(events.map(e => e.schema.title))}> = true`,
    ...lines,
  ].join('\n')
  expect(complaints(new Map([['events.ts', text]]))).toEqual([])
}, 60_000)
