import { existsSync, readFileSync } from 'node:fs'
import type { Place } from '../core/errors.ts'
import type { Fault } from './fault.ts'
import type { Declared } from './place.ts'

/** The place where a name, or names in this order within one pair of brackets, stand in a file from its declaration on; else the declaration's own. */
export function near(at: Declared, names: Fault['near']): Place {
  const place = { file: at.file, line: at.line, column: at.column }
  if (names === undefined || !existsSync(at.file)) return place
  const text = readFileSync(at.file, 'utf8')
  const lines = text.split('\n').slice(0, at.line - 1)
  const start = lines.reduce((sum, line) => sum + line.length + 1, 0) + at.column - 1
  const words = [names].flat().map(name => `(?<![\\w-])(${RegExp.escape(name)})(?![\\w-])`)
  const last = new RegExp(words.join('[^)]*?'), 'd').exec(text.slice(start))?.indices?.at(-1)
  return last ? { ...place, ...lineAndColumn(text, start + last[0]) } : place
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}
