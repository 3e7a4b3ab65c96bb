import { quotientSql } from '../analyze/decimal.ts'
import { ordersOtherwise } from '../analyze/order-key.ts'
import { castTo } from '../cast.ts'
import { isFractional, isIntegral } from '../coerce.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, decimal, duckdbTypeOf, type SqlType, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { aggregate, on, type Rule, type RuleKind, special } from './rule.ts'

type Decimal = Extract<SqlType, { kind: 'decimal' }>
const same = (x?: Typed) => x!.type
const own = (apply: Rule['apply'], more: { ordered?: boolean } = {}, kind: RuleKind = 'aggregate') => special(apply, kind, more)

function number(args: Typed[], name: string, at: number): Typed {
  const [value] = args
  if (!value || args.length !== 1) throw new SqlProblem(`${name} takes 1 argument; here are ${args.length}`, `write ${name}(x)`, at)
  if (value.type.kind === 'string' || value.type.kind === 'void') return castTo(value, T.double)
  if (value.type.kind === 'interval') throw new Refusal(`${name} of an interval`, at)
  if (!isIntegral(value.type) && !isFractional(value.type) && value.type.kind !== 'decimal')
    throw new SqlProblem(`${name} takes numbers; this is ${typeText(value.type)}`, 'cast it', value.at)
  return value
}

// Ten digits more than what is added; whole numbers add up to a bigint, and beyond it is an error.
const sum = (attempt: boolean) =>
  own((args, site) => {
    const value = number(args, site.name, site.at)
    const type =
      value.type.kind === 'decimal'
        ? decimal(Math.min(38, value.type.precision + 10), value.type.scale)
        : isIntegral(value.type)
          ? T.bigint
          : T.double
    const sql =
      type.kind === 'double' ? on(`sum(CAST(${value.sql} AS DOUBLE))`) : `CAST(${on(`sum(${value.sql})`)} AS ${duckdbTypeOf(type)})`
    if (!attempt || type.kind === 'double') return { type, sql }
    if (type.kind === 'decimal') throw new Refusal('try_sum of decimals', site.at)
    const total = on(`sum(${value.sql})`)
    return { type, sql: `CASE WHEN ${total} BETWEEN -9223372036854775808 AND 9223372036854775807 THEN CAST(${total} AS BIGINT) END` }
  })

const avg = own((args, site) => {
  const value = number(args, site.name, site.at)
  if (value.type.kind !== 'decimal') return { type: T.double, sql: on(`avg(CAST(${value.sql} AS DOUBLE))`) }
  const { precision, scale } = value.type
  const type = decimal(Math.min(38, precision + 4), Math.min(38, scale + 4)) as Decimal
  if (precision + 4 > 38) throw new Refusal('avg of a decimal of more than 34 digits', site.at)
  const total = decimal(38, scale) as Decimal
  const count = on(`count(${value.sql})`)
  const quotient = quotientSql(on(`sum(${value.sql})`), total, `CAST(${count} AS DECIMAL(20, 0))`, decimal(20, 0) as Decimal, type)
  return { type, sql: `CASE WHEN ${count} > 0 THEN ${quotient} END` }
})

const count = own(args => {
  const [first] = args
  if (!first || first.literal === '*') return { type: T.bigint, sql: on('count(*)') }
  if (args.length === 1) return { type: T.bigint, sql: on(`count(${first.sql})`) }
  // Of several, only rows without any null count.
  const all = args.map(a => `${a.sql} IS NOT NULL`).join(' AND ')
  return { type: T.bigint, sql: on(`count(CASE WHEN ${all} THEN struct_pack(${args.map((a, i) => `c${i} := ${a.sql}`).join(', ')}) END)`) }
})

const statistic = (call: string) => aggregate('double', T.double, `{${call}($1)}`)
const ofTwo = (call: string) => aggregate('double, double', T.double, `{${call}($1, $2)}`)
const every = aggregate('boolean', T.boolean, '{bool_and($1)}')
const any = aggregate('boolean', T.boolean, '{bool_or($1)}')
const stddev = statistic('stddev_samp')
const variance = statistic('var_samp')

// first(x, true) and first(x) IGNORE NULLS are one.
const edge = (call: 'first' | 'last') =>
  own(
    (args, site) => {
      const [value, flag] = args
      if (!value || args.length > 2)
        throw new SqlProblem(`${site.name} takes 1 or 2 arguments; here are ${args.length}`, `write ${site.name}(x)`, site.at)
      const ignore = site.ignoreNulls || flag?.literal === true
      if (site.windowed) return { type: value.type, sql: on(`${call}_value(${value.sql}${ignore ? ' IGNORE NULLS' : ''})`) }
      if (!ignore) return { type: value.type, sql: on(`${call}(${value.sql})`) }
      return {
        type: value.type,
        sql:
          call === 'first' ? on(`any_value(${value.sql})`) : `list_filter(${on(`list(${value.sql})`)}, lambda kept: kept IS NOT NULL)[-1]`,
      }
    },
    { ordered: true },
  )

const list = own(
  (args, site) => {
    const [value] = args
    if (!value || args.length !== 1)
      throw new SqlProblem(`${site.name} takes 1 argument; here are ${args.length}`, `write ${site.name}(x)`, site.at)
    return { type: array(value.type), sql: `coalesce(list_filter(${on(`list(${value.sql})`)}, lambda kept: kept IS NOT NULL), [])` }
  },
  { ordered: true },
)

const ordered = (value: Typed, name: string): void => {
  if (ordersOtherwise(value.type) || value.type.kind === 'map') throw new Refusal(`${name} of ${typeText(value.type)}`, value.at)
}
const extreme = (call: 'min' | 'max') =>
  aggregate('any', same, value => {
    ordered(value!, call)
    return on(`${call}(${value!.sql})`)
  })
// The row counts even where the value it gives is null, as long as what orders is not.
const by = (call: 'min' | 'max') =>
  aggregate('any, any', same, (value, order) => {
    ordered(order!, `${call}_by`)
    return on(`arg_${call}_null(${value!.sql}, ${order!.sql})`)
  })

const percentile = own((args, site) => {
  const [value, share] = args
  if (!value || !share || args.length !== 2) throw new Refusal(`${site.name} with ${args.length} arguments`, site.at)
  if (value.type.kind === 'interval') throw new Refusal(`${site.name} of an interval`, site.at)
  const x = castTo(value, T.double).sql
  if (share.type.kind === 'array') return { type: array(T.double), sql: on(`quantile_cont(${x}, ${castTo(share, array(T.double)).sql})`) }
  if (share.literal === undefined) throw new Refusal(`${site.name} of a computed share`, site.at)
  return { type: T.double, sql: on(`quantile_cont(${x}, ${castTo(share, T.double).sql})`) }
})

/** percentile_cont(share) WITHIN GROUP (ORDER BY x). */
const percentileCont = own((args, site) => {
  const [share, value] = args
  const [sort, more] = site.within ?? []
  if (!share || !value || !sort || more)
    throw new SqlProblem('percentile_cont takes a share and an order', 'write percentile_cont(0.5) WITHIN GROUP (ORDER BY x)', site.at)
  if (share.literal === undefined || value.type.kind === 'interval')
    throw new Refusal(`percentile_cont of ${typeText(value.type)}`, site.at)
  const from = castTo(share, T.double).sql
  return { type: T.double, sql: on(`quantile_cont(${castTo(value, T.double).sql}, ${sort.descending ? `1 - ${from}` : from})`) }
})

export const aggregates: Record<string, Rule> = {
  count,
  count_if: aggregate('boolean', T.bigint, '{count(CASE WHEN $1 THEN 1 END)}'),
  sum: sum(false),
  try_sum: sum(true),
  avg,
  mean: avg,
  try_avg: avg,
  min: extreme('min'),
  max: extreme('max'),
  min_by: by('min'),
  max_by: by('max'),
  any_value: edge('first'),
  first: edge('first'),
  first_value: edge('first'),
  last: edge('last'),
  last_value: edge('last'),
  collect_list: list,
  array_agg: list,
  collect_set: own(
    (args, site) => {
      const [value] = args
      if (!value || args.length !== 1)
        throw new SqlProblem(`${site.name} takes 1 argument; here are ${args.length}`, `write ${site.name}(x)`, site.at)
      return {
        type: array(value.type),
        sql: `coalesce(list_sort(list_filter(list_distinct(${on(`list(${value.sql})`)}), lambda kept: kept IS NOT NULL)), [])`,
      }
    },
    { ordered: true },
  ),
  bool_and: every,
  every,
  bool_or: any,
  any,
  some: any,
  bit_and: aggregate('integral', same, '{bit_and($1)}'),
  bit_or: aggregate('integral', same, '{bit_or($1)}'),
  bit_xor: aggregate('integral', same, '{bit_xor($1)}'),
  stddev,
  std: stddev,
  stddev_samp: stddev,
  stddev_pop: statistic('stddev_pop'),
  variance,
  var_samp: variance,
  var_pop: statistic('var_pop'),
  // Of a constant it would be a division by zero, which is an error.
  corr: aggregate(
    'double, double',
    T.double,
    "CASE WHEN isnan({corr($1, $2)}) THEN CAST('corr of a constant' AS DOUBLE) ELSE {corr($1, $2)} END",
  ),
  covar_pop: ofTwo('covar_pop'),
  covar_samp: ofTwo('covar_samp'),
  regr_avgx: ofTwo('regr_avgx'),
  regr_avgy: ofTwo('regr_avgy'),
  regr_count: aggregate('double, double', T.bigint, 'CAST({regr_count($1, $2)} AS BIGINT)'),
  regr_intercept: ofTwo('regr_intercept'),
  regr_r2: ofTwo('regr_r2'),
  regr_slope: ofTwo('regr_slope'),
  regr_sxx: ofTwo('regr_sxx'),
  regr_sxy: ofTwo('regr_sxy'),
  regr_syy: ofTwo('regr_syy'),
  median: own((args, site) => ({ type: T.double, sql: on(`median(CAST(${number(args, site.name, site.at).sql} AS DOUBLE))`) })),
  percentile,
  percentile_cont: percentileCont,
  mode: own(
    (args, site) => {
      const [value] = args
      if (!value || args.length !== 1 || value.type.kind === 'interval') throw new Refusal(`${site.name} of this`, site.at)
      return { type: value.type, sql: on(`mode(${value.sql})`) }
    },
    { ordered: true },
  ),
}
