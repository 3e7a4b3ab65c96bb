import { lostColumns, readsOf } from '../../../shared/aws/deploy/schemas.ts'
import { demo, root } from './tasks.ts'

const service = (name: string) => demo.services.find(s => s.name === name)!

test('a transform reads the columns that its SQL cannot do without, each with its place', () => {
  const { reads } = readsOf(root, service('airport-day'))
  expect(reads.flights).toEqual({
    origin: { type: 'string', at: expect.stringMatching(/^services\/airport-day\/airport-day\.sql:\d+:\d+$/) },
    delay_min: { type: 'int', at: expect.stringMatching(/airport-day\.sql:\d+:\d+$/) },
  })
})

test('a load reads all of its input, at the place in task.ts', () => {
  const { reads } = readsOf(root, service('load-routes'))
  const columns = Object.keys(demo.datasets.find(d => d.name === 'route_punctuality')!.columns)
  expect(Object.keys(reads.route_punctuality!)).toEqual(columns)
  expect(reads.route_punctuality![columns[0]!]!.at).toMatch(/^services\/load-routes\/task\.ts:\d+:\d+$/)
})

test('a column that only a check compares with is read too, at the check', () => {
  const { reads } = readsOf(root, { ...service('airport-day'), sql: undefined })
  expect(reads.airports).toEqual({ iata: { type: 'string', at: 'services/airport-day/task.ts:8:59' } })
})

test('what is gone or of another type is lost; what is new or unread is nobody’s loss', () => {
  const reads = [
    {
      v: 1 as const,
      task: 'reader',
      reads: { orders: { id: { type: 'int' as const, at: 'a.sql:1:1' }, city: { type: 'string' as const, at: 'a.sql:2:1' } } },
    },
  ]
  expect(lostColumns('orders', { id: 'int', city: 'string', added: 'date' }, reads)).toEqual([])
  expect(lostColumns('orders', { id: 'bigint', added: 'date' }, reads)).toEqual([
    { task: 'reader', column: 'id', use: { type: 'int', at: 'a.sql:1:1' }, now: 'bigint' },
    { task: 'reader', column: 'city', use: { type: 'string', at: 'a.sql:2:1' }, now: undefined },
  ])
  expect(lostColumns('others', {}, reads)).toEqual([])
})
