import { nearest } from '../../core/errors.ts'
import { SqlProblem } from '../finding.ts'
import { CLOCK, functions, knownToSpark, volatileFunctions, WRITE_THE_TIME } from '../functions.ts'
import type { ExprOf } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { type CallSite, decorate, type Rule } from '../table/rule.ts'
import { T } from '../type.ts'
import { origins, type Typed } from '../typed.ts'
import { condition } from './compare.ts'
import type { Env } from './env.ts'
import { generators } from './generator.ts'
import { overText } from './window.ts'

const UNITS = new Set('YEAR QUARTER MONTH WEEK DAY DAYOFYEAR HOUR MINUTE SECOND MILLISECOND MICROSECOND'.split(' '))
// Whose first argument may be a unit without quotes.
const TAKES_UNIT = new Set(['dateadd', 'date_add', 'datediff', 'date_diff', 'timestampadd', 'timestampdiff'])

// Their answer is the same in whatever order a collected array is.
const ORDERLESS = new Set([
  'sort_array',
  'array_sort',
  'size',
  'cardinality',
  'array_size',
  'array_contains',
  'array_max',
  'array_min',
  'arrays_overlap',
])

/** A function call: looked up in the table, or refused by name. */
export function call(expr: ExprOf<'call'>, env: Env): Typed {
  const replayable = volatileFunctions[expr.name]
  if (replayable) {
    const instead = replayable === CLOCK && !env.context.takesParameters ? WRITE_THE_TIME : replayable
    throw new SqlProblem(`${expr.name} gives something else at every run, so a replay would not give the same rows`, instead, expr.at)
  }
  if (expr.name === 'grouping' || expr.name === 'grouping_id') return groupingCall(expr, env)
  const rule = functions[expr.name]
  if (!rule && !generators.has(expr.name)) return unlisted(expr, env)
  if (!rule)
    throw new SqlProblem(`${expr.name} makes rows, so it cannot stand here`, 'write it alone in a select list, or LATERAL VIEW', expr.at)
  if (expr.over) return windowed(expr, rule, env)
  if (rule.kind === 'aggregate') return aggregated(expr, rule, env)
  if (rule.kind === 'window')
    throw new SqlProblem(`${expr.name} is a window function`, 'write OVER (PARTITION BY … ORDER BY …) after it', expr.at)
  if (expr.distinct || expr.filter || expr.within || expr.ignoreNulls)
    throw new SqlProblem(`${expr.name} is no aggregate, so DISTINCT, FILTER and the like cannot stand there`, 'remove it', expr.at)
  const args = argumentsOf(expr, ORDERLESS.has(expr.name) ? { ...env, settled: true } : env)
  if (args.some(a => a.type.kind === 'unknown' && !a.lambda)) return { type: T.unknown, sql: 'NULL', from: origins(...args), at: expr.at }
  const { type, sql } = rule.apply(args, site(expr))
  return { type, sql: atomic(sql), from: origins(...args), at: expr.at }
}

function groupingCall(expr: ExprOf<'call'>, env: Env): Typed {
  if (!env.grouping) throw new SqlProblem(`${expr.name} stands only beside GROUP BY`, 'group by ROLLUP, CUBE or GROUPING SETS', expr.at)
  const args = expr.args.map(a => env.analyze(a.value, env.grouping!.input))
  return env.grouping.groupingOf(args.length === 0 ? 'all' : args, expr.at)
}

// Templates are calls, or CASE … END; what an operator beside could tear apart gets brackets.
const atomic = (sql: string): string => (/^\w+\([^()]*\)$/.test(sql) ? sql : `(${sql})`)

const site = (expr: ExprOf<'call'>): CallSite => ({
  name: expr.name,
  at: expr.at,
  distinct: expr.distinct,
  ignoreNulls: expr.ignoreNulls ?? false,
  windowed: Boolean(expr.over),
})

function argumentsOf(expr: ExprOf<'call'>, env: Env): Typed[] {
  if (expr.args.some(a => a.key)) throw new Refusal(`${expr.name} with named arguments`, expr.at)
  return expr.args.map((a, i) => {
    if (
      i === 0 &&
      TAKES_UNIT.has(expr.name) &&
      expr.args.length === 3 &&
      a.value.kind === 'column' &&
      a.value.parts.length === 1 &&
      UNITS.has(a.value.parts[0]!.name.toUpperCase())
    )
      return { type: T.string, sql: 'NULL', from: [], at: a.value.at, literal: a.value.parts[0]!.name }
    if (a.value.kind === 'star') {
      if (expr.name === 'count' && a.value.qualifier.length === 0) return { type: T.int, sql: '*', from: [], at: a.value.at, literal: '*' }
      throw new Refusal(`${expr.name}(*)`, a.value.at)
    }
    const value = env.analyze(a.value, env)
    return a.alias ? { ...value, name: a.alias.name } : value
  })
}

function unlisted(expr: ExprOf<'call'>, env: Env): Typed {
  // Its arguments are still checked, and its inputs used.
  for (const a of expr.args)
    if (a.value.kind !== 'star' && a.value.kind !== 'lambda') env.analyze(a.value, env.grouping ? env.grouping.input : env)
  if (knownToSpark.has(expr.name)) throw new Refusal(`${expr.name}()`, expr.at)
  const near = nearest(expr.name, [...Object.keys(functions), ...knownToSpark])
  throw new SqlProblem(
    `no function is called "${expr.name}"`,
    near ? `did you mean ${near}?` : 'see the functions of Spark SQL 3.5',
    expr.at,
  )
}

function aggregated(expr: ExprOf<'call'>, rule: Rule, env: Env): Typed {
  const { grouping } = env
  if (!grouping)
    throw new SqlProblem(
      `${expr.name} is an aggregate, which cannot stand in ${env.clause}`,
      env.clause === 'WHERE' ? 'write the condition in HAVING' : 'compute it in a subquery first',
      expr.at,
    )
  return grouping.aggregate(aggregateSql(expr, rule, grouping.input, '', grouping.filter, env.settled))
}

function aggregateSql(expr: ExprOf<'call'>, rule: Rule, env: Env, over: string, also?: string, settled = false): Typed {
  const args = [...argumentsOf(expr, env), ...(expr.within ?? []).map(s => env.analyze(s.value, env))]
  const filter = expr.filter && condition(env.analyze(expr.filter, { ...env, clause: 'FILTER' }), 'FILTER')
  const from = origins(...args, ...(filter ? [filter] : []))
  if (rule.ordered && !over && !settled)
    env.context.warning(expr.at, `${expr.name} depends on the order of rows, which is nobody's promise`, orderRemedy(expr.name))
  if (args.some(a => a.type.kind === 'unknown')) return { type: T.unknown, sql: 'NULL', from, at: expr.at }
  const { type, sql } = rule.apply(args, { ...site(expr), within: expr.within })
  const conditions = [filter?.sql, also].filter(Boolean).join(' AND ')
  return { type, sql: decorate(sql, expr.distinct, `${conditions && ` FILTER (WHERE ${conditions})`}${over}`), from, at: expr.at }
}

function orderRemedy(name: string): string {
  if (/^(first|any_value|last)/.test(name)) return 'write min_by or max_by with what decides'
  return 'sort it: array_sort(…)'
}

function windowed(expr: ExprOf<'call'>, rule: Rule, env: Env): Typed {
  if (!env.windows)
    throw new SqlProblem(
      `the window function ${expr.name} cannot stand in ${env.clause}`,
      'compute it in a subquery and use its column',
      expr.at,
    )
  if (rule.kind === 'scalar') throw new SqlProblem(`${expr.name} is no window function`, 'remove OVER', expr.at)
  if (expr.distinct) throw new SqlProblem('DISTINCT cannot stand in a window function', 'compute it in a subquery', expr.at)
  const inner: Env = { ...env, windows: false, clause: 'a window' }
  const over = overText(expr, rule, inner)
  const value = aggregateSql(expr, { ...rule, ordered: false }, inner, over.sql)
  return { ...value, sql: `(${value.sql})`, from: origins(value, over) }
}
