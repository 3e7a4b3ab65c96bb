import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3'
import { errorName } from './sdk.ts'

// One connection to S3 gives some 80 MB/s; four of them fill the network of most functions.
const RANGE_BYTES = 16 * 1024 * 1024
const RANGES_OF_ONE = 4
// The SDK repeats requests, not answers that break off in the middle.
const READINGS = 3

/**
 * Downloads an object into a file, in ranges, several at once where it is large; all are of the same object, and every byte is counted.
 * The bytes go to the disk as they come: many files at once take no memory. `inTurn` says when each range is read, among those of other files.
 */
export async function download(client: S3Client, from: From, path: string, inTurn: InTurn): Promise<void> {
  await writeFile(path, '')
  const read = (from: From, begin: number) => inTurn(() => readRange(client, from, path, begin))
  const first = await read(from, 0).catch(cause => {
    // An object without bytes has no first range.
    if (errorName(cause) === 'InvalidRange') return undefined
    throw cause
  })
  if (first) await readRest(first.size, begin => read({ ...from, IfMatch: first.etag }, begin))
}

type From = { Bucket: string; Key: string; IfMatch?: string | undefined }
type InTurn = <T>(work: () => Promise<T>) => Promise<T>

async function readRest(size: number, read: (begin: number) => Promise<unknown>): Promise<void> {
  let next = RANGE_BYTES
  const reader = async () => {
    while (next < size) {
      const begin = next
      next += RANGE_BYTES
      await read(begin)
    }
  }
  const readers = await Promise.allSettled(Array.from({ length: RANGES_OF_ONE }, reader))
  for (const one of readers) if (one.status === 'rejected') throw one.reason
}

/** Writes one range to its place; gives the object's whole size. */
async function readRange(client: S3Client, from: From, path: string, begin: number): Promise<{ size: number; etag: string | undefined }> {
  for (let reading = 1; ; reading++) {
    const answer = await client.send(new GetObjectCommand({ ...from, Range: `bytes=${begin}-${begin + RANGE_BYTES - 1}` }))
    try {
      const size = sizeOf(answer)
      const expected = Math.min(RANGE_BYTES, size - begin)
      const file = createWriteStream(path, { flags: 'r+', start: begin })
      await pipeline(answer.Body as Readable, file)
      if (file.bytesWritten !== expected) throw new Error(`${file.bytesWritten} bytes came from ${begin} on, and ${expected} were to come`)
      return { size, etag: answer.ETag }
    } catch (error) {
      if (reading === READINGS || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    }
  }
}

/** `bytes 0-16777215/20971520`; a server that knows no ranges gives all. */
function sizeOf({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const total = /\/(\d+)$/.exec(ContentRange ?? '')?.[1]
  return total === undefined ? (ContentLength ?? 0) : Number(total)
}
