import { type Duplex, pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { RedeyeError } from '../core/errors.ts'
import { ZstdFrames } from './zstd-frames.ts'

// Sixteen times zlib's own, so that lines are cut from few large blocks.
const CHUNK_BYTES = 256 * 1024

/**
 * Decompresses a file's bytes as its content says (gzip or zstd, of any number of members or frames), and passes other bytes on.
 * A file that ends in the middle may still be being written, so it is SOURCE_UNAVAILABLE and worth another attempt; one that is
 * damaged, or whose ending promises what the content is not, stays so and is BAD_SOURCE.
 */
export async function* decompressed(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first = await peek(iterator)
  const kind = kindOf(first)
  const promised = promises.find(([ending]) => ending.test(name))?.[1]
  try {
    if (kind === undefined && promised !== undefined)
      throw first.length < 4 ? cutShort(name) : damaged(name, `it is no ${promised}, though its name says so`)
    const rest = chained(first, iterator)
    if (kind === undefined) yield* rest
    else if (kind === 'gzip') yield* through(rest, createGunzip({ chunkSize: CHUNK_BYTES }))
    else yield* unzstd(rest, name)
  } catch (cause) {
    const code = String((cause as NodeJS.ErrnoException).code ?? '')
    if (cause instanceof RedeyeError) throw cause
    if (code === 'Z_BUF_ERROR') throw cutShort(name, cause)
    if (code.startsWith('Z_') || code.startsWith('ZSTD_') || cause instanceof RangeError)
      throw damaged(name, (cause as Error).message, cause)
    throw cause
  } finally {
    await iterator.return?.()
  }
}

const promises: [RegExp, 'gzip' | 'zstd'][] = [
  [/\.gz$/i, 'gzip'],
  [/\.zst$/i, 'zstd'],
]

function kindOf(first: Uint8Array): 'gzip' | 'zstd' | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip'
  if (first.length < 4) return undefined
  const isFrame = first[0] === 0x28 && first[1] === 0xb5 && first[2] === 0x2f && first[3] === 0xfd
  const isSkippable = (first[0]! & 0xf0) === 0x50 && first[1] === 0x2a && first[2] === 0x4d && first[3] === 0x18
  return isFrame || isSkippable ? 'zstd' : undefined
}

/** The first four bytes or more, or all there are. */
async function peek(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let first = Buffer.alloc(0)
  while (first.length < 4) {
    const next = await iterator.next()
    if (next.done) break
    first = Buffer.concat([first, next.value])
  }
  return first
}

async function* chained(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  yield* { [Symbol.asyncIterator]: () => rest }
}

/** Bytes through a transform; an error of either side ends both, and so does a reader that stops early. */
async function* through(bytes: AsyncIterable<Uint8Array>, transform: Duplex): AsyncGenerator<Uint8Array> {
  // The reader hears of errors from the transform itself; the callback has nothing to add.
  yield* pipeline(Readable.from(bytes), transform, () => undefined) as AsyncIterable<Uint8Array>
}

async function* unzstd(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames()
  const parts = partsOf(bytes, frames)
  try {
    for (;;) {
      const first = await parts.next()
      if (first.done) break
      if (!('bytes' in first.value)) continue
      yield* through(frameBytes(first.value.bytes, parts), createZstdDecompress({ chunkSize: CHUNK_BYTES }))
    }
  } finally {
    await parts.return(undefined)
  }
  if (!frames.isComplete) throw cutShort(name)
}

async function* partsOf(bytes: AsyncIterable<Uint8Array>, frames: ZstdFrames) {
  for await (const chunk of bytes) yield* frames.push(chunk)
}

async function* frameBytes(first: Uint8Array, parts: ReturnType<typeof partsOf>): AsyncGenerator<Uint8Array> {
  yield first
  for (;;) {
    const part = await parts.next()
    if (part.done || 'frameEnds' in part.value) return
    yield part.value.bytes
  }
}

function cutShort(name: string, cause?: unknown): RedeyeError {
  return new RedeyeError('SOURCE_UNAVAILABLE', `${name} ends in the middle of its compressed content`, {
    remedy: 'it may still be being written, so the attempt is retried; if it stays so, bring the whole file',
    cause,
  })
}

function damaged(name: string, problem: string, cause?: unknown): RedeyeError {
  return new RedeyeError('BAD_SOURCE', `${name} is damaged: ${problem}`, { remedy: 'bring the file again from where it was made', cause })
}
