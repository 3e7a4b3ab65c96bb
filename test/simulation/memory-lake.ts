import type { Lake } from '../../shared/ports/lake.ts'

/** A lake of a map. Only what the engine itself asks of a lake; workers write through `write`. */
export class MemoryLake implements Lake {
  readonly #files = new Map<string, Map<string, { text: string; at: number }>>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  // By dataset, so that a listing of one does not go through all.
  #of(key: string): Map<string, { text: string; at: number }> {
    const dataset = key.slice(0, key.indexOf('/'))
    let files = this.#files.get(dataset)
    if (!files) this.#files.set(dataset, (files = new Map()))
    return files
  }

  write(key: string, text: string): void {
    this.#of(key).set(key, { text, at: this.#now() })
  }

  text(key: string): string | undefined {
    return this.#of(key).get(key)?.text
  }

  read(key: string): Uint8Array | undefined {
    const text = this.text(key)
    return text === undefined ? undefined : new TextEncoder().encode(text)
  }

  holds(key: string): number | undefined {
    return this.#of(key).get(key)?.text.length
  }

  async put(key: string, bytes: Uint8Array | string): Promise<void> {
    this.write(key, String(bytes))
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.read(key)
  }

  async size(key: string): Promise<number | undefined> {
    return this.holds(key)
  }

  async *list(prefix: string): AsyncIterable<{ key: string; bytes: number; modifiedMs: number }> {
    for (const [key, { text, at }] of this.#of(prefix)) if (key.startsWith(prefix)) yield { key, bytes: text.length, modifiedMs: at }
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#of(key).delete(key)
  }

  scratch(): string {
    throw new Error('no scratch files here')
  }

  async fetch(): Promise<string> {
    throw new Error('no files here')
  }

  async putFile(): Promise<void> {
    throw new Error('no files here')
  }
}
