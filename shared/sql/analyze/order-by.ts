import type { Select, Sort } from '../parse/ast.ts'
import { T } from '../type.ts'
import type { Typed } from '../typed.ts'
import type { Env } from './env.ts'
import { ordersOtherwise } from './order-key.ts'
import { orderText } from './window.ts'

/** A column of a select list. */
export interface Item {
  name: string
  sqlName: string
  value: Typed
  unnamed?: boolean
}

/** The text of ORDER BY after a select: by its names, by its places, or by what FROM brings. */
export function orderBy(select: Select, order: Sort[], items: Item[], env: Env): string {
  if (order.length === 0) return ''
  const locals = new Map(env.scope.locals)
  for (const item of items) locals.set(item.name.toLowerCase(), item.value)
  const [first] = order
  if (order.length === 1 && isAll(first!.value, items))
    return ` ORDER BY ${items.map((item, i) => orderText(ordersOtherwise(item.value.type) ? item.value : { sql: String(i + 1), type: T.int }, first!)).join(', ')}`
  const keys = order.map(sort => {
    const { value } = sort
    if (value.kind === 'literal' && value.type.kind === 'int') {
      const place = Number(value.value)
      if (place < 1 || place > items.length)
        env.context.error(value.at, `ORDER BY ${value.value} names no column: there are ${items.length}`, 'write a place or a name')
      const item = items[place - 1]
      return orderText(item && ordersOtherwise(item.value.type) ? item.value : { sql: String(place), type: T.int }, sort)
    }
    const key = env.analyze(value, { ...env, clause: 'ORDER BY', scope: { ...env.scope, locals } })
    const place = items.findIndex(i => i.value.sql === key.sql)
    if (place >= 0 && !ordersOtherwise(key.type)) return orderText({ sql: String(place + 1), type: key.type }, sort)
    if (select.distinct && place < 0) env.context.error(value.at, 'ORDER BY after SELECT DISTINCT takes what is selected', 'select it too')
    return orderText(key, sort)
  })
  return ` ORDER BY ${keys.join(', ')}`
}

/** ORDER BY ALL: by every column, unless one is called so. */
function isAll(value: Sort['value'], items: { name: string }[]): boolean {
  if (value.kind !== 'column' || value.parts.length !== 1) return false
  const [part] = value.parts
  return !part!.quoted && part!.name.toUpperCase() === 'ALL' && !items.some(i => i.name.toUpperCase() === 'ALL')
}
