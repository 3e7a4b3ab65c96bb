import { Bench } from './query.ts'

let bench: Bench
beforeAll(async () => {
  bench = await Bench.open()
})
afterAll(() => bench.close())

/** What each expression gives, in the form of the recorded examples: decimals and dates as texts, binaries in hex. */
async function expectValues(expressions: Record<string, unknown>): Promise<void> {
  const list = Object.keys(expressions)
  const [row] = await bench.rows(`SELECT ${list.map((e, i) => `${e} AS c${i}`).join(', ')}`)
  expect(Object.fromEntries(list.map((e, i) => [e, row![i]]))).toEqual(expressions)
}

/** Each fails, as Spark in ANSI mode does: when it is compiled or when it runs. */
async function expectFailures(...expressions: string[]): Promise<void> {
  for (const expression of expressions) await expect(bench.value(expression).then(value => [expression, value])).rejects.toThrow()
}

describe('strings', () => {
  test('parts of a text count from 1, and from the end below 0', () =>
    expectValues({
      "substring('Spark SQL', 0, 3)": 'Spa',
      "substring('Spark', 2)": 'park',
      "substring('Spark', -3, 2)": 'ar',
      "substring('Spark', -10, 7)": 'Sp',
      "substring('Spark', 10)": '',
      "substring('Spark', 2, -1)": '',
      "left('abc', -1)": '',
      "right('abc', 2)": 'bc',
      "split_part('a.b.c', '.', -1)": 'c',
      "substring_index('a.b.c', '.', -2)": 'b.c',
      "substring_index('a.b.c', '.', 1)": 'a',
      "overlay('abcdef' PLACING 'XY' FROM 3)": 'abXYef',
    }))

  test('joining texts keeps Spark’s treatment of nulls', () =>
    expectValues({
      "concat('a', NULL)": null,
      "'a' || NULL": null,
      "concat_ws(',', 'a', NULL, 'b')": 'a,b',
      "concat_ws(',', array('a', NULL, 'b'), 'c')": 'a,b,c',
      "concat(1, 'a', 2.5)": '1a2.5',
      "'it''s'": 'its',
      "'a' 'b'": 'ab',
    }))

  test('cases and lengths count letters, not bytes', () =>
    expectValues({
      "length('añ😀')": 3,
      "octet_length('añ')": 3,
      "reverse('añb')": 'bña',
      "upper('Straße')": 'STRASSE',
      "initcap('hello wORLD  foo-bar')": 'Hello World  Foo-bar',
      "lpad('abc', 2)": 'ab',
      "lpad('7', 3, '0')": '007',
      "rpad('abc', 5, '')": 'abc',
      "repeat('ab', -1)": '',
      "translate('abc', 'ac', 'x')": 'xb',
      "replace('abc', 'b')": 'ac',
    }))

  test('a letter whose capital the engines write differently fails, rather than differ', () =>
    expectFailures("upper('ﬁn')", "lower('ΟΔΟΣ')"))

  test('searching', () =>
    expectValues({
      "instr('abcabc', 'c')": 3,
      "instr('abc', '')": 1,
      "locate('c', 'abcabc', 4)": 6,
      "locate('z', 'abc')": 0,
      "position('b' IN 'abc')": 2,
      "contains('abc', 'b')": true,
      "find_in_set('b', 'a,b')": 2,
      "find_in_set('a,b', 'a,b')": 0,
      "levenshtein('kitten', 'sitting', 2)": -1,
      "ascii('')": 0,
    }))

  test('patterns', () =>
    expectValues({
      "'abc' LIKE 'a%'": true,
      "'a%c' LIKE 'a\\\\%c'": true,
      "'abc' LIKE 'a\\\\%c'": false,
      "'a_c' LIKE 'a!_c' ESCAPE '!'": true,
      "'ABC' ILIKE 'a%'": true,
      "'abc' LIKE ANY ('x%', 'a%')": true,
      "'abc' NOT LIKE ALL ('x%', 'y%')": true,
      "'foo' RLIKE '^o'": false,
      "'foo123' REGEXP '\\\\d+$'": true,
      "regexp_replace('John Smith', '(\\\\w+) (\\\\w+)', '$2 $1')": 'Smith John',
      "regexp_extract('foo=12', 'foo=(\\\\d+)')": '12',
      "regexp_extract('none', '(\\\\d+)')": '',
      "regexp_extract('/a/b', '([^/]+)$', 1)": 'b',
      "regexp_extract('ABC', '(?i)(b)', 1)": 'B',
      "regexp_extract_all('ab a', 'a(b)?', 1)": ['b', ''],
      "split('a,b,,c', ',')": ['a', 'b', '', 'c'],
      "split('a.b', '\\\\.')": ['a', 'b'],
      "split('a1b2', '[0-9]')": ['a', 'b', ''],
    }))

  test('encodings', () =>
    expectValues({
      "md5('a')": '0cc175b9c0f1b6a831c399e269772661',
      "base64('abc')": 'YWJj',
      'hex(255)': 'FF',
      'hex(-1)': 'FFFFFFFFFFFFFFFF',
      "url_encode('a b~*')": 'a+b%7E*',
      "url_decode('a+b%7E')": 'a b~',
      "unhex('zz')": null,
    }))

  test('what Spark refuses fails', () => expectFailures("url_decode('%zz')", "elt(3, 'a', 'b')", "split_part('a', ',', 0)"))
})

describe('dates', () => {
  test('fields', () =>
    expectValues({
      "weekofyear(date'2000-01-01')": 52,
      "dayofweek(date'2001-02-14')": 4,
      "weekday(date'2001-02-14')": 2,
      "dayofyear(date'2001-02-14')": 45,
      "quarter('2001-05-14')": 2,
      "EXTRACT(WEEK FROM date'2001-02-14')": 7,
      "date_part('dow', date'2001-02-14')": 4,
      "EXTRACT(SECOND FROM timestamp'2001-02-14 05:06:07.25')": '7.250000',
      "hour(timestamp'2001-02-14 05:06:07')": 5,
    }))

  test('arithmetic by days and months', () =>
    expectValues({
      "date'2001-02-14' + 1": '2001-02-15',
      "date'2001-02-14' - 14": '2001-01-31',
      "date'2001-01-31' + INTERVAL 1 MONTH": '2001-02-28',
      "date'2001-02-14' + INTERVAL '1-2' YEAR TO MONTH": '2002-04-14',
      "date'2001-02-14' + INTERVAL 3 HOURS": '2001-02-14 03:00:00',
      "timestamp'2001-02-14 05:00:00' - INTERVAL '1 02:03:04' DAY TO SECOND": '2001-02-13 02:56:56',
      "add_months(date'2001-02-28', -12)": '2000-02-28',
      "last_day(date'2004-02-10')": '2004-02-29',
      "next_day(date'2001-02-14', 'WED')": '2001-02-21',
      "datediff(date'2001-03-01', date'2001-02-01')": 28,
      "months_between(date'2001-03-31', date'2001-02-28')": 1,
      "dateadd(MONTH, 1, timestamp'2001-01-31 05:00:00')": '2001-02-28 05:00:00',
      "timestampadd(HOUR, 5, timestamp'2001-02-14 05:00:00')": '2001-02-14 10:00:00',
      "timestampdiff(HOUR, timestamp'2001-02-14 05:00:00', timestamp'2001-02-15 04:59:00')": 23,
    }))

  test('cutting to a unit', () =>
    expectValues({
      "date_trunc('week', timestamp'2001-02-14 05:06:07')": '2001-02-12 00:00:00',
      "date_trunc('QUARTER', timestamp'2001-02-14 05:06:07')": '2001-01-01 00:00:00',
      "date_trunc('hour', '2001-02-14 05:06:07')": '2001-02-14 05:00:00',
      "trunc(date'2001-02-14', 'MM')": '2001-02-01',
    }))

  test('texts', () =>
    expectValues({
      "date_format(timestamp'2001-02-04 15:06:07.089', 'yyyy-MM-dd HH:mm:ss.SSS')": '2001-02-04 15:06:07.089',
      "date_format(date'2001-02-04', 'E, d MMM yy')": 'Sun, 4 Feb 01',
      "date_format(timestamp'2001-02-04 15:06:07', 'h:mm a')": '3:06 PM',
      "to_date('14/02/2001', 'dd/MM/yyyy')": '2001-02-14',
      "to_timestamp('14/Feb/2001:05:06:07', 'dd/MMM/yyyy:HH:mm:ss')": '2001-02-14 05:06:07',
      "try_to_timestamp('x', 'yyyy-MM-dd')": null,
      "unix_timestamp('2001-02-14 00:00:00')": 982108800,
      'from_unixtime(982108801)': '2001-02-14 00:00:01',
      "from_unixtime(982108801, 'yyyyMMdd')": '20010214',
    }))

  test('time zones', () =>
    expectValues({
      "from_utc_timestamp(timestamp'2001-07-14 05:00:00', 'Europe/Madrid')": '2001-07-14 07:00:00',
      "to_utc_timestamp(timestamp'2001-01-14 05:00:00', 'America/New_York')": '2001-01-14 10:00:00',
    }))

  test('making, and counting from 1970', () =>
    expectValues({
      'make_date(2001, 2, 14)': '2001-02-14',
      'make_timestamp(2001, 2, 14, 5, 6, 7.5)': '2001-02-14 05:06:07.500000',
      'timestamp_millis(1500)': '1970-01-01 00:00:01.500000',
      "unix_millis(timestamp'1969-12-31 23:59:59.9995')": -1,
      "unix_date(date'2001-02-14')": 11367,
      "sequence(date'2001-01-31', date'2001-04-30', INTERVAL 1 MONTH)": ['2001-01-31', '2001-02-28', '2001-03-31', '2001-04-30'],
    }))

  test('what is no date fails', () =>
    expectFailures(
      "to_date('2001-2-14', 'yyyy-MM-dd')",
      "to_date('2001-02-30', 'yyyy-MM-dd')",
      "cast('2001-02-30' AS date)",
      "cast('20010203' AS date)",
      'make_date(2001, 2, 30)',
      "next_day(date'2001-02-14', 'FOO')",
      "hour('05:06:07')",
    ))
})

describe('numbers', () => {
  test('operators give Spark’s types and values', async () => {
    const types: Record<string, string> = {
      '1 / 2': 'double',
      '7 DIV 2': 'bigint',
      '2 * 1.50': 'decimal(5,2)',
      '10.0 / 4': 'decimal(8,6)',
      '1 / 3.0': 'decimal(8,6)',
      '5.5 % 2': 'decimal(2,1)',
      '1 + 1L': 'bigint',
      '1 + 1.5D': 'double',
      '1e0': 'double',
      '- 2.50': 'decimal(3,2)',
      'cast(1 AS tinyint) + 1': 'int',
    }
    for (const [expression, type] of Object.entries(types))
      expect([expression, await bench.value(`typeof(${expression})`)]).toEqual([expression, type])
    await expectValues({
      '0.1 + 0.2': '0.3',
      '0.1D + 0.2D': 0.30000000000000004,
      '1 / 3.0': '0.333333',
      '-7 % 3': -1,
      '-7 DIV 2': -3,
      'pmod(-7, 3)': 2,
      '~5': -6,
      '5 ^ 3': 6,
      'shiftleft(1, 31)': -2147483648,
      'shiftright(-8, 1)': -4,
    })
  })

  test('rounding is half up, by the decimal text of a double', () =>
    expectValues({
      'round(2.5)': '3',
      'round(-2.5D)': -3,
      'round(1.005D, 2)': 1.01,
      'round(1e20D, 2)': 1e20,
      'round(1234.567, -2)': '1200',
      'round(1235, -1)': 1240,
      'bround(2.5)': '2',
      'bround(3.5D)': 4,
      'floor(-1.5)': '-2',
      'floor(-1.5D)': -2,
      'ceil(12.341, 2)': '12.35',
      'rint(2.5D)': 2,
    }))

  test('what has no answer is NaN or NULL, as in Java', () =>
    expectValues({
      'sqrt(-1)': 'nan',
      'ln(0)': null,
      'log(2, 8)': 3,
      'acos(2)': 'nan',
      'pow(2, 10)': 1024,
      "nanvl(cast('nan' AS double), 0)": 0,
      "cast('NaN' AS double) = cast('NaN' AS double)": true,
      "cast('NaN' AS double) > 1e308": true,
    }))

  test('overflow, and division by zero, are errors', () =>
    expectFailures(
      '1 / 0',
      '1.0 / 0',
      '1D / 0',
      '5 % 0',
      '5 DIV 0',
      '2147483647 + 1',
      '9223372036854775807 + 1',
      '-(-2147483648)',
      'abs(-2147483648)',
      'cast(127 AS tinyint) + cast(1 AS tinyint)',
    ))

  test('what may fail gives NULL where asked to', () =>
    expectValues({ 'try_add(2147483647, 1)': null, 'try_divide(1, 0)': null, 'try_multiply(2, 3)': 6, 'try_subtract(1, 2)': -1 }))
})

describe('casts', () => {
  test('a fraction is cut, a text is read strictly', () =>
    expectValues({
      'cast(1.9 AS int)': 1,
      'cast(-1.9D AS int)': -1,
      "cast(' 12 ' AS int)": 12,
      "cast('+5' AS bigint)": 5,
      "cast('2001-2-3' AS date)": '2001-02-03',
      "cast('2001' AS date)": '2001-01-01',
      "cast('2001-02-03T04:05:06+02:00' AS timestamp)": '2001-02-03 02:05:06',
      "cast('2001-02-03 4:5:6.123456789' AS timestamp)": '2001-02-03 04:05:06.123456',
      "cast('yes' AS boolean)": true,
      'cast(1.005D AS decimal(10, 2))': '1.01',
      'cast(1e-5D AS decimal(6, 5))': '0.00001',
      "cast(timestamp'1969-12-31 23:59:59.5' AS bigint)": -1,
      "cast(array('1', '2') AS array<int>)": [1, 2],
      'cast(array(array(1)) AS array<array<string>>)': [['1']],
      "cast(struct(1, '2') AS struct<a:bigint,b:int>)": { a: 1, b: 2 },
      "int('7')": 7,
      "bigint('7') + tinyint(1) + smallint(2)": 10,
      "float(1.5D) + double('2.5')": 4,
      "boolean('no')": false,
      'string(1.50)': '1.50',
      "binary('a')": 'x61',
    }))

  test('a number is written as Java writes it', () =>
    expectValues({
      'cast(1e10 AS string)': '1.0E10',
      'cast(0.001D AS string)': '0.001',
      'cast(0.00015D AS string)': '1.5E-4',
      'cast(100D AS string)': '100.0',
      'cast(-12345678.9D AS string)': '-1.23456789E7',
      'cast(1.50 AS string)': '1.50',
      "cast(timestamp'2001-02-03 04:05:06.120' AS string)": '2001-02-03 04:05:06.12',
    }))

  test('what does not fit is an error, or NULL where tried', async () => {
    await expectFailures(
      "cast('1.5' AS int)",
      "cast('abc' AS int)",
      'cast(1e10 AS int)',
      "cast('' AS double)",
      "cast('maybe' AS boolean)",
      'cast(12345.678 AS decimal(4, 1))',
      'cast(300 AS tinyint)',
      "cast(date'2001-02-03' AS int)",
    )
    await expectValues({ "try_cast('1.5' AS int)": null, "try_cast('2001-13-01' AS date)": null, "try_cast('12' AS int)": 12 })
  })

  test('a text beside another type goes to that type', () =>
    expectValues({
      "'1' = 1": true,
      "'2' > 10": false,
      "'1.0' = 1.0": true,
      "date'2001-01-01' = '2001-01-01'": true,
      "date'2001-01-01' IN ('2001-01-01', '2001-01-02')": true,
      "coalesce(date'2001-01-01', '2001-01-02')": '2001-01-01',
      'greatest(1, 2.5)': '2.5',
      'CASE WHEN true THEN 1 ELSE 2.5 END': '1.0',
    }))
})

describe('arrays, maps and structs', () => {
  test('arrays', () =>
    expectValues({
      'array(1, 2)[0]': 1,
      'get(array(1), 5)': null,
      'element_at(array(1, 2), -1)': 2,
      'size(array())': 0,
      'array_contains(array(1, NULL), 2)': null,
      'array_distinct(array(1, 1, NULL, NULL))': [1, null],
      'array_intersect(array(1, NULL), array(NULL, 1))': [1, null],
      'array_except(array(1, 2, 2), array(1))': [2],
      "array_join(array('a', NULL), '-', '?')": 'a-?',
      'array_sort(array(3, NULL, 1))': [1, 3, null],
      'sort_array(array(3, NULL, 1))': [null, 1, 3],
      'sort_array(array(3, NULL, 1), false)': [3, 1, null],
      'slice(array(1, 2, 3), -2, 1)': [2],
      'sequence(1, 10, 3)': [1, 4, 7, 10],
      'flatten(array(array(1), array(2, 3)))': [1, 2, 3],
      'array_insert(array(1, 2), 2, 9)': [1, 9, 2],
      'arrays_overlap(array(1, NULL), array(2))': null,
      'concat(array(1), array(2))': [1, 2],
    }))

  test('a null inside sorts before other values', () =>
    expectValues({
      'sort_array(array(struct(2 AS a), struct(cast(NULL AS int) AS a), struct(1 AS a)))': [{ a: null }, { a: 1 }, { a: 2 }],
      'array_sort(array(array(2), array(NULL), array(1, 1)))': [[null], [1, 1], [2]],
      'struct(cast(NULL AS int) AS a) < struct(1 AS a)': true,
      'array(1, NULL) = array(1, NULL)': true,
    }))

  test('lambdas, one within another too', () =>
    expectValues({
      'transform(array(1, 2), x -> x * 2)': [2, 4],
      'transform(array(array(1, 2), array(3)), (l, i) -> transform(l, (x, j) -> x * 10 + i + j))': [[10, 21], [31]],
      'filter(array(0, 2, 3), (x, i) -> x > i)': [2, 3],
      'exists(array(1, NULL, 3), x -> x % 2 = 0)': null,
      'forall(array(2, 4), x -> x % 2 = 0)': true,
      'aggregate(array(1, 2, 3), 0, (sum, x) -> sum + x, sum -> sum * 10)': 60,
      "zip_with(array(1, 2), array('a'), (n, s) -> concat(n, coalesce(s, '-')))": ['1a', '2-'],
      "transform_values(map('a', 1), (k, v) -> concat(k, v))": [['a', 'a1']],
      "map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)": [['b', 2]],
    }))

  test('maps and structs', () =>
    expectValues({
      "map('a', 1)['b']": null,
      "element_at(map('a', 1), 'a')": 1,
      "map_keys(map('a', 1, 'b', 2))": ['a', 'b'],
      "map_concat(map('a', 1), map('b', 2))": [
        ['a', 1],
        ['b', 2],
      ],
      "str_to_map('a=1&b', '&', '=')": [
        ['a', '1'],
        ['b', null],
      ],
      "named_struct('a', 1, 'b', struct(2 AS c)).b.c": 2,
      'array(struct(1 AS a), struct(2 AS a)).a': [1, 2],
    }))

  test('an item that is not there is an error', () =>
    expectFailures('array(1, 2)[2]', 'array(1, 2)[-1]', 'element_at(array(1), 2)', 'element_at(array(1), 0)'))

  test('JSON', () =>
    expectValues({
      'get_json_object(\'{"a": {"b": [1, 2]}}\', \'$.a.b[1]\')': '2',
      'get_json_object(\'{"a": {"b" : "x"}}\', \'$.a\')': '{"b":"x"}',
      "get_json_object('{\"a\": 1.50}', '$.a')": '1.5',
      "get_json_object('{\"a\": 1e10}', '$.a')": '1.0E10',
      "get_json_object('{\"a\": null}', '$.a')": null,
      "get_json_object('no json', '$.a')": null,
      "json_array_length('[1, 2, 3]')": 3,
    }))
})

describe('conditionals', () => {
  test('nulls go through them as in Spark', () =>
    expectValues({
      'true AND NULL': null,
      'false AND NULL': false,
      'NULL <=> NULL': true,
      '1 IN (2, NULL)': null,
      '3 NOT IN (1, NULL)': null,
      'NULL IS NOT TRUE': true,
      'greatest(NULL, 3)': 3,
      'nullif(1, 1.0)': null,
      "nvl2(NULL, 'a', 'b')": 'b',
      'ifnull(NULL, 1)': 1,
      "if(1 > 2, 'a', NULL)": null,
      "CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END": 'b',
      "decode(NULL, 1, 'a', NULL, 'b')": 'b',
    }))
})
