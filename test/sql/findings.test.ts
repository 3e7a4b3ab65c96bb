import { compileSql, type SqlInput } from '../../shared/sql/compile.ts'

const inputs: SqlInput[] = [
  {
    alias: 'flights',
    columns: {
      origin: 'string',
      destination: 'string',
      delay: 'int',
      day: 'date',
      place: { struct: { city: 'string' } },
      tags: { array: 'string' },
      big: 'bigint',
    },
  },
  { alias: 'airports', columns: { code: 'string', delay: 'int' } },
]

const found = (sql: string, severity: 'error' | 'warning'): string[] =>
  compileSql(sql, inputs, undefined)
    .findings.filter(f => f.severity === severity && !f.message.endsWith('is not used'))
    .map(f => `${f.line}:${f.column} ${f.message}; ${f.remedy}`)
const errors = (sql: string): string[] => found(sql, 'error')

test.each([
  ['SELECT orgin FROM flights', '1:8 no column is called "orgin"; did you mean origin?'],
  ['SELECT\n  f.orgin\nFROM flights f', '2:5 f has no column "orgin"; did you mean origin?'],
  ['SELECT g.origin FROM flights f', '1:8 there is no table or column "g" here; did you mean f.origin?'],
  ['SELECT origin FROM fligths', '1:20 there is no input "fligths"; did you mean flights?'],
  ['SELECT place.cty FROM flights', '1:14 place has no field "cty"; did you mean city?'],
  [
    'SELECT delay FROM flights f JOIN airports a ON f.origin = a.code',
    '1:8 "delay" is ambiguous: f and a both have it; say which, such as f.delay',
  ],
  [
    'SELECT max(delay), origin FROM flights',
    '1:20 "origin" is neither grouped by nor in an aggregate; add it to GROUP BY, or take max(origin) or such',
  ],
])('names: %s', (sql, message) => expect(errors(sql)).toEqual([message]))

test.each([
  ['SELECT day > 5 FROM flights', '1:14 date and int cannot be compared; write cast(… AS date)'],
  ['SELECT day * 2 FROM flights', '1:8 * takes numbers; this is date; for dates write date_add, date_diff or an INTERVAL'],
  ['SELECT origin FROM flights WHERE delay', '1:34 WHERE takes a condition; this is int; compare it with something'],
  ['SELECT upper(tags) FROM flights', '1:14 the first argument of upper is array<string>; it takes a string; write cast(… AS string)'],
  ['SELECT sum(day) FROM flights', '1:12 sum takes numbers; this is date; cast it'],
  [
    'SELECT cast(day AS int) FROM flights',
    '1:8 date cannot be cast to int; there is no such cast; take a part of it, or go by way of string',
  ],
  [
    'SELECT CASE WHEN delay > 1 THEN 1 ELSE day END FROM flights',
    '1:8 CASE mixes int and date, which have no type in common; cast one of them',
  ],
  ['SELECT day FROM flights UNION ALL SELECT delay FROM airports', '1:42 column "day" of UNION ALL is date and int; cast one side'],
  ['SELECT origin FROM flights UNION SELECT code, delay FROM airports', '1:28 UNION of 1 and 2 columns; select as many on both sides'],
  ["SELECT date'2001-02-30'", '1:8 "2001-02-30" is not a date; write it like 2001-02-14'],
])('types: %s', (sql, message) => expect(errors(sql)).toEqual([message]))

test.each([
  ['SELECT origin, FROM flights', '1:16 a comma too many before FROM; remove it'],
  ['SELECT origin FROM flights WHERE', '1:33 the statement ends here; an expression belongs here'],
  [
    'SELECT origin FROM flights GRUOP BY origin',
    '1:34 "BY" cannot stand here; look here or just before it for a misspelt keyword, or a missing comma, bracket or keyword',
  ],
  ['SELECT (origin FROM flights', '1:16 "FROM" cannot stand here; ) belongs here'],
  ["SELECT 'abc FROM flights", "1:8 a string is not closed; end it with '"],
  ['SELECT 1; SELECT 2', '1:11 there is more than one statement; keep one; split the rest into tasks of their own, or use WITH'],
  ['INSERT INTO t SELECT 1', '1:1 INSERT is not a query; a transform is one SELECT; what it selects becomes the output'],
  ['', '1:1 there is no statement; write one SELECT'],
  ['SELECT origin::int FROM flights', '1:14 :: is not Spark SQL; write cast(value AS type)'],
  ['SELECT * EXCEPT (origin) FROM flights', '1:10 * EXCEPT is not Spark SQL 3.5; name the columns'],
  [
    'SELECT origin FROM flights QUALIFY true',
    '1:28 QUALIFY is not Spark SQL; compute the window in a subquery and filter it with WHERE outside',
  ],
  ['SELECT 1 AS "a b"', '1:13 "a b" is a text, where a name belongs; quote a name in backquotes: `a name`'],
])('grammar: %s', (sql, message) => expect(errors(sql)).toEqual([message]))

test.each([
  [
    'SELECT now()',
    '1:8 now gives something else at every run, so a replay would not give the same rows; write :start, :end or :partition, which say what the run is for',
  ],
  [
    'SELECT current_date',
    '1:8 current_date gives something else at every run, so a replay would not give the same rows; write :start, :end or :partition, which say what the run is for',
  ],
  [
    'SELECT rand()',
    '1:8 rand gives something else at every run, so a replay would not give the same rows; take it from the data, such as a hash of the key',
  ],
  [
    'SELECT * FROM flights TABLESAMPLE (10 PERCENT)',
    "1:23 TABLESAMPLE takes other rows at every run, so a replay would not give the same rows; choose by the data: WHERE md5(key) < '1' takes a sixteenth of the keys",
  ],
  [
    'SELECT f.origin, a.nowhere FROM flights TABLESAMPLE (10 ROWS) REPEATABLE (7) AS f JOIN airports AS a ON a.code = f.origin',
    "1:41 TABLESAMPLE takes other rows at every run, so a replay would not give the same rows; choose by the data: WHERE md5(key) < '1' takes a sixteenth of the keys",
  ],
  ['SELECT :day', '1:8 there is no parameter :day; there are :partition, :start and :end, of the output'],
  ['SELECT upperr(origin) FROM flights', '1:8 no function is called "upperr"; did you mean upper?'],
  ['SELECT substr(origin) FROM flights', '1:8 substr takes 2 or 3 arguments; here are 1; write substr(text, 1, 3)'],
  [
    'SELECT origin FROM flights WHERE sum(delay) > 1',
    '1:34 sum is an aggregate, which cannot stand in WHERE; write the condition in HAVING',
  ],
  ['SELECT row_number() OVER (PARTITION BY origin) FROM flights', '1:8 row_number needs an order; write OVER (… ORDER BY …)'],
  [
    "SELECT to_date(origin, 'YYYY-MM-dd') FROM flights",
    '1:24 YYYY in a datetime pattern counts by weeks, which Spark refuses; write yyyy for the year',
  ],
  [
    "SELECT origin LIKE 'a\\\\b' FROM flights",
    '1:20 \\b in a pattern escapes what needs no escape; \\ may stand before _, % and itself; in quotes write it twice, or name another with ESCAPE',
  ],
  [
    "SELECT regexp_extract(origin, 'abc') FROM flights",
    '1:31 regexp_extract asks for group 1; the pattern has 0; put brackets into the pattern, or write 0 for the whole match',
  ],
  [
    "SELECT origin RLIKE '(a' FROM flights",
    `1:21 "(a" is not a regular expression: a bracket is not closed; write a backslash twice in quotes, or use r'…'`,
  ],
  [
    'SELECT (SELECT delay FROM airports a WHERE a.code = f.origin) FROM flights f',
    '1:8 a subquery that names columns from outside must give one row for sure; select an aggregate, such as max(…), without GROUP BY',
  ],
])('functions: %s', (sql, message) => expect(errors(sql)).toEqual([message]))

test.each([
  [
    'SELECT first(origin) FROM flights',
    "1:8 first depends on the order of rows, which is nobody's promise; write min_by or max_by with what decides",
  ],
  [
    'SELECT collect_list(origin) FROM flights',
    "1:8 collect_list depends on the order of rows, which is nobody's promise; sort it: array_sort(…)",
  ],
  [
    'SELECT origin FROM flights LIMIT 1',
    '1:34 LIMIT without ORDER BY keeps rows by chance, so a replay may keep others; write ORDER BY before it',
  ],
  [
    'SELECT first_value(origin) OVER (PARTITION BY day) FROM flights',
    '1:8 first_value depends on the order of rows, and its window has none; write ORDER BY in the window',
  ],
])('order: %s', (sql, message) => expect(found(sql, 'warning')).toEqual([message]))

test('what is sorted or ordered is no warning', () => {
  for (const sql of [
    'SELECT array_sort(collect_list(origin)) FROM flights',
    'SELECT origin FROM flights ORDER BY day LIMIT 1',
    'SELECT first_value(origin) OVER (ORDER BY day) FROM flights',
  ])
    expect(found(sql, 'warning')).toEqual([])
})

test('one mistake brings no others, and all mistakes are found', () => {
  expect(errors('SELECT x, y + 1 FROM nowhere WHERE z > 2 GROUP BY x')).toEqual([
    '1:22 there is no input "nowhere"; there are flights, airports',
  ])
  expect(errors('SELECT orgin, upper(dely) FROM flights WHERE dayy = :start')).toEqual([
    '1:8 no column is called "orgin"; did you mean origin?',
    '1:21 no column is called "dely"; did you mean delay?',
    '1:46 no column is called "dayy"; did you mean day?',
  ])
})

test('an input that is not used is a warning', () => {
  expect(compileSql('SELECT code FROM airports', inputs, undefined).findings).toEqual([
    {
      code: 'BAD_SQL',
      severity: 'warning',
      line: 1,
      column: 1,
      message: 'the input "flights" is not used',
      remedy: 'use it, or remove it from task.ts',
    },
  ])
})

test.each([
  ['SELECT now()', /^now .* :: write the time itself: timestamp '2001-02-14 05:30:00'$/],
  ['SELECT rand()', /:: take it from the data, such as a hash of the key$/],
  ['SELECT :start', /^there is no parameter :start, since this is run for no partition :: write the time itself/],
  ['SELECT :partition', /^there is no parameter :partition, .* :: write the key itself$/],
])('a statement that is run for no partition is told of no parameters: %s', (sql, said) => {
  const { findings } = compileSql(sql, [], undefined, { parameters: false })
  expect(findings.map(f => `${f.message} :: ${f.remedy}`)).toEqual([expect.stringMatching(said)])
})
