import { nearest } from '../../core/errors.ts'
import { SqlProblem } from '../finding.ts'
import type { Name } from '../parse/ast.ts'
import { Refusal } from '../refusal.ts'
import { quoted, type SqlType, T, text, typeText } from '../type.ts'
import type { Origin, Typed } from '../typed.ts'

/** A column that can be named. `sql` is how the compiled text refers to it. */
export interface Column {
  name: string
  type: SqlType
  sql: string
  from: Origin[]
  /** Named by nobody: its name is the text of its expression. */
  unnamed?: boolean
}
export interface Relation {
  alias: string | undefined
  columns: Column[]
}

/** What FROM brings: relations to qualify with, and the columns in the order of `*`, where USING leaves each name once. */
export interface Scope {
  relations: Relation[]
  visible: Column[]
  outer?: Scope
  /** Told when a query inside names a column of this scope. */
  onOuter?: () => void
  /** Whether something outside the table may have brought more columns than are known. */
  open?: boolean
  /** A lambda's parameters hide columns. */
  locals?: Map<string, Typed>
  /** Aliases of this select's earlier columns; what no column is named may name them. */
  aliases?: Map<string, Typed>
  /** Where the select is grouped: turns a column of FROM into the grouped one, or says that it is not. */
  grouped?: (column: Column, at: number) => Typed | undefined
  isGrouped?: (column: Column) => boolean
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** Finds what a name with dots means: relation.column, column, and the fields of structs behind either. */
export function resolve(scope: Scope, parts: Name[]): Typed | undefined {
  let levels = 0
  for (let here: Scope | undefined = scope; here; here = here.outer, levels++) {
    const found = resolveHere(here, parts)
    // Spark looks one query out, no further.
    if (found && levels > 1) throw new Refusal('a column of a query two levels out', parts[0]!.at)
    if (found && here !== scope) here.onOuter?.()
    if (found) return found
  }
  return undefined
}

function resolveHere(scope: Scope, parts: Name[]): Typed | undefined {
  const [first, second] = parts
  const at = first!.at
  const local = scope.locals?.get(first!.name.toLowerCase())
  if (local) return fields({ ...local, at }, parts.slice(1))
  if (second) {
    const relations = scope.relations.filter(r => r.alias !== undefined && same(r.alias, first!.name))
    const columns = relations.flatMap(r => r.columns.filter(c => same(c.name, second.name)))
    if (columns.length > 0) return fields(pick(scope, columns, [first!, second]), parts.slice(2))
  }
  const columns = scope.visible.filter(c => same(c.name, first!.name))
  const alias = scope.aliases?.get(first!.name.toLowerCase())
  // HAVING total > 1 means the alias, where a column of that name is not grouped by.
  const shadowed = alias && scope.grouped && columns.length === 1 && !scope.isGrouped?.(columns[0]!)
  if (columns.length > 0 && !shadowed) return fields(pick(scope, columns, [first!]), parts.slice(1))
  return alias && fields({ ...alias, at, literal: undefined }, parts.slice(1))
}

function pick(scope: Scope, columns: Column[], parts: Name[]): Typed {
  const written = parts.map(p => p.name).join('.')
  const at = parts[0]!.at
  if (columns.length > 1) {
    const owners = scope.relations.filter(r => r.columns.some(c => columns.includes(c))).map(r => r.alias)
    throw new SqlProblem(
      `"${written}" is ambiguous: ${owners.length > 1 ? `${owners.join(' and ')} both have it` : 'there are two of this name'}`,
      owners.length > 1 ? `say which, such as ${owners[0]}.${parts.at(-1)!.name}` : 'give one of them another name',
      at,
    )
  }
  const column = columns[0]!
  const value: Typed = { type: column.type, sql: column.sql, from: column.from, at, name: column.name }
  return (scope.grouped ? scope.grouped(column, at) : value) ?? value
}

function fields(value: Typed, names: Name[]): Typed {
  return names.reduce(field, value)
}

/** One field of a struct, or of every struct in an array. */
export function field(value: Typed, name: Name): Typed {
  const { type } = value
  if (type.kind === 'unknown') return value
  const owner = type.kind === 'array' ? type.element : type
  if (owner.kind !== 'struct')
    throw new SqlProblem(
      `${value.name ?? 'this'} is ${typeText(type)}, which has no field "${name.name}"`,
      'only structs have fields',
      name.at,
    )
  const found = owner.fields.filter(f => same(f.name, name.name))
  if (found.length === 0) {
    const near = nearest(
      name.name,
      owner.fields.map(f => f.name),
    )
    throw new SqlProblem(
      `${value.name ?? 'the struct'} has no field "${name.name}"`,
      near ? `did you mean ${near}?` : `it has ${owner.fields.map(f => f.name).join(', ')}`,
      name.at,
    )
  }
  const key = text(found[0]!.name)
  const out = { ...value, name: found[0]!.name, literal: undefined }
  if (type.kind === 'array')
    return {
      ...out,
      type: { kind: 'array', element: found[0]!.type },
      sql: `list_transform(${value.sql}, lambda field_of: struct_extract(field_of, ${key}))`,
    }
  return { ...out, type: found[0]!.type, sql: `struct_extract(${value.sql}, ${key})` }
}

/** Whether a name that is not found may be one all the same. */
export function mayExist(scope: Scope): boolean {
  return Boolean(scope.open) || Boolean(scope.outer && mayExist(scope.outer))
}

/** Says that nothing has this name, and what was meant perhaps. */
export function unknownColumn(scope: Scope, parts: Name[]): SqlProblem {
  const [first, second] = parts
  const relation = second && everyRelation(scope).find(r => r.alias !== undefined && same(r.alias, first!.name))
  if (relation) {
    const names = relation.columns.map(c => c.name)
    return new SqlProblem(`${relation.alias} has no column "${second.name}"`, meant(second.name, names), second.at)
  }
  if (second) {
    const aliases = everyRelation(scope).flatMap(r => r.alias ?? [])
    const near = nearest(first!.name, aliases)
    return new SqlProblem(
      `there is no table or column "${first!.name}" here`,
      near ? `did you mean ${near}.${second.name}?` : `there are ${aliases.join(', ') || 'no tables'}`,
      first!.at,
    )
  }
  const names = [...new Set(everyRelation(scope).flatMap(r => r.columns.map(c => c.name)))]
  return new SqlProblem(`no column is called "${first!.name}"`, meant(first!.name, names), first!.at)
}

function meant(name: string, names: string[]): string {
  const near = nearest(name, names)
  // More than a dozen names help nobody.
  return near
    ? `did you mean ${near}?`
    : names.length === 0
      ? 'there is no table to take it from'
      : `there ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
}

function everyRelation(scope: Scope): Relation[] {
  const out = [...scope.relations]
  for (let outer = scope.outer; outer; outer = outer.outer) out.push(...outer.relations)
  return out
}

/** The columns that a subquery gives, as the relation of an alias. */
export function relationOf(
  alias: string | undefined,
  sqlAlias: string,
  columns: { name: string; sqlName: string; type: SqlType; from: Origin[]; unnamed?: boolean }[],
): Relation {
  return {
    alias,
    columns: columns.map(c => ({
      name: c.name,
      type: c.type.kind === 'void' ? T.void : c.type,
      sql: `${quoted(sqlAlias)}.${quoted(c.sqlName)}`,
      from: c.from,
      unnamed: c.unnamed,
    })),
  }
}
