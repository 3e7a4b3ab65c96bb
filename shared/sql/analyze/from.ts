import { nearest } from '../../core/errors.ts'
import { SqlProblem } from '../finding.ts'
import type { Alias, From, LateralView, Name } from '../parse/ast.ts'
import { quoted, T, typeOfColumn } from '../type.ts'
import type { Analyzed, Env } from './env.ts'
import { generate } from './generator.ts'
import { join } from './join.ts'
import { pivot, unpivot } from './pivot.ts'
import type { Scope } from './scope.ts'
import { crossed, derived, emptyScope, inScope, type Source } from './source.ts'
import { analyzeValues } from './values.ts'
import { withView } from './view.ts'

/** The relations of FROM and the lateral views after it. */
export function analyzeFrom(list: From[], views: LateralView[], env: Env): Source {
  let source: Source | undefined
  for (const from of list) {
    const next = analyzeRelation(from, source, env)
    source = source ? crossed(source, next) : next
  }
  source ??= { sql: '', relations: [], visible: [] }
  for (const view of views) source = withView(source, view, env)
  return source
}

function analyzeRelation(from: From, left: Source | undefined, env: Env): Source {
  const { context } = env
  const recover = (): Source => ({ sql: '(SELECT NULL) AS missing', relations: [], visible: [], open: true })
  return context.guard(from.at, () => relationSource(from, left, env), recover)
}

// What LATERAL may name: the relations to its left, and those of queries around.
const lateralScope = (left: Source | undefined, env: Env): Scope | undefined => (left ? inScope(left, env.scope.outer) : env.scope.outer)

function relationSource(from: From, left: Source | undefined, env: Env): Source {
  switch (from.kind) {
    case 'table':
      return table(from.parts, from.alias, env, from.at)
    case 'query': {
      const query = env.query(from.query, from.lateral ? (lateralScope(left, env) ?? emptyScope) : outermost(env), env.ctes)
      return derived(`${from.lateral && left ? 'LATERAL ' : ''}(${query.sql})`, query.columns, from.alias, env, from.at, query.open)
    }
    case 'valuesTable': {
      const values = analyzeValues(from.values, env)
      return derived(`(${values.sql})`, values.columns, from.alias, env, from.at)
    }
    case 'function':
      return functionTable(from, left, env)
    case 'join': {
      const leftSide = analyzeRelation(from.left, left, env)
      return join(from, leftSide, analyzeRelation(from.right, leftSide, env), env)
    }
    case 'pivot':
      return aliased(pivot(from, analyzeRelation(from.source, left, env), env), from.alias, env, from.at)
    case 'unpivot':
      return aliased(unpivot(from, analyzeRelation(from.source, left, env), env), from.alias, env, from.at)
    case 'unusual':
      env.context.refuse(from.construct, from.at)
      return analyzeRelation(from.source, left, env)
    case 'sample':
      // Even with a seed: Spark draws from each of the parts that it cuts the files into, and cuts by how many cores it has.
      throw new SqlProblem(
        'TABLESAMPLE takes other rows at every run, so a replay would not give the same rows',
        "choose by the data: WHERE md5(key) < '1' takes a sixteenth of the keys",
        from.at,
      )
    default:
      from satisfies never
      throw new Error('unreachable')
  }
}

// A subquery in FROM sees no relation beside it, only what is around the whole select.
const outermost = (env: Env): Scope => env.scope.outer ?? emptyScope

function aliased(analyzed: Analyzed, alias: Alias | undefined, env: Env, at: number): Source {
  return derived(`(${analyzed.sql})`, analyzed.columns, alias, env, at)
}

function table(parts: Name[], alias: Alias | undefined, env: Env, at: number): Source {
  const [name] = parts
  if (parts.length > 1)
    throw new SqlProblem(
      `"${parts.map(p => p.name).join('.')}" is not an input`,
      'name inputs by their keys in task.ts, without a database',
      at,
    )
  const cte = env.ctes.get(name!.name.toLowerCase())
  if (cte) return derived(quoted(cte.sqlName), cte.columns, alias ?? { table: name! }, env, at, cte.open)
  const input = env.inputs.get(name!.name.toLowerCase())
  if (!input) {
    const names = [...[...env.inputs.values()].map(i => i.alias), ...env.ctes.keys()]
    const near = nearest(name!.name, names)
    throw new SqlProblem(
      `there is no input "${name!.name}"`,
      near ? `did you mean ${near}?` : names.length > 0 ? `there are ${names.join(', ')}` : 'add it to the inputs of task.ts',
      at,
    )
  }
  env.context.usedInputs.add(input.alias)
  const columns = [
    ...Object.entries(input.columns).map(([column, type]) => [column, typeOfColumn(type)] as const),
    ['_partition', T.string] as const,
  ]
  const source = columns.map(([column, type]) => ({ name: column, sqlName: column, type, from: [{ input: input.alias, column }] }))
  return derived(quoted(input.alias), source, alias ?? { table: { name: input.alias, quoted: false, at } }, env, at)
}

function functionTable(from: Extract<From, { kind: 'function' }>, left: Source | undefined, env: Env): Source {
  const scope = from.lateral ? lateralScope(left, env) : undefined
  const made = generate(from.call, {
    ...env,
    scope: { ...emptyScope, outer: scope },
    clause: 'a table function',
    windows: false,
    grouping: undefined,
  })
  // Without a row around it an outer generator still gives one row of nulls.
  const sql = made.outer ? `SELECT made.* FROM (SELECT 1) AS one LEFT JOIN (${made.sql}) AS made ON true` : made.sql
  const columns = made.columns.map(c => ({ ...c, sqlName: c.name, from: made.from }))
  return derived(`${from.lateral && left ? 'LATERAL ' : ''}(${sql})`, columns, from.alias, env, from.at)
}
