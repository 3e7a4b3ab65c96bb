import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RedeyeError } from '../core/errors.ts'
import type { Lake } from '../ports/lake.ts'
import { checkedKey, checkedPrefix } from '../ports/lake-key.ts'
import { codeOf, fileSize, inFolderOf, move, removeFile, sync, unlessAbsent, writeWhole } from './whole-file.ts'

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

  async function write(key: string, bytes: Uint8Array | string): Promise<void> {
    const path = scratch('')
    try {
      await inFolderOf(path, () => writeWhole(path, bytes))
      await place(path, key)
    } catch (cause) {
      await rm(path, { force: true })
      throw cause
    }
  }

  return {
    scratch: suffix => guardedSync('write', SCRATCH, () => scratch(suffix)),
    putFile: (key, path) => guarded('write', key, () => place(path, key)),
    put: (key, bytes) => guarded('write', key, () => write(key, bytes)),
    get: key => guarded('read', key, () => unlessAbsent(readFile(pathOf(key)))),
    fetch: key => guarded('read', key, () => existing(pathOf(key))),
    size: key => guarded('read', key, () => fileSize(pathOf(key))),
    list: prefix => list(root, checkedPrefix(prefix)),
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
    if (lastChangeMs(path) < before) rmSync(path, { recursive: true, force: true })
  }
}

/** When a file changed, or the newest in a folder; an empty folder may be one that a process still counts on, so it never has. */
function lastChangeMs(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return found?.mtimeMs ?? Number.POSITIVE_INFINITY
  const inside = readdirSync(path).map(name => lastChangeMs(join(path, name)))
  return inside.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...inside)
}

async function existing(path: string): Promise<string> {
  if ((await fileSize(path)) === undefined) throw new Error('no such file')
  return path
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
