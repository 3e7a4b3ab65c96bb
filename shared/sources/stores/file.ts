import { createReadStream } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RedeyeError } from '../../core/errors.ts'
import type { FileStore } from '../file-store.ts'

/** A folder of this machine: a path, or a `file:` URL. */
export async function openStore(location: string, setting: string): Promise<FileStore> {
  const folder = location.startsWith('file:') ? fileURLToPath(location) : resolve(location)
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory())
    throw new RedeyeError('BAD_SOURCE', `the folder ${folder} of the setting ${setting} ${found ? 'is no folder' : 'does not exist'}`, {
      remedy: `make the folder, or mend the setting ${setting}`,
    })
  return { list: prefix => namesIn(folder, prefix), read: name => bytesOf(join(folder, name)) }
}

async function* namesIn(folder: string, prefix: string): AsyncGenerator<string> {
  const inner = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : ''
  const entries = await opendir(join(folder, inner), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    // An inner folder that is named after a date may not be there yet.
    if (cause.code === 'ENOENT') return []
    throw unreadable(join(folder, inner), cause)
  })
  for await (const entry of entries) {
    if (!entry.isFile() && !entry.isSymbolicLink()) continue
    const name = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (name.startsWith(prefix)) yield name
  }
}

// Large enough that a decompressor is fed in few calls, small enough to count for nothing.
const CHUNK_BYTES = 256 * 1024

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) yield chunk as Uint8Array
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

function unreadable(file: string, cause: unknown): RedeyeError {
  const denied = ['EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '')
  return new RedeyeError(denied ? 'BAD_CREDENTIAL' : 'SOURCE_UNAVAILABLE', `${file} could not be read: ${(cause as Error).message}`, {
    remedy: denied ? 'let the user that Redeye runs as read it' : 'the attempt is retried by itself; see whether the disk is there',
    cause,
  })
}
