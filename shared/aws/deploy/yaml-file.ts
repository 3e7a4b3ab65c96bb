import { isMap, LineCounter, parseDocument } from 'yaml'
import { RedeyeError } from '../../core/errors.ts'

/** What a serverless.yml says; throws BAD_ARGUMENT at the place where it is no YAML, or no list of settings. An empty one says nothing. */
export function yamlFile(text: string, file: string): Record<string, unknown> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const error = document.errors[0]
  if (error) {
    const { line, col: column } = lines.linePos(error.pos[0])
    // The parser adds the place and the lines around it.
    const message = `it cannot be parsed: ${error.message.split(' at line')[0]}`
    throw new RedeyeError('BAD_ARGUMENT', message, { remedy: 'mend the YAML at this place', file, line, column })
  }
  if (document.contents === null) return {}
  if (!isMap(document.contents))
    throw new RedeyeError('BAD_ARGUMENT', 'it holds no settings', { remedy: 'write lines like service: NAME', file, line: 1, column: 1 })
  return document.toJS() as Record<string, unknown>
}

/** Where a key first stands; the file's beginning when it does not. */
export function placeInYaml(text: string, key: string): { line: number; column: number } {
  const at = text.search(new RegExp(`\\b${key}:`))
  const before = text.slice(0, Math.max(0, at)).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}
