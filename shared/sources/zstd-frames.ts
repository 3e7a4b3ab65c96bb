/** What a part of a zstd stream is: bytes of the current frame, or the end of it. */
export type ZstdPart = { bytes: Uint8Array } | { frameEnds: true }

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
// Magic, descriptor, window, dictionary and content size at their longest.
const LONGEST_HEADER = 18

/**
 * Finds the frames of a zstd stream by walking their block headers (RFC 8878). Needed because `node:zlib` decompresses the first
 * frame and drops the rest without a word, while log rotation and parallel compressors write many frames one after another.
 */
export class ZstdFrames {
  #held = Buffer.alloc(0)
  /** Bytes to pass on before the next header. */
  #run = 0
  #isSkipping = false
  #expects: 'frame' | 'block' | 'end' = 'frame'
  #checksum = 0

  /** Whether the stream may end here. */
  get isComplete(): boolean {
    return this.#expects === 'frame' && this.#run === 0 && this.#held.length === 0
  }

  /** Takes a chunk; throws a RangeError where a frame should begin and something else does. */
  *push(chunk: Uint8Array): Generator<ZstdPart> {
    let rest = this.#held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([this.#held, chunk])
    this.#held = Buffer.alloc(0)
    for (;;) {
      if (this.#run > 0) {
        const bytes = rest.subarray(0, this.#run)
        rest = rest.subarray(bytes.length)
        this.#run -= bytes.length
        if (bytes.length > 0 && !this.#isSkipping) yield { bytes }
        if (this.#run > 0) return
        this.#isSkipping = false
      }
      if (this.#expects === 'end') {
        this.#expects = 'frame'
        yield { frameEnds: true }
      }
      if (rest.length === 0) return
      if (!this.#header(rest)) {
        this.#held = Buffer.from(rest)
        return
      }
    }
  }

  /** Reads the header that stands at the beginning of `rest`, whose bytes are part of the run; false when it is not whole yet. */
  #header(rest: Buffer): boolean {
    if (this.#expects === 'frame') return this.#frameHeader(rest)
    if (rest.length < 3) return false
    const header = rest.readUIntLE(0, 3)
    const isRepeated = ((header >> 1) & 3) === 1
    const isLast = (header & 1) === 1
    this.#run = 3 + (isRepeated ? 1 : header >> 3) + (isLast ? this.#checksum : 0)
    if (isLast) this.#expects = 'end'
    return true
  }

  #frameHeader(rest: Buffer): boolean {
    if (rest.length < 5) return false
    const magic = rest.readUInt32LE(0)
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      if (rest.length < 8) return false
      this.#run = 8 + rest.readUInt32LE(4)
      this.#isSkipping = true
      return true
    }
    if (magic !== FRAME_MAGIC) throw new RangeError('a frame should begin here, and does not')
    const descriptor = rest[4]!
    const isSingle = (descriptor & 0x20) !== 0
    const contentSize = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!
    this.#run = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize
    this.#checksum = (descriptor & 4) === 0 ? 0 : 4
    this.#expects = 'block'
    return this.#run <= LONGEST_HEADER
  }
}
