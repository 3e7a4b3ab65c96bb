import { schemaText, sparkType } from '../../shared/core/schema.ts'

test('every type has Spark’s name for it; json travels as a string', () => {
  for (const type of ['string', 'int', 'bigint', 'double', 'boolean', 'date', 'timestamp'] as const) expect(sparkType(type)).toBe(type)
  expect(sparkType('json')).toBe('string')
  expect(sparkType({ decimal: [10, 2] })).toBe('decimal(10,2)')
  expect(sparkType({ array: { struct: { a: 'int', b: { array: 'json' } } } })).toBe('array<struct<a:int,b:array<string>>>')
})

test('a schema’s text names every column in order, and json is not a string there', () => {
  expect(schemaText({ id: 'int', more: 'json', price: { decimal: [5, 1] } })).toBe('id:int,more:json,price:decimal(5,1)')
})
