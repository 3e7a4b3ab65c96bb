import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { ZstdFrames } from '../../shared/sources/zstd-frames.ts'

function framesOf(bytes: Uint8Array, size: number): { frames: Buffer[]; isComplete: boolean } {
  const walk = new ZstdFrames()
  const frames: Buffer[] = []
  let parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size)
    for (const part of walk.push(bytes.subarray(at, at + size))) {
      if ('bytes' in part) parts.push(Buffer.from(part.bytes))
      else {
        frames.push(Buffer.concat(parts))
        parts = []
      }
    }
  return { frames, isComplete: walk.isComplete }
}

function skippable(bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes)
  frame.writeUInt32LE(0x184d2a5f, 0)
  frame.writeUInt32LE(bytes, 4)
  return frame
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Runs become blocks that repeat one byte; a long mixture becomes several blocks.
  fc.tuple(fc.nat(255), fc.integer({ min: 0, max: 400_000 })).map(([byte, length]) => new Uint8Array(length).fill(byte)),
  fc.integer({ min: 1, max: 300_000 }).map(length => Uint8Array.from({ length }, (_, i) => (i * i) >> 3)),
)
const frame = fc.tuple(content, fc.boolean(), fc.constantFrom(1, 3, 9)).map(([bytes, hasChecksum, level]) =>
  zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0, [constants.ZSTD_c_compressionLevel]: level },
  }),
)

test('frames are found wherever the bytes are cut, and skippable ones skipped', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(frame, fc.option(fc.nat(50))), { maxLength: 4 }), fc.integer({ min: 1, max: 5000 }), (made, size) => {
      const bytes = Buffer.concat(made.flatMap(([whole, skip]) => (skip === null ? [whole] : [skippable(skip), whole])))
      const found = framesOf(bytes, size)
      expect(found.frames.map(f => f.toString('hex').slice(0, 100))).toEqual(made.map(([f]) => f.toString('hex').slice(0, 100)))
      expect(found.frames.map(f => f.length)).toEqual(made.map(([f]) => f.length))
      expect(found.isComplete).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('any part of a frame is not complete', () => {
  const whole = Buffer.concat([skippable(10), zstdCompressSync('a text of some length, so that there is a block')])
  for (let length = 1; length < whole.length; length++) {
    const { isComplete } = framesOf(whole.subarray(0, length), 7)
    expect({ length, isComplete }).toEqual({ length, isComplete: length === 18 })
  }
})

test('what is no frame is refused', () => {
  expect(() => framesOf(Buffer.from('nothing of that kind'), 3)).toThrow(RangeError)
})
