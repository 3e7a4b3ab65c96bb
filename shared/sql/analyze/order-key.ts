import type { SqlType } from '../type.ts'
import { text } from '../type.ts'

/** Whether values of a type have another order in DuckDB: inside arrays and structs a null is the last there, the first in Spark. */
export const ordersOtherwise = (type: SqlType): boolean => type.kind === 'array' || type.kind === 'struct'

/** DuckDB text of a value that is ordered as Spark orders the given one: each part behind a flag that is false for a null. */
export function orderKey(sql: string, type: SqlType, depth = 0): string {
  if (type.kind === 'array') {
    const item = `key_item_${depth}`
    return `list_transform(${sql}, lambda ${item}: struct_pack(there := ${item} IS NOT NULL, value := ${orderKey(item, type.element, depth + 1)}))`
  }
  if (type.kind === 'struct') {
    const parts = type.fields.flatMap(({ name, type: of }, i) => {
      const part = `struct_extract(${sql}, ${text(name)})`
      return [`there_${i} := ${part} IS NOT NULL`, `value_${i} := ${orderKey(part, of, depth + 1)}`]
    })
    return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${parts.join(', ')}) END`
  }
  return sql
}
