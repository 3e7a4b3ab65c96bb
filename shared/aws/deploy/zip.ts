import { promisify } from 'node:util'
import { crc32, deflateRaw } from 'node:zlib'
import { Zip, type ZipInputFile } from 'fflate'

/** A file made ready for an archive. */
export interface Packed {
  path: string
  deflated: Uint8Array
  crc: number
  bytes: number
}

// The first instant that a zip can say: the same content makes the same archive, whenever it is made.
const EPOCH = new Date(1980, 0, 1, 0, 0, 0)
// Lambda runs as another user than the one who unpacks: everyone may read.
const READABLE = 0o100644 << 16
const UNIX = 3
const DEFLATE = 8

export async function packed(path: string, bytes: Uint8Array): Promise<Packed> {
  const deflated = await promisify(deflateRaw)(bytes, { level: 6 })
  return { path, deflated, crc: crc32(bytes), bytes: bytes.length }
}

/** An archive of these files, byte for byte the same for the same files. */
export function zipped(files: readonly Packed[]): Uint8Array {
  const chunks: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    chunks.push(chunk)
  })
  for (const { path, deflated, crc, bytes } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const file: ZipInputFile = { filename: path, size: bytes, crc, compression: DEFLATE, mtime: EPOCH, os: UNIX, attrs: READABLE }
    zip.add(file)
    file.ondata!(null, new Uint8Array(deflated), true)
  }
  zip.end()
  return Buffer.concat(chunks)
}
