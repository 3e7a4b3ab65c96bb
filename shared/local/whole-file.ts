import { copyFile, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/* What a file system needs to be told so that a file is there whole or not at all. */

export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
  } finally {
    await file.close()
  }
}

export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Tries first and makes the folder only when it is missing: the second and later files of a folder cost nothing more. */
export async function inFolderOf<T>(path: string, write: () => Promise<T>): Promise<T> {
  // Removing the last file of a folder removes the folder; a few turns are enough against that race.
  for (let turn = 0; ; turn++) {
    try {
      return await write()
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT' || turn === 3) throw cause
      await mkdir(dirname(path), { recursive: true })
    }
  }
}

/** Renames, or copies from another device: to a scratch file first, so that it too appears whole. */
export async function move(from: string, to: string, scratch: (suffix: string) => string): Promise<void> {
  try {
    await rename(from, to)
  } catch (cause) {
    if (codeOf(cause) !== 'EXDEV') throw cause
    const copy = scratch('')
    try {
      await inFolderOf(copy, () => copyFile(from, copy))
      await rename(copy, to)
    } finally {
      await rm(copy, { force: true })
    }
    await rm(from)
  }
}

/** The size of a file in bytes; undefined when there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await unlessAbsent(stat(path))
  return found?.isFile() ? found.size : undefined
}

export async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(cause))) return undefined
    throw cause
  }
}

/** Removes a file, which may be absent, and the folders up to `root` that this leaves empty. */
export async function removeFile(root: string, path: string): Promise<void> {
  await unlessAbsent(rm(path))
  // Folders are no part of the lake; empty ones go, as far up as they are empty.
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
    try {
      await rmdir(folder)
    } catch {
      return
    }
  }
}

/** The file system's name of a failure, `ENOENT`; duck-typed, since errors cross realms. */
export const codeOf = (cause: unknown) => String((cause as { code?: unknown } | undefined)?.code ?? '')
