import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RedeyeError } from '../core/errors.ts'
import type { Lake } from '../ports/lake.ts'

export interface FolderLakeOptions {
  /**
   * What a finished write has survived: the process's death (`process`, as the embedded ledger), or the machine's (`machine`,
   * with an fsync of each file and its folder: milliseconds a file on an ordinary disk).
   */
  durability?: 'process' | 'machine'
}

// Scratch files live in the lake's own folder, so that a rename is enough to publish one; no key can begin with a dot.
const SCRATCH = '.scratch'
// No attempt writes one file for a day.
const SCRATCH_KEEP_MS = 86_400_000

/**
 * The lake in a folder, made when it is first written to. A file appears under its key whole or not at all: it is written beside the keys and renamed.
 *
 * @example
 * const lake = folderLake('.redeye/lake')
 */
export function folderLake(folder: string, options: FolderLakeOptions = {}): Lake {
  const root = resolve(folder)
  const synced = options.durability === 'machine'
  const pathOf = (key: string) => join(root, checkedKey(key))
  let ready = false
  function scratch(suffix: string): string {
    if (!ready) prepareScratch(join(root, SCRATCH))
    ready = true
    return join(root, SCRATCH, `${randomUUID()}${suffix}`)
  }

  async function place(from: string, key: string): Promise<void> {
    const to = pathOf(key)
    if (synced) await sync(from)
    await inFolderOf(to, () => move(from, to, scratch))
    if (synced) await sync(dirname(to))
  }

  return {
    scratch: suffix => guardedSync('write', SCRATCH, () => scratch(suffix)),
    putFile: (key, path) => guarded('write', key, () => place(path, key)),
    put: (key, bytes) =>
      guarded('write', key, async () => {
        const path = scratch('')
        try {
          await inFolderOf(path, () => writeWhole(path, bytes))
          await place(path, key)
        } catch (cause) {
          await rm(path, { force: true })
          throw cause
        }
      }),
    get: key => guarded('read', key, () => unlessAbsent(readFile(pathOf(key)))),
    fetch: key =>
      guarded('read', key, async () => {
        const path = pathOf(key)
        if ((await fileSize(path)) === undefined) throw new Error('no such file')
        return path
      }),
    size: key => guarded('read', key, () => fileSize(pathOf(key))),
    list: prefix => list(root, prefix),
    async remove(keys) {
      for (const key of keys) await guarded('remove', key, () => removeFile(root, pathOf(key)))
    },
  }
}

/** Makes the folder, and clears it of what attempts that died have left. */
function prepareScratch(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const before = Date.now() - SCRATCH_KEEP_MS
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && found.mtimeMs < before) rmSync(path, { recursive: true, force: true })
  }
}

/** Segments of letters, digits and `.`, `_`, `-`, `=`, none of which begins with a dot: nothing that leaves the lake or hides in it. */
function checkedKey(key: string): string {
  if (key.split('/').every(segment => /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(segment))) return key
  throw new RedeyeError('LAKE_FAILED', `"${key}" is no key of the lake`, {
    remedy: 'name datasets and partitions with letters, digits, ".", "_" and "-"',
    failure: 'user',
  })
}

async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
  } finally {
    await file.close()
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Tries first and makes the folder only when it is missing: the second and later files of a folder cost nothing more. */
async function inFolderOf<T>(path: string, write: () => Promise<T>): Promise<T> {
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

async function move(from: string, to: string, scratch: (suffix: string) => string): Promise<void> {
  try {
    await rename(from, to)
  } catch (cause) {
    if (codeOf(cause) !== 'EXDEV') throw cause
    // A file from another device is copied beside the keys first, so that it too appears whole.
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

async function fileSize(path: string): Promise<number | undefined> {
  const found = await unlessAbsent(stat(path))
  return found?.isFile() ? found.size : undefined
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(cause))) return undefined
    throw cause
  }
}

async function removeFile(root: string, path: string): Promise<void> {
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

/** In order of keys, a folder at a time: `a-b/x` lies before `a/x`, as in a bucket. */
async function* list(root: string, prefix: string): AsyncIterable<{ key: string; bytes: number; modifiedMs: number }> {
  const entries = await guarded('list', prefix, () => unlessAbsent(readdir(join(root, parentOf(prefix)), { withFileTypes: true })))
  const parent = parentOf(prefix)
  const names = (entries ?? []).map(entry => parent + entry.name + (entry.isDirectory() ? '/' : ''))
  for (const name of names.sort(byBytes)) {
    if (name.startsWith('.')) continue
    if (name.endsWith('/')) {
      if (name.startsWith(prefix) || prefix.startsWith(name)) yield* list(root, prefix.length > name.length ? prefix : name)
    } else if (name.startsWith(prefix)) {
      const found = await guarded('list', name, () => unlessAbsent(stat(join(root, name))))
      if (found) yield { key: name, bytes: found.size, modifiedMs: found.mtimeMs }
    }
  }
}

const parentOf = (prefix: string) => prefix.slice(0, prefix.lastIndexOf('/') + 1)
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const codeOf = (cause: unknown) => String((cause as { code?: unknown } | undefined)?.code ?? '')

async function guarded<T>(doing: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw lakeFailure(doing, key, cause)
  }
}

function guardedSync<T>(doing: string, key: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw lakeFailure(doing, key, cause)
  }
}

/** What a file system's refusal means to an attempt: a full disk or quota is `resources`, anything else may pass. */
export function lakeFailure(doing: string, key: string, cause: unknown): RedeyeError {
  if (cause instanceof RedeyeError) return cause
  const message = String((cause as { message?: unknown } | undefined)?.message ?? cause)
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(cause)))
    return new RedeyeError('OUT_OF_DISK', `the lake could not ${doing} ${key}: ${message}`, {
      remedy: 'free space on the lake’s disk, or move the lake to a larger one',
      failure: 'resources',
      cause,
    })
  return new RedeyeError('LAKE_FAILED', `the lake could not ${doing} ${key}: ${message}`, {
    remedy: 'see that the lake’s folder exists, belongs to this user and is not being removed',
    cause,
  })
}
