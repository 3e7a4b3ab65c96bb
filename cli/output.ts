import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours on a terminal, plain text everywhere else and under NO_COLOR. */
export const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout })

export const say = (line = ''): void => void process.stdout.write(`${line}\n`)

/** A value as JSON; numbers that JSON would bend or lose (large bigints, NaN) are text. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, v) => exactly(v), indent)
}

function exactly(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

// Wider cells push a row's end off most terminals; into a file or a pipe they go whole.
const MAX_CELL = 60

/** A value in one line of a table. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return paint('dim', 'null')
  const text = (typeof value === 'object' ? toJson(value) : String(value)).replace(/\s+/g, ' ')
  return process.stdout.isTTY && text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text
}

/** Whether values of a type, named as Spark or DuckDB does in small letters, are read from their last digit. */
export const isNumeric = (type: string): boolean =>
  /^(tinyint|smallint|int|integer|bigint|hugeint|u\w*int|float|double|decimal.*)$/.test(type)

/** `812 B`, `1.2 MB`. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, n < 1 ? 0 : Math.floor(Math.log10(n) / 3))
  return `${power === 0 ? n : (n / 1000 ** power).toFixed(1)} ${units[power]}`
}

export interface TableColumn {
  title: string
  align?: 'right'
}

/** Lines of aligned columns under a dim head; numbers go to the right, and a line ends where its text does. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string[] {
  const width = (text: string) => [...stripVTControlCharacters(text)].length
  const widths = columns.map((c, i) => Math.max(width(c.title), ...rows.map(r => width(r[i] ?? ''))))
  const cell = (text: string, i: number) => {
    const space = ' '.repeat(widths[i]! - width(text))
    return columns[i]!.align === 'right' ? space + text : text + space
  }
  const line = (cells: readonly string[]) =>
    columns
      .map((_, i) => cell(cells[i] ?? '', i))
      .join('  ')
      .trimEnd()
  return [paint('dim', line(columns.map(c => c.title))), ...rows.map(line)]
}

/** `1 task`, `2 tasks`. */
export const count = (n: number, word: string): string => `${n.toLocaleString('en-US')} ${word}${n === 1 ? '' : 's'}`
