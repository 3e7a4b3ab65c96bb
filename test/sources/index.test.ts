import { jsonApi, logFiles, type Source, sqlQuery, sqlTable, xmlApi } from 'redeye/sources'
import { daily, dataset, ingest, struct, type Task } from 'redeye/task'

const flights = dataset('flights', {
  partition: daily({ from: '2001-02-01', timezone: 'America/Chicago' }),
  columns: { flight_id: 'bigint', flight_date: 'date', delay_min: 'int', route: struct({ origin: 'string', destination: 'string' }) },
  description: 'flights as flown',
  owner: 'network@example.com',
})

/** Every source as a task.ts would have it; that this file compiles is half of the test. */
const tasks: Record<string, Task> = {
  table: ingest({
    source: sqlTable({ connection: 'OPERATIONS_DB', table: 'flights', partitionColumn: 'flight_date', key: ['flight_id'] }),
    output: flights,
  }),
  changes: ingest({
    source: sqlTable({
      connection: 'OPERATIONS_DB',
      table: 'flights',
      watermark: 'changed_at',
      parallel: { column: 'flight_id', ranges: 4 },
    }),
    output: flights,
    map: ({ origin, destination, ...flight }) => ({ ...flight, route: { origin, destination } }),
  }),
  query: ingest({
    source: sqlQuery({
      connection: 'OPERATIONS_DB',
      query: 'select f.*, a.city from flights f join airports a on a.iata = f.origin',
      partitionColumn: 'flight_date',
    }),
    output: flights,
  }),
  logs: ingest({ source: logFiles({ connection: 'SITE_LOGS', files: 'access-{date}*.log.gz', format: 'combined' }), output: flights }),
  pattern: ingest({
    source: logFiles({ connection: 'GATE_LOGS', files: '{yyyy}/{mm}/**', format: /^(?<at>\S+) gate (?<gate>\w+)$/, time: 'at' }),
    output: flights,
  }),
  json: ingest({
    source: jsonApi({
      connection: 'AIRPORTS_API',
      path: '/airports',
      query: { date: '{date}' },
      items: 'data.results',
      auth: { basic: { user: 'AIRPORTS_USER', password: 'AIRPORTS_PASSWORD' } },
      pages: { by: 'cursor', next: 'meta.next', parameter: 'cursor' },
    }),
    output: flights,
  }),
  xml: ingest({
    source: xmlApi({ connection: 'STRIKES_API', path: '/strikes/{partition}', item: 'strike', pages: { by: 'link' } }),
    output: flights,
  }),
}

test.each(Object.entries(tasks))('%s: a source in a task has no faults and says what it is in one line', (_, task) => {
  const source: Source = task.work.work === 'ingest' ? task.work.source : (undefined as never)
  expect(source.faults(task.output.columns)).toEqual([])
  expect(source.describe()).toMatch(/^[^\n]{5,80}$/)
})

test('options that cannot be are compile errors', () => {
  // @ts-expect-error a secret belongs to a bearer, a basic or a header
  const unproved = jsonApi({ connection: 'A', auth: { token: 'X' } })
  expect(unproved.faults(flights.columns)).toContainEqual(expect.stringContaining('{ header, secret }, not { token }'))
  // @ts-expect-error a cursor needs the path to the next one
  jsonApi({ connection: 'A', pages: { by: 'cursor', parameter: 'cursor' } })
  // @ts-expect-error there is no such form of time
  sqlTable({ connection: 'A', table: 't', partitionColumn: 'c', holds: 'julian' })
  // @ts-expect-error an XML source needs the name of its items
  xmlApi({ connection: 'A' })
})
