import { httpApi } from '../../shared/targets/http-api.ts'
import * as language from '../../shared/task/index.ts'

// What people write, whom no compiler has told.
const { accepted, between, custom, daily, dataset, ingest, keys, load, matches, notNull, rows, same, trailing, transform, unique } =
  // biome-ignore lint/suspicious/noExplicitAny: the types would refuse all of this
  language as any
const columns = { id: 'int' }
const orders = dataset('orders', { partition: daily(), columns })
const clean = dataset('clean', { partition: daily(), columns })
const whole = { inputs: { orders: same(orders) }, output: clean, sql: 'x.sql' }

test.each<[string, () => unknown, string]>([
  ['rows has no option "atleast"', () => rows({ atleast: 1 }), 'did you mean atLeast?'],
  ['rows has "1" for atLeast', () => rows({ atLeast: '1' }), 'give a number'],
  ['notNull has [["id"]] for its columns', () => notNull(['id']), "give names of columns in quotes, like notNull('id', 'name')"],
  ['unique has [nothing] for its columns', () => unique(undefined), 'give names of columns'],
  ['between has 1 for its column', () => between(1, 2, 3), "give a column's name in quotes"],
  ['accepted has "NY" for its values', () => accepted('state', 'NY'), 'give a list of values'],
  ['matches has "orders" for its dataset', () => matches('id', 'orders'), 'give a dataset'],
  ['custom needs its query', () => custom('none is late'), 'give its query: a text'],
  ['same has "orders" for its dataset', () => same('orders'), 'give a dataset'],
  ['same has "ignor" for onUpdate', () => same(orders, { onUpdate: 'ignor' }), "give 'rerun' or 'ignore' or 'hold'"],
  ['same has no option "onupdate"', () => same(orders, { onupdate: 'ignore' }), 'did you mean onUpdate?'],
  ['same has "most" for wait', () => same(orders, { wait: 'most' }), "give 'all', { atLeast: 5 }"],
  ['wait has no option "atleast"', () => trailing(orders, 7, { wait: { atleast: 5 } }), 'did you mean atLeast?'],
  ['retry has no option "atempts"', () => transform({ ...whole, retry: { atempts: 3 } }), 'did you mean attempts?'],
  ['transform has 3 for retry', () => transform({ ...whole, retry: 3 }), 'give an object'],
  ['transform has no option "memory"', () => transform({ ...whole, memory: 5 }), 'did you mean memoryMb?'],
  ['spark has no option "memory"', () => transform({ ...whole, spark: { memory: 8 } }), 'did you mean memoryGb?'],
  ['transform has ["route"] for checks', () => transform({ ...whole, checks: ['route'] }), 'give a list of checks'],
  ['transform has no option "source"', () => transform({ ...whole, source: {} }), 'choose from inputs, output'],
  ['ingest needs source', () => ingest({ output: clean }), 'give source: where it reads from'],
  ['ingest has no option "suorce"', () => ingest({ suorce: {}, output: clean }), 'did you mean source?'],
  ['load has an object for target', () => load({ inputs: {}, output: clean, target: {} }), 'give where it delivers to'],
  ['load has 1 for map', () => load({ inputs: {}, output: clean, target: httpApi({ connection: 'X', path: '/' }), map: 1 }), 'a function'],
  ['dataset needs its name', () => dataset(), 'give its name'],
  ['dataset "x" has nothing for its options', () => dataset('x'), 'write an object of partition, columns'],
  ['dataset "x" needs partition', () => dataset('x', { columns }), 'like daily()'],
  ['dataset "x" has "daily" for partition', () => dataset('x', { partition: 'daily', columns }), 'like daily()'],
  ['dataset "x" needs columns', () => dataset('x', { partition: daily() }), 'give columns: an object of columns'],
  ['dataset "x" has no option "keys"', () => dataset('x', { partition: daily(), columns, keys: ['id'] }), 'did you mean key?'],
  ['dataset "x" has "id" for key', () => dataset('x', { partition: daily(), columns, key: 'id' }), 'give a list of texts'],
  [
    '"2001-02-31" is no date',
    () => dataset('x', { partition: daily({ from: '2001-02-31' }), columns }),
    'a first date that the calendar has',
  ],
  ['"Mars" is no time zone', () => dataset('x', { partition: daily({ timezone: 'Mars' }), columns }), 'name a zone as IANA does'],
  ['daily has no option "timezome"', () => daily({ timezome: 'UTC' }), 'did you mean timezone?'],
  ['keys has "emea" for its keys', () => keys('emea'), 'give a list of texts'],
])('%s', (message, declare, remedy) => {
  expect(declare).toThrow(
    expect.objectContaining({
      code: 'BAD_TASK',
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
      place: expect.objectContaining({ file: import.meta.filename, line: expect.any(Number) }),
    }),
  )
})
