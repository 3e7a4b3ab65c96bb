import { stripVTControlCharacters } from 'node:util'

const ESC = '\u001b['
const hideCursor = `${ESC}?25l`
const showCursor = `${ESC}?25h`
// Terminals that know it show a frame at once; the others ignore it.
const frameBegins = `${ESC}?2026h`
const frameEnds = `${ESC}?2026l`
// A terminal that does not say how large it is.
const COLUMNS = 80
const LINES = 24

/** A few lines of a terminal, drawn again in place. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  #drawn = 0
  readonly #restore = () => void this.#out.write(showCursor)

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out
    // However the process ends, the cursor comes back.
    process.once('exit', this.#restore)
  }

  get columns(): number {
    return this.#out.columns || COLUMNS
  }

  /** How many lines can be drawn: what has left the top of the terminal cannot be drawn again. */
  get lines(): number {
    return (this.#out.rows || LINES) - 1
  }

  draw(lines: readonly string[]): void {
    const fit = lines.slice(0, this.lines).map(line => cut(line, this.columns))
    this.#out.write(`${frameBegins}${hideCursor}${this.#home()}${fit.map(line => `${ESC}2K${line}\n`).join('')}${ESC}J${frameEnds}`)
    this.#drawn = fit.length
  }

  /** Draws for the last time: these lines stay, and what is printed next goes below them. */
  leave(lines: readonly string[]): void {
    this.#out.write(`${frameBegins}${this.#home()}${lines.map(line => `${ESC}2K${cut(line, this.columns)}\n`).join('')}${ESC}J${frameEnds}`)
    this.end()
  }

  end(): void {
    this.#drawn = 0
    this.#restore()
    process.off('exit', this.#restore)
  }

  #home(): string {
    return this.#drawn === 0 ? '' : `${ESC}${this.#drawn}F`
  }
}

/** A line's first columns, its colours closed. */
export function cut(line: string, columns: number): string {
  if ([...stripVTControlCharacters(line)].length <= columns) return line
  let width = 0
  let kept = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const [token] of line.matchAll(/\u001b\[[0-9;]*m|./gsu)) {
    if (token.startsWith(ESC)) kept += token
    else if (width < columns - 1) {
      kept += token
      width++
    }
  }
  return `${kept}…`
}
