import { fileURLToPath } from 'node:url'
import { getCallSites } from 'node:util'

/** Where a declaration stands: the file that called the language, so that no task repeats its own name or folder. */
export interface Declared {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The place of the first caller outside this folder. */
export function declaredAt(): Declared {
  const here = import.meta.dirname
  for (const site of getCallSites(10)) {
    const file = site.scriptName.startsWith('file:') ? fileURLToPath(site.scriptName) : site.scriptName
    if (!file.startsWith(`${here}/`) && file.startsWith('/'))
      return { file: file.replace(/\?.*$/, ''), line: site.lineNumber, column: site.columnNumber }
  }
  return { file: '', line: 0, column: 0 }
}
