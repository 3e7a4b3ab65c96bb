import { RedeyeError } from '../core/errors.ts'
import type { Delivery } from '../ports/target.ts'
import { jsonOf } from './json-row.ts'

/** `sessions@2001-02-14#1/`, with which all ids of a version begin. */
export const idPrefix = ({ dataset, partition, version }: Pick<Delivery, 'dataset' | 'partition' | 'version'>) =>
  `${dataset}@${partition}#${version}/`

/**
 * The ids of rows' messages, `sessions@2001-02-14#1/["v00017",2]`: made of version and key, so that whoever sends a row again sends the same
 * id. Throws BAD_TARGET for a row without a key, and for two of one: who knows messages by their ids would drop the second.
 */
export function messageIds(delivery: Delivery, rows: readonly Record<string, unknown>[]): string[] {
  const seen = new Set<string>()
  for (const row of rows) {
    const id = messageId(delivery, row)
    if (seen.has(id))
      throw new RedeyeError('BAD_TARGET', `two rows would be the message ${id}`, {
        remedy: `let the load’s map keep ${delivery.key.join(', ')} as it is, or declare a key that identifies the rows of ${delivery.dataset}`,
      })
    seen.add(id)
  }
  return [...seen]
}

function messageId(delivery: Delivery, row: Record<string, unknown>): string {
  const { dataset, partition, key } = delivery
  const missing = key.find(column => row[column] === null || row[column] === undefined)
  if (missing !== undefined)
    throw new RedeyeError('BAD_TARGET', `a row of ${dataset}@${partition} has no ${missing}, so its message has no id`, {
      remedy: `check notNull('${missing}') where ${dataset} is made, or leave such rows out by the load's map`,
    })
  return `${idPrefix(delivery)}${jsonOf(key.map(column => row[column]))}`
}
