import { isUtf8 } from 'node:buffer'

/** A line of text, or why it is none; numbers count from 1. */
export type Line = { number: number; text: string } | { number: number; raw: string; reason: string }

// As much of a line that cannot be read as helps to find it again.
const SHOWN_BYTES = 1000

/**
 * Cuts bytes into lines, a batch for each chunk of bytes, and never holds more than a line and a chunk. A line that is too long or
 * no text in the encoding comes with a reason in its place; the line's end is LF or CR LF.
 */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  options: { maxLineBytes: number; encoding: 'utf-8' | 'latin1' },
): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(options.maxLineBytes, options.encoding)
  for await (const chunk of bytes) yield splitter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  yield splitter.end()
}

class LineSplitter {
  readonly #maxBytes: number
  readonly #encoding: 'utf-8' | 'latin1'
  /** The beginning of a line that the last chunk did not end. */
  #parts: Buffer[] = []
  #partBytes = 0
  #number = 0

  constructor(maxBytes: number, encoding: 'utf-8' | 'latin1') {
    this.#maxBytes = maxBytes
    this.#encoding = encoding
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    const last = chunk.lastIndexOf(0x0a)
    if (last < 0) {
      this.#keep(chunk)
      return lines
    }
    let from = 0
    if (this.#partBytes > 0) {
      const end = chunk.indexOf(0x0a)
      this.#keep(chunk.subarray(0, end))
      lines.push(this.#takeKept())
      from = end + 1
    }
    if (from <= last) this.#split(chunk.subarray(from, last + 1), lines)
    this.#keep(chunk.subarray(last + 1))
    return lines
  }

  end(): Line[] {
    return this.#partBytes > 0 ? [this.#takeKept()] : []
  }

  /** Bytes of a line beyond the longest allowed are counted, not kept. */
  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    const room = this.#maxBytes + 1 - this.#partBytes
    // A copy, so that a line's beginning does not keep the whole chunk it came in.
    if (room > 0) this.#parts.push(Buffer.from(bytes.subarray(0, room)))
    this.#partBytes += bytes.length
  }

  #takeKept(): Line {
    const line = this.#line(Buffer.concat(this.#parts), this.#partBytes)
    this.#parts = []
    this.#partBytes = 0
    return line
  }

  /** Whole lines at once: decoding a block costs far less than decoding each line. */
  #split(block: Buffer, lines: Line[]): void {
    if (block.length <= this.#maxBytes && (this.#encoding === 'latin1' || isUtf8(block))) {
      const texts = this.#text(block).split('\n')
      texts.pop()
      for (const text of texts) lines.push({ number: ++this.#number, text: text.endsWith('\r') ? text.slice(0, -1) : text })
      return
    }
    for (let from = 0; from < block.length; ) {
      const end = block.indexOf(0x0a, from)
      const line = block.subarray(from, end)
      lines.push(this.#line(line, line.length))
      from = end + 1
    }
  }

  #line(kept: Buffer, bytes: number): Line {
    const number = ++this.#number
    if (bytes > this.#maxBytes)
      return {
        number,
        raw: kept.toString('latin1', 0, SHOWN_BYTES),
        reason: `the line has ${bytes} bytes, more than the ${this.#maxBytes} allowed`,
      }
    if (this.#encoding === 'utf-8' && !isUtf8(kept))
      return { number, raw: kept.toString('latin1', 0, SHOWN_BYTES), reason: 'the line is no UTF-8' }
    const end = kept.at(-1) === 0x0d ? kept.length - 1 : kept.length
    return { number, text: this.#text(kept.subarray(0, end), number) }
  }

  /** Decodes; the mark with which some editors begin a file is no part of its first line. */
  #text(bytes: Buffer, number = this.#number + 1): string {
    const text = bytes.toString(this.#encoding)
    return number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text
  }
}
