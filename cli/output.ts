import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours on a terminal, plain text everywhere else and under NO_COLOR. */
export const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout })

export const say = (line = ''): void => void process.stdout.write(`${line}\n`)

/** A value as JSON; bigints, which JSON lacks, as text so that no digit is lost. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v), indent)
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
