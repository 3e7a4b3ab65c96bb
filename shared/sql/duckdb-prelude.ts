// Around a text Spark leaves out blanks and control characters.
const BLANKS = '[\\x00-\\x20]*'

/**
 * A text without the blanks around it where it has this form, and what no cast takes where it has not: the @ before it stays.
 * Each argument stands once in a macro wherever that can be had, since DuckDB plans what it expands to, and arguments nest.
 */
const only = (form: string, kept = '\\1'): string => `regexp_replace('@' || s, '^@${BLANKS}${form}${BLANKS}$', '${kept}')`

/** A value worked out once for a text that names it several times. */
const once = (name: string, value: string, text: string): string => `list_transform([${value}], lambda ${name}: ${text})[1]`

const PLAIN = '[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)'
const NUMBER = `${PLAIN}(?:[eE][+-]?[0-9]+)?`
const CLOCK = '(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]*)?(?: ?(?:Z|UTC|[+-][0-9]{2}:[0-9]{2}))?)?'

/**
 * What a DuckDB connection runs once before any compiled statement: the session in UTC, and macros that give DuckDB Spark's
 * ANSI behaviour. They fail by a cast that cannot succeed, not by error(): that one is volatile, which keeps DuckDB from
 * optimising around it and from catching it in TRY.
 */
export const duckdbPrelude: readonly string[] = [
  "SET TimeZone = 'UTC'",
  // Order is only what ORDER BY says, in Spark too; nulls are placed in every compiled ORDER BY.
  "SET default_null_order = 'NULLS_FIRST'",
  ...Object.entries({
    'spark_floor_div(a, b)': 'CAST((a // b) - CASE WHEN a % b < 0 THEN 1 ELSE 0 END AS BIGINT)',
    'spark_whole(s)': only('([+-]?[0-9]+)'),
    // DuckDB rounds a decimal with an exponent wrongly, so it is not read at all.
    'spark_number(s)': only(`(${PLAIN})`),
    'spark_double(s)': `CAST(${only(`((?i:[+-]?(?:inf|infinity|nan))|${NUMBER})`)} AS DOUBLE)`,
    'spark_boolean(s)': `CAST(${only('((?i:t|true|y|yes|1|f|false|n|no|0))')} AS BOOLEAN)`,
    // What is not written of a date is 1; what stands after it, behind a blank or a T, is left out.
    'spark_date(s)': `CAST(strptime(${only('([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2})(?:[ T].*)?)?)?', '=\\1-\\2-\\3')}, ['=%Y-%m-%d', '=%Y-%m-', '=%Y--']) AS DATE)`,
    // By way of an instant, since DuckDB's plain timestamps overlook the offset; the session is in UTC.
    'spark_timestamp(s)': `CAST(CAST(regexp_replace(${only('([0-9]{4}(?:-[0-9]{1,2})?)', '@\\1-01')}, '^@${BLANKS}([0-9]{4}-[0-9]{1,2}(?:-[0-9]{1,2}(?:[ T]${CLOCK})?)?)${BLANKS}$', '\\1') AS TIMESTAMPTZ) AS TIMESTAMP)`,
    'spark_from_micros(us)': 'make_timestamp(CAST(us AS BIGINT))',
    'spark_scientific_of(sign, w, f, e)':
      "CASE WHEN w <> '' THEN sign || w[1] || '.' || coalesce(nullif(rtrim(w[2:] || f, '0'), ''), '0') || 'E' || (length(w) - 1 + e) ELSE sign || ltrim(f, '0')[1] || '.' || coalesce(nullif(rtrim(ltrim(f, '0')[2:], '0'), ''), '0') || 'E' || (e - 1 - (length(f) - length(ltrim(f, '0')))) END",
    'spark_scientific(t)':
      "spark_scientific_of(CASE WHEN t[1] = '-' THEN '-' ELSE '' END, ltrim(regexp_extract(t, '^-?([0-9]+)', 1), '0'), regexp_extract(t, '[.]([0-9]*)', 1), CAST(coalesce(nullif(regexp_extract(t, 'e(.*)$', 1), ''), '0') AS INTEGER))",
    'spark_months(i)': "CAST(date_part('year', i) * 12 + date_part('month', i) AS BIGINT)",
    'spark_micros(i)':
      "CAST(date_part('day', i) AS BIGINT) * 86400000000 + CAST(date_part('hour', i) AS BIGINT) * 3600000000 + CAST(date_part('minute', i) AS BIGINT) * 60000000 + CAST(date_part('microseconds', i) AS BIGINT)",
    'spark_at(list, i)':
      "list[CASE WHEN i < 0 OR i >= len(list) THEN CAST('no item ' || i || ' in an array of ' || len(list) AS BIGINT) ELSE i + 1 END]",
    'spark_pattern(p)':
      "CASE WHEN regexp_matches(replace(p, '\\\\', ''), '\\\\([^%_]|$)') THEN CAST(CAST('an escape in a pattern without need: ' || p AS INTEGER) AS VARCHAR) ELSE p END",
    // Java refuses a % that two hexadecimal digits do not follow.
    'spark_url_decode(s)':
      "url_decode(replace(CASE WHEN contains(regexp_replace(s, '%[0-9A-Fa-f]{2}', '', 'g'), '%') THEN CAST(CAST('not URL-encoded: ' || s AS INTEGER) AS VARCHAR) ELSE s END, '+', ' '))",
    // Java's $ stands before a line end too, RE2's does not; so what a match is taken out of must not end with one.
    'spark_one_line(s)':
      "CASE WHEN regexp_matches(s, '[\\n\\r\\x{85}\\x{2028}\\x{2029}]\\z') THEN CAST(CAST('a text that ends with a line end, matched by a pattern with $: ' || s AS INTEGER) AS VARCHAR) ELSE s END",
    // Java makes ß two letters; of the other letters that change their number, and of those that look at their neighbours, this says that it cannot.
    'spark_upper(s)':
      "upper(CASE WHEN regexp_matches(s, '[\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1f56\u1f80-\u1fff\ufb00-\ufb17]') THEN CAST(CAST('a letter without one capital: ' || s AS INTEGER) AS VARCHAR) ELSE replace(s, '\u00df', 'SS') END)",
    'spark_lower(s)':
      "lower(CASE WHEN regexp_matches(s, '[\u0130\u03a3]') THEN CAST(CAST('a capital whose small letter depends on its place: ' || s AS INTEGER) AS VARCHAR) ELSE s END)",
    // greatest() leaves nulls out.
    'spark_at_least_0(n)': 'CASE WHEN n < 0 THEN 0 ELSE n END',
    'spark_signed(x, m)': 'CASE WHEN x >= m // 2 THEN x - m WHEN x < -(m // 2) THEN x + m ELSE x END',
    // A quotient of whole numbers rounded half up, by its remainder.
    'spark_ratio(n, d)': 'n // d + CASE WHEN abs(n % d) * 2 >= abs(d) THEN CASE WHEN (n < 0) <> (d < 0) THEN -1 ELSE 1 END ELSE 0 END',
    'spark_half_even(x)': 'CASE WHEN x - floor(x) = 0.5 THEN floor(x) + (floor(x) % 2) ELSE round(x) END',
    'spark_substring_from(s, i)':
      'CASE WHEN i > 0 THEN substring(s, i) WHEN i = 0 THEN s WHEN -i >= length(s) THEN s ELSE substring(s, CAST(length(s) + i + 1 AS BIGINT)) END',
    // Before the beginning there are places too: substring('abc', -5, 3) is 'a'.
    'spark_substring(s, i, n)':
      "CASE WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL WHEN n <= 0 THEN '' WHEN i > 0 THEN substring(s, i, n) WHEN i = 0 THEN substring(s, 1, n) WHEN -i <= length(s) THEN substring(s, CAST(length(s) + i + 1 AS BIGINT), n) ELSE substring(s, 1, greatest(0, CAST(n + length(s) + i AS BIGINT))) END",
    'spark_slice(l, i, n)':
      "CASE WHEN i = 0 OR n < 0 THEN [l[CAST('slice counts from 1, and takes no less than nothing' AS INTEGER)]] WHEN i > 0 THEN list_slice(l, i, CAST(i AS BIGINT) + n - 1) WHEN -i > len(l) THEN list_slice(l, 1, 0) ELSE list_slice(l, len(l) + i + 1, len(l) + i + n) END",
    'spark_insert(l, i, x)':
      'CASE WHEN l IS NULL THEN NULL WHEN i > 0 THEN list_transform(range(1, greatest(len(l) + 2, i + 1)), lambda p: CASE WHEN p < i THEN l[p] WHEN p = i THEN x ELSE l[p - 1] END) WHEN -i <= len(l) + 1 THEN list_transform(range(1, len(l) + 2), lambda p: CASE WHEN p < len(l) + 2 + i THEN l[p] WHEN p = len(l) + 2 + i THEN x ELSE l[p - 1] END) ELSE list_transform(range(1, -i + 1), lambda p: CASE WHEN p = 1 THEN x WHEN p + i + len(l) > 0 THEN l[p + i + len(l)] END) END',
    'spark_element(l, i)':
      "l[CASE WHEN i = 0 OR abs(i) > len(l) THEN CAST('no item ' || i || ' in an array of ' || len(l) AS BIGINT) ELSE i END]",
    'spark_try_element(l, i)': "l[CASE WHEN i = 0 THEN CAST('arrays count from 1' AS BIGINT) ELSE i END]",
    'spark_width_bucket(x, low, high, n)':
      'CASE WHEN x IS NULL OR low IS NULL OR high IS NULL OR n IS NULL OR n <= 0 OR low = high OR isnan(x) OR NOT isfinite(low) OR NOT isfinite(high) THEN NULL WHEN low < high THEN CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(trunc(n * (x - low) / (high - low)) AS BIGINT) + 1 END ELSE CASE WHEN x > low THEN 0 WHEN x <= high THEN n + 1 ELSE CAST(trunc(n * (low - x) / (low - high)) AS BIGINT) + 1 END END',
    // Sixty seconds are the next minute, as long as nothing follows them.
    'spark_make_timestamp(y, m, d, h, i, s)':
      "CASE WHEN s = 60 THEN make_timestamp(y, m, d, h, i, 0) + to_minutes(1) WHEN s > 60 THEN CAST('more than sixty seconds' AS TIMESTAMP) ELSE make_timestamp(y, m, d, h, i, 0) + to_microseconds(CAST(s * 1000000 AS BIGINT)) END",
    'spark_seconds(t)': 'hour(t) * 3600 + minute(t) * 60 + second(t)',
    'spark_month_end(t)': 'day(t) = day(last_day(t))',
    // Whole months where both are the same day of the month or the last; else days in months of 31.
    'spark_months_between(x, y)': once(
      'm',
      'struct_pack(a := x, b := y)',
      '(year(m.a) - year(m.b)) * 12 + month(m.a) - month(m.b) + CASE WHEN day(m.a) = day(m.b) OR (spark_month_end(m.a) AND spark_month_end(m.b)) THEN 0 ELSE ((day(m.a) - day(m.b)) * CAST(86400 AS DOUBLE) + spark_seconds(m.a) - spark_seconds(m.b)) / 2678400 END',
    ),
    // Java writes 1.0E10 and 1.0E-5 where DuckDB writes 10000000000.0 and 1e-05.
    'spark_double_text(x)': once(
      'd',
      'x',
      "CASE WHEN isnan(d) THEN 'NaN' WHEN isinf(d) THEN CASE WHEN d > 0 THEN 'Infinity' ELSE '-Infinity' END WHEN d = 0 THEN CAST(d AS VARCHAR) WHEN abs(d) >= 1e-3 AND abs(d) < 1e7 THEN CAST(d AS VARCHAR) ELSE spark_scientific(CAST(d AS VARCHAR)) END",
    ),
    // A fraction inside an object is written as Java writes it, where DuckDB does so too; else it fails.
    'spark_json_plain(t)':
      "CASE WHEN regexp_matches(regexp_replace(t, '\"(\\\\.|[^\"\\\\])*\"', '', 'g'), '[0-9]{8}[.]|[0-9][eE]|[^0-9]0[.]000') THEN CAST(CAST('a number in JSON that the engines write differently: ' || t AS INTEGER) AS VARCHAR) ELSE t END",
    'spark_json_text(j, path)': once(
      'v',
      'CASE WHEN json_valid(j) THEN json_extract(j, path) END',
      "CASE json_type(v) WHEN 'DOUBLE' THEN spark_double_text(CAST(json_extract_string(v, '$') AS DOUBLE)) WHEN 'OBJECT' THEN spark_json_plain(json_extract_string(v, '$')) WHEN 'ARRAY' THEN spark_json_plain(json_extract_string(v, '$')) ELSE json_extract_string(v, '$') END",
    ),
  }).map(([signature, body]) => `CREATE OR REPLACE TEMP MACRO ${signature} AS ${body}`),
]
