import type { Partitioning } from '../../shared/core/partition.ts'
import type { Columns, ColumnType } from '../../shared/core/schema.ts'

/** TypeScript that declares what a value is, and the words of the language it uses. */
export interface Code {
  text: string
  words: string[]
}

/** `daily({ from: '2001-02-01', timezone: 'Europe/Madrid' })`. */
export function partitionCode(partition: Partitioning): Code {
  if (partition.grain === 'unpartitioned') return { text: 'unpartitioned()', words: ['unpartitioned'] }
  if (partition.grain === 'keys') return { text: `keys([${partition.keys.map(quote).join(', ')}])`, words: ['keys'] }
  const { grain, from, timezone } = partition
  const options = [from && `from: ${quote(from)}`, timezone !== 'UTC' && `timezone: ${quote(timezone)}`].filter(Boolean)
  return { text: `${grain}(${options.length > 0 ? `{ ${options.join(', ')} }` : ''})`, words: [grain] }
}

/** An object of columns, one a line. */
export function columnsCode(columns: Columns): Code {
  const codes = Object.entries(columns).map(([name, type]) => ({ name, ...typeCode(type) }))
  const lines = codes.map(c => `    ${keyCode(c.name)}: ${c.text},`)
  return { text: `{\n${lines.join('\n')}\n  }`, words: codes.flatMap(c => c.words) }
}

function typeCode(type: ColumnType): Code {
  if (typeof type === 'string') return { text: quote(type), words: [] }
  if ('decimal' in type) return { text: `decimal(${type.decimal.join(', ')})`, words: ['decimal'] }
  if ('array' in type) {
    const { text, words } = typeCode(type.array)
    return { text: `array(${text})`, words: ['array', ...words] }
  }
  const fields = Object.entries(type.struct).map(([name, t]) => ({ name, ...typeCode(t) }))
  return {
    text: `struct({ ${fields.map(f => `${keyCode(f.name)}: ${f.text}`).join(', ')} })`,
    words: ['struct', ...fields.flatMap(f => f.words)],
  }
}

/** A key of an object, quoted where it must be. */
export const keyCode = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name))

/** A string in the quotes that the formatter chooses: single ones, unless that needs more escapes. */
export function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  if (text.includes("'") && !text.includes('"')) return `"${escaped}"`
  return `'${escaped.replaceAll("'", "\\'")}'`
}

/** `import { a, b } from 'module'`, in the order that the formatter keeps. */
export function importCode(words: Iterable<string>, module: string): string {
  const names = [...new Set(words)].sort((a, b) => a.localeCompare(b, 'en'))
  return `import { ${names.join(', ')} } from '${module}'`
}
