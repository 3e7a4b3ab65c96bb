import { aggregates } from './table/aggregates.ts'
import { arraySets } from './table/array-sets.ts'
import { arrays } from './table/arrays.ts'
import { casts } from './table/casts.ts'
import { conditionals } from './table/conditionals.ts'
import { dateFields } from './table/date-fields.ts'
import { dateTexts } from './table/date-texts.ts'
import { dates } from './table/dates.ts'
import { encodings } from './table/encodings.ts'
import { json } from './table/json.ts'
import { lambdas } from './table/lambdas.ts'
import { maps } from './table/maps.ts'
import { numbers } from './table/numbers.ts'
import { regexes } from './table/regexes.ts'
import type { Rule } from './table/rule.ts'
import { strings } from './table/strings.ts'
import { structs } from './table/structs.ts'
import { timestamps } from './table/timestamps.ts'
import { windows } from './table/windows.ts'

/** The table: what DuckDB may run, by its name in Spark. Everything else runs on Spark. */
export const functions: Readonly<Record<string, Rule>> = {
  ...aggregates,
  ...arraySets,
  ...arrays,
  ...casts,
  ...conditionals,
  ...dateFields,
  ...dateTexts,
  ...dates,
  ...encodings,
  ...json,
  ...lambdas,
  ...maps,
  ...numbers,
  ...regexes,
  ...strings,
  ...structs,
  ...timestamps,
  ...windows,
}

/** Of what tells the time: what a run has instead. */
export const CLOCK = 'write :start, :end or :partition, which say what the run is for'
/** And what a statement that is run for no partition has. */
export const WRITE_THE_TIME = "write the time itself: timestamp '2001-02-14 05:30:00'"
const CHANCE = 'take it from the data, such as a hash of the key'
const PLACE = 'leave it out, or take it from the data'

/** What gives something else at every run, with what to write instead. */
export const volatileFunctions: Readonly<Record<string, string>> = Object.fromEntries([
  ...['now', 'current_date', 'curdate', 'current_timestamp', 'localtimestamp', 'current_timezone'].map(f => [f, CLOCK]),
  ...['rand', 'random', 'randn', 'uuid', 'shuffle'].map(f => [f, CHANCE]),
  ...['monotonically_increasing_id', 'spark_partition_id', 'input_file_name', 'input_file_block_start', 'input_file_block_length'].map(
    f => [f, PLACE],
  ),
  ...[
    'current_user',
    'user',
    'session_user',
    'current_database',
    'current_schema',
    'current_catalog',
    'version',
    'java_method',
    'reflect',
    'try_reflect',
  ].map(f => [f, PLACE]),
])

/** Functions of Spark 3.5 that the table does not have: a statement that calls one runs on Spark. */
export const knownToSpark: ReadonlySet<string> = new Set(
  `aes_decrypt aes_encrypt approx_count_distinct approx_percentile assert_true bitmap_bit_position bitmap_bucket_number
  bitmap_construct_agg bitmap_count bitmap_or_agg conv count_min_sketch crc32 explode explode_outer format_number
  format_string from_csv from_json grouping grouping_id hash histogram_numeric hll_sketch_agg hll_sketch_estimate hll_union
  hll_union_agg inline inline_outer json_tuple kurtosis luhn_check make_interval mask parse_url
  percentile_approx percentile_disc posexplode posexplode_outer printf quantile raise_error range schema_of_csv schema_of_json
  sentences session_window shiftrightunsigned skewness soundex sql_keywords stack to_binary to_char to_csv to_json to_number
  to_varchar try_aes_decrypt try_to_binary try_to_number window window_time xpath xpath_boolean xpath_double xpath_float xpath_int
  xpath_long xpath_number xpath_short xpath_string xxhash64`.split(/\s+/),
)
