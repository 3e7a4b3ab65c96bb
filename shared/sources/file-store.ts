import { RedeyeError } from '../core/errors.ts'

/** Where log files lie. A kind of store is one file in shared/sources/stores, named after its URL scheme, that exports `openStore`. */
export interface FileStore {
  /** Names of files below the folder or prefix, with `/` between folders, that begin with a prefix; in any order. */
  list(prefix: string): AsyncIterable<string>
  /** A file's bytes, streamed. Rejects with SOURCE_UNAVAILABLE when reading breaks off. */
  read(name: string): AsyncIterable<Uint8Array>
}

/** The store of a location: a URL's scheme names it, anything else is a folder. Rejects with BAD_SOURCE, naming an absent folder. */
export async function storeOf(location: string, setting: string): Promise<FileStore> {
  const scheme = /^([a-z][a-z0-9]+):/.exec(location)?.[1] ?? 'file'
  const store = (await import(`./stores/${scheme}.ts`).catch((cause: NodeJS.ErrnoException) => {
    throw new RedeyeError('BAD_SOURCE', `the setting ${setting} names files of scheme "${scheme}:", which nothing here reads`, {
      remedy: 'write a folder’s path; a new kind of store is a file in shared/sources/stores',
      cause,
    })
  })) as { openStore(location: string, setting: string): Promise<FileStore> }
  return store.openStore(location, setting)
}
