import { dataset, latest, rows, trailing, transform, unique } from '../../../shared/task/index.ts'
import { airports, flights } from '../datasets.ts'

const sounds = dataset('sounds', {
  partition: flights.partition,
  columns: { origin: 'string', flights: 'int', day: 'string' },
  description: 'Flights by how their origin sounds',
  owner: 'tests@example.com',
})

// DuckDB has no soundex.
export default transform({
  inputs: { flights: trailing(flights, 2), airports: latest(airports) },
  output: sounds,
  sql: 'sounding.sql',
  checks: [rows({ atLeast: 1 }), unique('origin')],
})
