import { settingName } from './source-code.ts'
import { quote } from './type-code.ts'
import type { Wish } from './wish.ts'

/** A target that is complete, and that whoever wrote it points at the right place. */
export function targetCode(wish: Wish): { word: string; text: string } {
  switch (wish.target) {
    case 'warehouse':
      return { word: 'warehouse', text: "warehouse({ connection: 'WAREHOUSE' })" }
    case 'http':
      return {
        word: 'httpApi',
        text: `httpApi({ connection: ${quote(settingName(wish, 'API'))}, path: '/${wish.inputs[0]!.known.dataset.name}' })`,
      }
    case 'queue':
      return { word: 'queue', text: `queue({ connection: ${quote(settingName(wish, 'QUEUE'))} })` }
  }
}
