import { array, daily, dataset, decimal, struct } from '../../shared/task/index.ts'
import { row } from '../../shared/testing/index.ts'
import { flights } from './datasets.ts'

test('columns that are not named get harmless defaults', () => {
  const everything = dataset('everything', {
    partition: daily(),
    columns: {
      s: 'string',
      i: 'int',
      b: 'bigint',
      d: 'double',
      t: 'boolean',
      on: 'date',
      at: 'timestamp',
      j: 'json',
      money: decimal(8, 2),
      whole: decimal(5, 0),
      list: array('int'),
      nested: struct({ a: 'int', b: 'string' }),
    },
    description: 'for a test',
    owner: 'tests@example.com',
  })
  expect(row(everything)).toStrictEqual({
    s: '',
    i: 0,
    b: 0n,
    d: 0,
    t: false,
    on: '1970-01-01',
    at: '1970-01-01T00:00:00Z',
    j: null,
    money: '0.00',
    whole: '0',
    list: [],
    nested: { a: 0, b: '' },
  })
})

test('what is named stays, null too, in the columns’ order', () => {
  const made = row(flights, { origin: 'SFO', flight: 7, fare: null })
  expect(made).toMatchObject({ flight: 7, origin: 'SFO', fare: null })
  expect(Object.keys(made)).toEqual(Object.keys(flights.columns))
})

test('keys are each their own', () => {
  const keys = [row(flights), row(flights), row(flights)].map(made => made.flight)
  expect(new Set(keys).size).toBe(3)
})

test('rows are typed', () => {
  const made = row(flights, { origin: 'SFO' })
  const origin: string | null = made.origin
  expect(origin).toBe('SFO')
  // @ts-expect-error a number is no text
  row(flights, { origin: 7 })
  // @ts-expect-error there is no such column
  row(flights, { orgin: 'SFO' })
})
