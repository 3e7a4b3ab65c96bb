import { isTimed } from '../../shared/core/partition.ts'
import { outputName, outputPartition } from './dataset-file.ts'
import { snake } from './names.ts'
import { quote } from './type-code.ts'
import type { Wish } from './wish.ts'

/** The name of the setting that says where the source or target is: `CLEAN_ORDERS_API`. */
export const settingName = (wish: Wish, what: string) => `${snake(wish.name).toUpperCase()}_${what}`

/** A source that is complete, and that whoever wrote it points at the right place. */
export function sourceCode(wish: Wish): { word: string; text: string } {
  const output = outputName(wish)
  const partition = outputPartition(wish)
  const dated = isTimed(partition)
  switch (wish.source) {
    case 'sql':
      return {
        word: 'sqlTable',
        text: `sqlTable({ connection: ${quote(settingName(wish, 'DB'))}, table: ${quote(output)}${partition.grain === 'daily' ? ", partitionColumn: 'day'" : ''} })`,
      }
    case 'logs':
      return {
        word: 'logFiles',
        text: `logFiles({ connection: ${quote(settingName(wish, 'LOGS'))}, files: '${dated ? '{date}' : '*'}.jsonl', format: 'json' })`,
      }
    case 'json':
      return { word: 'jsonApi', text: `jsonApi({ connection: ${quote(settingName(wish, 'API'))}, path: '/${output}', items: 'data' })` }
    case 'xml':
      return { word: 'xmlApi', text: `xmlApi({ connection: ${quote(settingName(wish, 'API'))}, path: '/${output}', item: 'item' })` }
  }
}
