import { queryLake, readRows } from '../../shared/compute/lake-query.ts'
import { array, decimal, struct } from '../../shared/task/index.ts'
import { day, openWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace()
})
afterAll(() => place.close())

const flights = day('flights', {
  origin: 'string',
  delay_min: 'int',
  fare: decimal(8, 2),
  on: 'date',
  at: 'timestamp',
  legs: array(struct({ to: 'string' })),
})
const flight = (origin: string, delay_min: number) => ({
  origin,
  delay_min,
  fare: '99.50',
  on: '2001-02-14',
  at: '2001-02-14T05:00:00.25Z',
  legs: [{ to: 'JFK' }],
})

async function queried() {
  const versions = [
    await place.pin(flights, [flight('SFO', 1), flight('LAX', 2)], '2001-02-13'),
    await place.pin(flights, [flight('SFO', 5)], '2001-02-14'),
  ]
  return { name: 'flights', columns: flights.columns, versions }
}

test('the first rows of versions, in order', async () => {
  const dataset = await queried()
  expect((await readRows(place.lake, dataset, 2)).map(row => row.delay_min)).toEqual([1, 2])
  expect(await readRows(place.lake, dataset)).toHaveLength(3)
  expect((await readRows(place.lake, dataset))[2]).toEqual(flight('SFO', 5))
})

test('a query is run for no partition, and told of no parameters', async () => {
  await expect(queryLake(place.lake, 'select now() as t', [])).rejects.toMatchObject({
    code: 'BAD_SQL',
    remedy: expect.not.stringContaining(':start'),
  })
  await expect(queryLake(place.lake, 'select :start as t', [])).rejects.toMatchObject({ remedy: expect.stringContaining('write the time') })
})

test('a query over datasets by name, partitions included', async () => {
  const sql = 'select _partition, origin, count(*) as n, sum(delay_min) as late from flights group by _partition, origin order by late desc'
  const answer = await queryLake(place.lake, sql, [await queried()])
  expect(answer).toEqual({
    columns: [
      { name: '_partition', type: 'VARCHAR' },
      { name: 'origin', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' },
      { name: 'late', type: 'BIGINT' },
    ],
    rows: [
      { _partition: '2001-02-14', origin: 'SFO', n: 1n, late: 5n },
      { _partition: '2001-02-13', origin: 'LAX', n: 1n, late: 2n },
      { _partition: '2001-02-13', origin: 'SFO', n: 1n, late: 1n },
    ],
    cut: false,
  })
})

test('values come as plain ones', async () => {
  const { rows } = await queryLake(place.lake, 'select fare, `on`, at, legs from flights limit 1', [await queried()])
  expect(rows).toEqual([{ fare: '99.50', on: '2001-02-14', at: '2001-02-14T05:00:00.25Z', legs: [{ to: 'JFK' }] }])
})

test('more rows than the limit are cut, and that is said', async () => {
  const answer = await queryLake(place.lake, 'select origin from flights', [await queried()], { limit: 2 })
  expect(answer).toMatchObject({ rows: [{}, {}], cut: true })
  expect(answer.rows).toHaveLength(2)
})

test('a query that cannot be says where and why', async () => {
  const dataset = await queried()
  await expect(queryLake(place.lake, 'select orgin from flights', [dataset], { file: 'the query' })).rejects.toMatchObject({
    code: 'BAD_SQL',
    failure: 'user',
    place: { file: 'the query', line: 1, column: 8 },
  })
  await expect(queryLake(place.lake, 'select * from nowhere', [dataset])).rejects.toMatchObject({ code: 'BAD_SQL' })
})
