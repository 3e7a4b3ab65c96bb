import { isAlias, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
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

/** Where a key stands, by its path from the top; undefined when it does not. */
export function placeInYaml(text: string, ...path: [string, ...string[]]): { line: number; column: number } | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  let [node, at]: [unknown, number] = [document.contents, 0]
  for (const name of path) {
    const map = isAlias(node) ? node.resolve(document) : node
    const pair = isMap(map) ? map.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined
    if (!pair || !isScalar(pair.key)) return undefined
    ;[node, at] = [pair.value, pair.key.range![0]]
  }
  const { line, col: column } = lines.linePos(at)
  return { line, column }
}
