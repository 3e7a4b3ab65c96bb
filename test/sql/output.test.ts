import type { Columns } from '../../shared/core/schema.ts'
import { compileSql, duckdbType, type SqlInput } from '../../shared/sql/compile.ts'
import { Bench } from './query.ts'

const inputs: SqlInput[] = [
  { alias: 'flights', columns: { origin: 'string', delay: 'int', fee: { decimal: [10, 2] }, at: 'timestamp', doc: 'json' } },
]

const errors = (sql: string, output: Columns): string[] =>
  compileSql(sql, inputs, output)
    .findings.filter(f => f.severity === 'error')
    .map(f => `${f.line}:${f.column} ${f.message}; ${f.remedy}`)

test('the names must be those declared, in any order', () => {
  expect(errors('SELECT delay, origin FROM flights', { origin: 'string', delay: 'int' })).toEqual([])
  expect(
    errors('SELECT orign AS orign, delay FROM (SELECT origin AS orign, delay FROM flights)', { origin: 'string', delay: 'int' }),
  ).toEqual(['1:8 the dataset declares no column "orign"; did you mean origin?'])
  expect(errors('SELECT origin FROM flights', { origin: 'string', delay: 'int' })).toEqual([
    '1:1 the output has no column "delay", which the dataset declares; select it, AS delay',
  ])
  expect(errors('SELECT origin, count(*) FROM flights GROUP BY origin', { origin: 'string', flights: 'bigint' })).toContain(
    '1:16 a column of the output has no name; write AS and a name, such as flights',
  )
  expect(errors('SELECT origin, delay AS origin FROM flights', { origin: 'string' })).toContain(
    '1:16 two columns are called "origin"; give one another name with AS',
  )
})

test('a type fits where it is the same or holds every value', () => {
  const fits: [string, Columns['x']][] = [
    ['delay', 'bigint'],
    ['delay', 'double'],
    ['delay', { decimal: [12, 2] }],
    ['fee', { decimal: [12, 2] }],
    ['count(*)', { decimal: [19, 0] }],
    ['max(origin)', 'json'],
    ['max(doc)', 'string'],
    ['NULL', 'date'],
    ['cast(1 AS smallint)', 'int'],
  ]
  for (const [expression, type] of fits)
    expect([
      expression,
      errors(`SELECT max(x) AS x FROM (SELECT ${expression} AS x FROM flights GROUP BY delay, fee)`, { x: type }),
    ]).toEqual([expression, []])
})

test('any other type is an error that says the cast', () => {
  expect(errors('SELECT count(*) AS n FROM flights', { n: 'int' })).toEqual([
    '1:8 "n" is bigint, and the dataset declares int; write cast(… AS int), or declare bigint',
  ])
  expect(errors('SELECT delay / 2 AS n FROM flights', { n: 'int' })).toHaveLength(1)
  expect(errors('SELECT fee AS n FROM flights', { n: { decimal: [9, 2] } })).toHaveLength(1)
  expect(errors('SELECT count(*) AS n FROM flights', { n: 'double' })).toHaveLength(1)
  expect(errors('SELECT at AS n FROM flights', { n: 'string' })).toHaveLength(1)
})

test('what runs gives the declared columns, in their order and types, without the partition that a star brings', async () => {
  const bench = await Bench.open({ flights: { columns: { origin: 'string', delay: 'int' }, rows: `('SFO', 3)` } })
  const output: Columns = { delay: 'double', origin: 'string' }
  const { duckdb, spark, findings } = bench.compile('SELECT * FROM flights;', output)
  expect(findings).toEqual([])
  expect(spark).toBe(
    'SELECT CAST(result.`delay` AS double) AS `delay`, CAST(result.`origin` AS string) AS `origin` FROM (\nSELECT * FROM flights\n) AS result',
  )
  const described = await bench.describe(duckdb!)
  expect(described).toEqual(Object.entries(output).map(([name, type]) => [name, duckdbType(type)]))
  bench.close()
})

test('a statement that gives exactly the output runs on Spark as it is written', () => {
  expect(compileSql('SELECT origin FROM flights ;\n', inputs, { origin: 'string' }).spark).toBe('SELECT origin FROM flights')
})

test('lineage goes back to the inputs, through everything between', () => {
  const { lineage, outputColumns } = compileSql(
    `WITH daily AS (SELECT origin AS port, sum(delay) AS late FROM flights GROUP BY origin)
     SELECT upper(port) AS port, late / 2 AS half, 'x' AS fixed FROM daily WHERE late > 1`,
    inputs,
    undefined,
  )
  expect(lineage).toEqual({ port: [{ input: 'flights', column: 'origin' }], half: [{ input: 'flights', column: 'delay' }], fixed: [] })
  expect(outputColumns).toEqual([
    { name: 'port', type: 'string' },
    { name: 'half', type: 'double' },
    { name: 'fixed', type: 'string' },
  ])
})

test('a statement that only Spark runs is still checked', () => {
  const compiled = compileSql('SELECT origin, approx_count_distinct(delay) AS n FROM flights GROUP BY origin', inputs, {
    origin: 'string',
    n: 'bigint',
  })
  expect(compiled).toMatchObject({
    findings: [],
    duckdb: undefined,
    sparkOnly: { construct: 'approx_count_distinct()', line: 1, column: 16 },
  })
  expect(
    errors('SELECT orgin, approx_count_distinct(dely) AS n FROM flights GROUP BY orgin', { orgin: 'string', n: 'bigint' }).length,
  ).toBeGreaterThan(1)
})
