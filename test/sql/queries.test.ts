import { Bench } from './query.ts'

let bench: Bench
beforeAll(async () => {
  bench = await Bench.open({
    flights: {
      columns: {
        origin: 'string',
        destination: 'string',
        delay: 'int',
        day: 'date',
        at: 'timestamp',
        fee: { decimal: [10, 2] },
        tags: { array: 'string' },
      },
      rows: `('SFO', 'JFK', 16, '2001-02-14', '2001-02-14 05:10:11.5', 12.50, ['a', 'b']),
        ('SFO', 'LAX', 3, '2001-02-13', '2001-02-13 23:59:59', 7.25, []),
        ('LAX', 'JFK', NULL, '2001-02-12', '2001-02-12 00:00:00', NULL, NULL)`,
    },
    airports: { columns: { code: 'string', name: 'string' }, rows: `('SFO', 'San Francisco'), ('LAX', 'Los Angeles'), ('MAD', 'Madrid')` },
  })
})
afterAll(() => bench.close())

const expectRows = async (sql: string, ...rows: unknown[][]): Promise<void> => expect(await bench.rows(sql)).toEqual(rows)

describe('joins', () => {
  test('inner, left, right, full and cross', async () => {
    await expectRows('SELECT f.delay, a.name FROM flights f JOIN airports a ON f.destination = a.code', [3, 'Los Angeles'])
    await expectRows(
      'SELECT f.delay, a.name FROM flights f LEFT JOIN airports a ON f.destination = a.code',
      [16, null],
      [3, 'Los Angeles'],
      [null, null],
    )
    await expectRows(
      'SELECT f.delay, a.code FROM flights f RIGHT JOIN airports a ON f.destination = a.code',
      [3, 'LAX'],
      [null, 'MAD'],
      [null, 'SFO'],
    )
    await expectRows(
      'SELECT f.destination, a.code FROM flights f FULL OUTER JOIN airports a ON f.destination = a.code ORDER BY 1, 2',
      [null, 'MAD'],
      [null, 'SFO'],
      ['JFK', null],
      ['JFK', null],
      ['LAX', 'LAX'],
    )
    await expectRows('SELECT count(*) FROM flights CROSS JOIN airports', [9])
    await expectRows('SELECT count(*) FROM flights, airports WHERE origin = code', [3])
  })

  test('semi and anti keep the left side only', async () => {
    await expectRows('SELECT * FROM (SELECT code FROM airports) a LEFT SEMI JOIN flights f ON f.origin = a.code', ['LAX'], ['SFO'])
    await expectRows('SELECT code FROM airports a ANTI JOIN flights f ON f.origin = a.code', ['MAD'])
    expect(bench.errors('SELECT f.origin FROM airports a LEFT SEMI JOIN flights f ON f.origin = a.code')).toHaveLength(1)
  })

  test('USING and NATURAL leave a shared column once, of the side that has it', async () => {
    const sides = 'FROM (SELECT 1 AS id, 2 AS a) x FULL JOIN (SELECT 3 AS id, 4 AS b) y'
    await expectRows(`SELECT * ${sides} USING (id) ORDER BY id`, [1, 2, null], [3, null, 4])
    await expectRows(`SELECT x.id, y.id, id ${sides} USING (id) ORDER BY id`, [1, null, 1], [null, 3, 3])
    await expectRows('SELECT * FROM (SELECT 1 AS id, 2 AS a) NATURAL JOIN (SELECT 1 AS id, 4 AS b)', [1, 2, 4])
    expect(bench.warnings('SELECT f.origin FROM flights f NATURAL JOIN airports a')).toEqual([
      '1:32 NATURAL JOIN also joins by _partition, which every input has',
    ])
  })

  test('lateral', async () => {
    await expectRows(
      'SELECT a.code, l.n FROM airports a, LATERAL (SELECT count(*) AS n FROM flights f WHERE f.origin = a.code) l',
      ['LAX', 1],
      ['MAD', 0],
      ['SFO', 2],
    )
    await expectRows(
      'SELECT a.code, l.day FROM airports a LEFT JOIN LATERAL (SELECT day FROM flights f WHERE f.destination = a.code) l ON true',
      ['LAX', '2001-02-13'],
      ['MAD', null],
      ['SFO', null],
    )
  })
})

describe('windows', () => {
  test('rank, neighbours and running sums', () =>
    expectRows(
      `SELECT day, row_number() OVER (PARTITION BY origin ORDER BY day DESC) AS n, lag(delay) OVER w AS before,
         lead(delay, 1, -1) OVER w AS after, sum(delay) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total
       FROM flights WINDOW w AS (ORDER BY day) ORDER BY day`,
      ['2001-02-12', 1, null, 3, null],
      ['2001-02-13', 2, null, 16, 3],
      ['2001-02-14', 1, 3, -1, 19],
    ))

  test('nulls come first going up, last going down', () =>
    expectRows(
      'SELECT day, rank() OVER (ORDER BY delay) AS up, rank() OVER (ORDER BY delay DESC) AS down FROM flights ORDER BY day',
      ['2001-02-12', 1, 3],
      ['2001-02-13', 2, 2],
      ['2001-02-14', 3, 1],
    ))

  test('a range counts by the value: days of a date, an interval of a timestamp', () =>
    expectRows(
      `SELECT day, count(*) OVER (ORDER BY day RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS days,
         count(*) OVER (ORDER BY at RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS hours FROM flights ORDER BY day`,
      ['2001-02-12', 1, 1],
      ['2001-02-13', 2, 1],
      ['2001-02-14', 2, 2],
    ))

  test('nulls may be passed over', () =>
    expectRows(
      'SELECT first_value(delay) IGNORE NULLS OVER (ORDER BY day) AS first, last_value(delay, true) OVER (ORDER BY day DESC) AS last FROM flights ORDER BY day',
      [null, 3],
      [3, 3],
      [3, 16],
    ))

  test('over an aggregate', () =>
    expectRows(
      'SELECT origin, sum(sum(delay)) OVER () AS total, rank() OVER (ORDER BY count(*) DESC) AS place FROM flights GROUP BY origin ORDER BY place',
      ['SFO', 19, 1],
      ['LAX', 19, 2],
    ))
})

describe('grouping', () => {
  test('by a name, an alias, a place, an expression, or all', async () => {
    for (const by of ['upper(origin)', 'port', '1', 'ALL'])
      await expectRows(`SELECT upper(origin) AS port, count(*) AS n FROM flights GROUP BY ${by}`, ['LAX', 1], ['SFO', 2])
    await expectRows('SELECT year(day) + 1 AS y, count(*) AS n FROM flights GROUP BY year(day)', [2002, 3])
  })

  test('an aggregate of nothing is one row, a group of nothing is none', async () => {
    await expectRows('SELECT count(*) AS n, sum(delay) AS s FROM flights WHERE false', [0, null])
    await expectRows('SELECT origin, count(*) AS n FROM flights WHERE false GROUP BY origin')
  })

  test('ROLLUP, CUBE and GROUPING SETS', async () => {
    await expectRows('SELECT origin, count(*) AS n FROM flights GROUP BY origin WITH ROLLUP', ['LAX', 1], ['SFO', 2], [null, 3])
    await expectRows(
      'SELECT origin, destination, count(*) AS n, grouping_id() AS g FROM flights GROUP BY CUBE (origin, destination) ORDER BY g, origin, destination',
      ['LAX', 'JFK', 1, 0],
      ['SFO', 'JFK', 1, 0],
      ['SFO', 'LAX', 1, 0],
      ['LAX', null, 1, 1],
      ['SFO', null, 2, 1],
      [null, 'JFK', 2, 2],
      [null, 'LAX', 1, 2],
      [null, null, 3, 3],
    )
    await expectRows(
      "SELECT coalesce(origin, 'all') AS o, grouping(origin) AS g, count(*) AS n FROM flights GROUP BY GROUPING SETS ((origin), ())",
      ['LAX', 0, 1],
      ['SFO', 0, 2],
      ['all', 1, 3],
    )
    await expectRows('SELECT origin, destination, count(*) AS n FROM flights GROUP BY origin, ROLLUP (destination) HAVING n > 1', [
      'SFO',
      null,
      2,
    ])
  })

  test('HAVING and ORDER BY may name aggregates and aliases', async () => {
    await expectRows('SELECT origin, sum(delay) AS delay FROM flights GROUP BY origin HAVING delay > 3', ['SFO', 19])
    await expectRows('SELECT origin FROM flights GROUP BY origin ORDER BY count(*) DESC, max(day)', ['SFO'], ['LAX'])
  })

  test('FILTER, DISTINCT and several columns counted', () =>
    expectRows(
      "SELECT sum(delay) FILTER (WHERE destination = 'JFK') AS a, count(DISTINCT origin) AS b, count(DISTINCT origin, delay) AS c, count_if(delay > 5) AS d FROM flights",
      [16, 2, 2, 1],
    ))

  test('sums and averages have Spark’s types', () =>
    expectRows(
      'SELECT typeof(sum(delay)), typeof(sum(fee)), typeof(avg(fee)), typeof(avg(delay)), typeof(sum(fee) / count(*)), avg(fee), sum(fee) / count(*) FROM flights',
      ['bigint', 'decimal(20,2)', 'decimal(14,6)', 'double', 'decimal(38,20)', '9.875000', '6.58333333333333333333'],
    ))

  test('percentiles lie between the values', () =>
    expectRows(
      'SELECT median(delay) AS m, percentile(delay, 0.25) AS p, percentile_cont(0.25) WITHIN GROUP (ORDER BY delay DESC) AS c FROM flights',
      [9.5, 6.25, 12.75],
    ))

  test('what decides gives its row even where the value is null', () =>
    expectRows('SELECT max_by(delay, day) AS last, min_by(delay, day) AS first FROM flights', [16, null]))
})

describe('queries within queries', () => {
  test('WITH, one on another, with names of their own', () =>
    expectRows('WITH a(port) AS (SELECT origin FROM flights), b AS (SELECT DISTINCT port FROM a) SELECT count(*) AS n FROM b', [2]))

  test('a table of WITH hides an input, inside its own query only', () =>
    expectRows("SELECT (WITH flights AS (SELECT 'x' AS origin) SELECT origin FROM flights) AS x, count(*) AS n FROM flights GROUP BY 1", [
      'x',
      3,
    ]))

  test('as a value, in IN and in EXISTS, correlated too', async () => {
    await expectRows(
      'SELECT code, (SELECT count(*) FROM flights f WHERE f.origin = a.code) AS n FROM airports a',
      ['LAX', 1],
      ['MAD', 0],
      ['SFO', 2],
    )
    await expectRows("SELECT code FROM airports WHERE code NOT IN (SELECT origin FROM flights WHERE origin <> 'LAX')", ['LAX'], ['MAD'])
    await expectRows(
      'SELECT code FROM airports a WHERE EXISTS (SELECT 1 FROM flights f WHERE f.destination = a.code AND f.origin <> a.code)',
      ['LAX'],
    )
    await expectRows(
      'SELECT origin, count(*) AS n, (SELECT max(name) FROM airports a WHERE a.code = f.origin) AS name FROM flights f GROUP BY origin',
      ['LAX', 1, 'Los Angeles'],
      ['SFO', 2, 'San Francisco'],
    )
  })

  test('set operations; INTERSECT binds tighter', async () => {
    await expectRows('SELECT origin FROM flights UNION SELECT code FROM airports', ['LAX'], ['MAD'], ['SFO'])
    await expectRows('SELECT origin FROM flights UNION ALL SELECT code FROM airports WHERE false', ['LAX'], ['SFO'], ['SFO'])
    await expectRows('SELECT origin FROM flights EXCEPT ALL SELECT code FROM airports', ['SFO'])
    await expectRows("SELECT 'A' AS x UNION SELECT 'B' INTERSECT SELECT 'B' MINUS SELECT 'A'", ['B'])
    await expectRows('SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT NULL ORDER BY x DESC', ['2.5'], ['1.0'], [null])
  })

  test('VALUES', async () => {
    await expectRows("SELECT * FROM VALUES (1, 'a'), (2, NULL) AS t(n, s) ORDER BY n DESC", [2, null], [1, 'a'])
    await expectRows('VALUES (1), (2.5)', ['1.0'], ['2.5'])
  })
})

describe('rows from arrays, columns from rows', () => {
  test('LATERAL VIEW explode and posexplode, with and without OUTER', async () => {
    await expectRows('SELECT origin, tag FROM flights LATERAL VIEW explode(tags) t AS tag', ['SFO', 'a'], ['SFO', 'b'])
    await expectRows(
      'SELECT destination, place, tag FROM flights LATERAL VIEW OUTER posexplode(tags) t AS place, tag ORDER BY 1, 2',
      ['JFK', null, null],
      ['JFK', 0, 'a'],
      ['JFK', 1, 'b'],
      ['LAX', null, null],
    )
    await expectRows("SELECT k, v FROM airports LATERAL VIEW explode(map('x', 1)) t AS k, v WHERE code = 'MAD'", ['x', 1])
    await expectRows('SELECT origin, explode(tags) AS tag FROM flights', ['SFO', 'a'], ['SFO', 'b'])
  })

  test('PIVOT groups by what it does not name; what has no rows is NULL, even a count', () =>
    expectRows(
      "SELECT * FROM (SELECT origin, destination, delay FROM flights) PIVOT (sum(delay) AS s, count(*) AS n FOR destination IN ('JFK', 'LAX' AS la))",
      ['LAX', null, 1, null, null],
      ['SFO', 16, 1, 3, 1],
    ))

  test('UNPIVOT leaves nulls out unless told', () =>
    expectRows(
      "SELECT * FROM (SELECT day, delay, length(origin) AS o FROM flights) UNPIVOT (v FOR what IN (delay, o AS letters)) WHERE day < date'2001-02-14'",
      ['2001-02-12', 'letters', 3],
      ['2001-02-13', 'delay', 3],
      ['2001-02-13', 'letters', 3],
    ))
})

describe('names', () => {
  test('a column may name one before it; a column of a table goes first', () =>
    expectRows('SELECT delay * 2 AS twice, twice + 1 AS more, length(origin) AS origin, origin AS again FROM flights WHERE delay = 3', [
      6,
      7,
      3,
      'SFO',
    ]))

  test('case does not matter, backquotes hold any name', () =>
    expectRows('SELECT F.ORIGIN AS `the port` FROM Flights f WHERE f.Delay = 3', ['SFO']))

  test('parameters, and the partition of a row', async () => {
    const parameters = { partition: '2001-02-14', start: '2001-02-14 00:00:00', end: '2001-02-15 00:00:00' }
    const sql = 'SELECT origin, :partition AS p, _partition FROM flights WHERE at >= :start AND at < :end'
    expect(await bench.rows(sql, parameters)).toEqual([['SFO', '2001-02-14', '2001-02-14']])
    expect(bench.compile(sql)).toMatchObject({ parameters: ['partition', 'start', 'end'], spark: sql })
  })
})
