import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'

// Editors write a file in several steps, and a checkout many files: what comes within this is one change.
const SETTLE_MS = 250
// What of a project a runtime reads.
const FOLDERS = ['services', 'datasets', 'shared']

/**
 * Tells, once things have settled, that files of a project have changed. Each folder is watched by itself: a recursive watch follows
 * files, on Linux, and is deaf to one whose place another has taken.
 */
export class Changes {
  readonly #root: string
  readonly #tell: () => void
  #watchers: FSWatcher[] = []
  #settling: NodeJS.Timeout | undefined

  constructor(root: string, tell: () => void) {
    this.#root = root
    this.#tell = tell
  }

  start(): void {
    this.#watch(this.#root, name => FOLDERS.includes(name))
    for (const folder of FOLDERS) this.#watchAll(join(this.#root, folder))
  }

  #watchAll(folder: string): void {
    // Before its folders are listed, so that one made meanwhile is heard of.
    this.#watch(folder, concerns)
    for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
      if (!concerns(entry.name)) continue
      if (entry.isDirectory()) this.#watchAll(join(folder, entry.name))
      // What it leads to is in another folder.
      else if (entry.isSymbolicLink()) this.#watch(join(folder, entry.name), () => true)
    }
  }

  #watch(folder: string, hears: (name: string) => boolean): void {
    const watcher = unlessGone(() => watch(folder, (_, name) => (name === null || hears(name)) && this.#settle()))
    // A folder that goes is an error on Windows.
    if (watcher) this.#watchers.push(watcher.on('error', () => this.#settle()))
  }

  #settle(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      // Folders have come, gone, or been put in the place of others. What is told after this reads whatever happened before.
      const before = this.#watchers
      this.#watchers = []
      this.start()
      for (const watcher of before) watcher.close()
      this.#tell()
    }, SETTLE_MS)
  }

  stop(): void {
    clearTimeout(this.#settling)
    for (const watcher of this.#watchers) watcher.close()
  }
}

/** Tests, editors' own files, and what tools leave beside them run nowhere. */
const concerns = (name: string) => !/^[.#]|~$|\.test\.ts$|\.tmp$|^node_modules$/.test(name)

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return undefined
    throw error
  }
}
