import { nearest } from '../../core/errors.ts'
import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import type { From, Name } from '../parse/ast.ts'
import { sharedOf } from '../table/rule.ts'
import { origins } from '../typed.ts'
import { compare, condition } from './compare.ts'
import type { Env } from './env.ts'
import type { Column } from './scope.ts'
import { inScope, rightSide, type Source } from './source.ts'

const isPartition = (column: Column): boolean => column.name === '_partition'

const WORDS = {
  INNER: 'INNER JOIN',
  LEFT: 'LEFT JOIN',
  RIGHT: 'RIGHT JOIN',
  FULL: 'FULL JOIN',
  CROSS: 'INNER JOIN',
  SEMI: 'SEMI JOIN',
  ANTI: 'ANTI JOIN',
}

type Join = Extract<From, { kind: 'join' }>

/** Two sources joined. A semi or anti join leaves the left side's columns only; USING leaves a shared column once. */
export function join(from: Join, left: Source, right: Source, env: Env): Source {
  const both: Source = {
    sql: '',
    relations: [...left.relations, ...right.relations],
    visible: [...left.visible, ...right.visible],
    open: left.open || right.open,
  }
  const merged = sharedNames(from, left, right, env)?.map(name => mergedColumn(name, left, right, from.join))
  const inBoth: Env = { ...env, scope: inScope(both, env.scope.outer), clause: 'ON', windows: false, grouping: undefined }
  const on = from.on && condition(env.analyze(from.on, inBoth), 'ON')
  const conditions = merged && merged.length > 0 ? merged.map(m => m.condition).join(' AND ') : on?.sql
  const inner = from.join === 'INNER' || from.join === 'CROSS'
  const sql =
    inner && !conditions
      ? `${left.sql} CROSS JOIN ${rightSide(right)}`
      : `${left.sql} ${WORDS[from.join]} ${rightSide(right)} ON ${conditions ?? 'true'}`
  if (from.join === 'SEMI' || from.join === 'ANTI') return { ...left, sql, join: true }
  if (!merged) return { ...both, sql, join: true }
  const hidden = new Set(merged.flatMap(m => m.hidden))
  return { ...both, sql, visible: [...merged.map(m => m.column), ...both.visible.filter(c => !hidden.has(c))], join: true }
}

function sharedNames(from: Join, left: Source, right: Source, env: Env): Name[] | undefined {
  if (!from.natural) return from.using
  if (left.visible.some(isPartition) && right.visible.some(isPartition))
    env.context.warning(from.at, 'NATURAL JOIN also joins by _partition, which every input has', 'join with USING and name the columns')
  const names = new Set(right.visible.map(r => r.name.toLowerCase()))
  return left.visible.filter(l => names.has(l.name.toLowerCase())).map(c => ({ name: c.name, quoted: true, at: from.at }))
}

function mergedColumn(name: Name, left: Source, right: Source, kind: string): { column: Column; hidden: Column[]; condition: string } {
  const find = (source: Source, side: string): Column => {
    const found = source.visible.filter(c => c.name.toLowerCase() === name.name.toLowerCase())
    if (found.length === 1) return found[0]!
    const near = nearest(
      name.name,
      source.visible.map(c => c.name),
    )
    throw new SqlProblem(
      `the ${side} side has ${found.length === 0 ? 'no' : 'more than one'} column "${name.name}"`,
      near ? `did you mean ${near}?` : 'join with ON',
      name.at,
    )
  }
  const [a, b] = [find(left, 'left'), find(right, 'right')]
  const typed = (c: Column) => ({ type: c.type, sql: c.sql, from: c.from, at: name.at })
  const match = compare('=', typed(a), typed(b))
  const from = origins(a, b)
  if (kind === 'FULL') {
    const type = sharedOf([a.type, b.type], 'USING', name.at)
    const sql = `coalesce(${castTo(typed(a), type).sql}, ${castTo(typed(b), type).sql})`
    return { column: { name: a.name, type, sql, from }, hidden: [a, b], condition: match.sql }
  }
  const kept = kind === 'RIGHT' ? b : a
  return { column: { ...kept, from }, hidden: [a, b], condition: match.sql }
}
