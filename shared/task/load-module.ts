import { existsSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Place, RedeyeError } from '../core/errors.ts'

/** Why a module of the project could not be imported: said once, with the place in the project's own files. */
export interface ImportFailure extends Place {
  message: string
  remedy: string
}

/** Imports a module and hands back its exports, or why that cannot be done: whatever a developer may have written, this does not throw. */
export async function loadModule(file: string, root: string): Promise<{ exports: Record<string, unknown> } | { failure: ImportFailure }> {
  try {
    return { exports: (await import(pathToFileURL(file).href)) as Record<string, unknown> }
  } catch (error) {
    return { failure: failureOf(error, file, root) }
  }
}

function failureOf(error: unknown, file: string, root: string): ImportFailure {
  if (!(error instanceof Error))
    return { file, message: `it throws ${String(error)}`, remedy: 'let the file declare, and do nothing that can fail' }
  const place = placeOf(error, file, root)
  if (error instanceof RedeyeError)
    return {
      ...(error.place.line === undefined ? place : error.place),
      message: error.message,
      remedy: error.remedy ?? 'see docs/errors.md',
    }
  const code = 'code' in error ? String(error.code) : ''
  const missing = /^The requested module '(.+)' does not provide an export named '(.+)'$/.exec(error.message)
  if (missing)
    return { ...place, message: `${missing[1]} has no export "${missing[2]}"`, remedy: 'mend the import, or export that name there' }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return {
      ...place,
      message: error.message,
      remedy: 'write TypeScript that disappears when its types are taken away: no enums, namespaces or parameter properties',
    }
  if (error instanceof SyntaxError)
    return { ...place, message: `it cannot be parsed: ${error.message}`, remedy: 'mend the syntax at this place' }
  if (code === 'ERR_MODULE_NOT_FOUND' || code.startsWith('ERR_PACKAGE_') || code === 'ERR_UNSUPPORTED_DIR_IMPORT')
    return {
      ...place,
      message: error.message.replaceAll(`${root}/`, ''),
      remedy: 'mend the import; files are imported with their ending, .ts',
    }
  return {
    ...place,
    message: `it throws ${error.name}: ${error.message}`,
    remedy: 'mend what fails there; a declaration should do nothing else',
  }
}

/**
 * The first line of the stack that is the project's own: of a syntax error the header that Node prints, with a caret under the column,
 * else the innermost frame, else the import that the message is about.
 */
function placeOf(error: Error, file: string, root: string): Place {
  const stack = error.stack ?? ''
  const header = /^(file:\/\/\S+|\/\S+?):(\d+)\n(?:.*\n)*?( *)\^/.exec(stack)
  if (header) return { file: pathOf(header[1]!), line: Number(header[2]), column: header[3]!.length + 1 }
  for (const m of stack.matchAll(/(file:\/\/[^\s()]+?|\/[^\s()]+?):(\d+):(\d+)\)?$/gm)) {
    const path = pathOf(m[1]!)
    if (path.startsWith(`${root}/`) && !path.includes('/node_modules/') && !path.startsWith(language))
      return { file: path, line: Number(m[2]), column: Number(m[3]) }
  }
  if (error instanceof SyntaxError) return unparsable(file, root) ?? { file }
  return importIn(error.message, file)
}

/** Node names no place where a file ends too early: it is the end of the first one that cannot be parsed, of a file and its imports. */
function unparsable(file: string, root: string, seen = new Set<string>()): Place | undefined {
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  try {
    stripTypeScriptTypes(text)
  } catch {
    const lines = text.trimEnd().split('\n')
    return { file, line: lines.length, column: lines.at(-1)!.length + 1 }
  }
  for (const [, name] of text.matchAll(/\b(?:from|import)\s*['"]([^'"]+)['"]/g)) {
    const imported = resolved(name!, file)
    const found = imported?.startsWith(`${root}/`) && !seen.has(imported) ? unparsable(imported, root, seen) : undefined
    if (found) return found
  }
  return undefined
}

function resolved(name: string, importer: string): string | undefined {
  try {
    return createRequire(importer).resolve(name)
  } catch {
    return undefined
  }
}

/** Where the importer that the message names says what could not be found, by the last part of its name. */
function importIn(message: string, file: string): Place {
  const importer = / imported from (\S+)$/.exec(message)?.[1]
  const place = { file: importer && existsSync(importer) ? importer : file }
  const name = /["']([^"']+)["']/.exec(message)?.[1]?.split('/').at(-1)
  const lines = name ? readFileSync(place.file, 'utf8').split('\n') : []
  const line = lines.findIndex(l => l.includes(`${name}'`) || l.includes(`${name}"`))
  return line < 0 ? place : { ...place, line: line + 1, column: lines[line]!.indexOf(name!) + 1 }
}

/** Errors thrown by Redeye itself happened where Redeye was called. */
const language = fileURLToPath(new URL('../', import.meta.url))

const pathOf = (url: string) => (url.startsWith('file:') ? fileURLToPath(url) : url).replace(/\?.*$/, '')
