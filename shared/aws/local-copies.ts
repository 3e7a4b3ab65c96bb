import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

// What an attempt has just written it often reads again, for its checks; more than this it downloads again rather than fill the disk.
const KEPT_BYTES = 256 * 1024 * 1024

/** Local copies of a bucket's objects, each downloaded once however many ask for it at once. */
export class LocalCopies {
  readonly #folder: string
  readonly #keptBytes: number
  readonly #coming = new Map<string, Promise<string>>()
  /** The keys that have a copy. */
  readonly #there = new Set<string>()
  #kept = 0

  constructor(folder: string, keptBytes = KEPT_BYTES) {
    this.#folder = folder
    this.#keptBytes = keptBytes
  }

  /** The path of a key's copy; `download` makes it where there is none. */
  of(key: string, download: (path: string) => Promise<void>): Promise<string> {
    let coming = this.#coming.get(key)
    if (!coming) {
      coming = this.#find(key, download).finally(() => this.#coming.delete(key))
      this.#coming.set(key, coming)
    }
    return coming
  }

  async #find(key: string, download: (path: string) => Promise<void>): Promise<string> {
    const path = this.#pathOf(key)
    if (this.#there.has(key) && (await exists(path))) return path
    await mkdir(dirname(path), { recursive: true })
    const partial = `${path}.part`
    try {
      await download(partial)
      await rename(partial, path)
      this.#there.add(key)
    } finally {
      await rm(partial, { force: true })
    }
    return path
  }

  /** Takes over a file that was uploaded: kept as the copy while there is room for such, else removed. */
  async take(key: string, from: string, bytes: number): Promise<void> {
    const path = this.#pathOf(key)
    await this.forget(key)
    if (this.#kept + bytes <= this.#keptBytes) {
      await mkdir(dirname(path), { recursive: true })
      // A file of another device cannot be moved; its copy is made when it is asked for.
      const moved = await rename(from, path).then(
        () => true,
        () => false,
      )
      if (moved) {
        this.#kept += bytes
        this.#there.add(key)
        return
      }
    }
    await rm(from, { force: true })
  }

  async forget(key: string): Promise<void> {
    if (this.#there.delete(key)) await rm(this.#pathOf(key), { force: true })
  }

  /** The folder was emptied. */
  emptied(): void {
    this.#kept = 0
    this.#there.clear()
  }

  // A folder of its own keeps a key's file apart from a folder of the same name, and its name as it is: what a file holds is told by its end.
  #pathOf = (key: string) => join(this.#folder, `${key}.copy`, basename(key))
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
