import { appendFile, readFile, rm } from 'node:fs/promises'
import type { Manifest } from '../core/manifest.ts'
import type { Lake } from '../ports/lake.ts'
import type { Rejected } from '../ports/source.ts'

// A broken document can be a whole response; its beginning is enough to recognise it by.
const RAW_CHARACTERS = 4000
// So much waits in memory before it goes to the scratch file.
const BUFFERED_CHARACTERS = 256 * 1024

/** The records that did not fit, each a line of `quarantine.jsonl`: `{ reason, where, raw }`. Memory stays bounded, however many there are. */
export class Quarantine {
  rows: number
  /** The first reasons, for the message when there are too many. */
  readonly reasons: string[] = []
  private readonly lake: Lake
  private readonly folder: string
  private readonly segments: string[]
  private scratch: string | undefined
  private buffer = ''

  constructor(lake: Lake, folder: string, earlier: { rows: number; segments: readonly string[] } = { rows: 0, segments: [] }) {
    this.lake = lake
    this.folder = folder
    this.rows = earlier.rows
    this.segments = [...earlier.segments]
  }

  add(rejected: Rejected): void {
    this.rows++
    if (this.reasons.length < 3) this.reasons.push(rejected.where ? `${rejected.reason} (${rejected.where})` : rejected.reason)
    const { reason, where } = rejected
    this.buffer += `${JSON.stringify({ reason, where, raw: rejected.raw.slice(0, RAW_CHARACTERS) })}\n`
  }

  /** Lets go of memory when there is much. */
  async flushFull(): Promise<void> {
    if (this.buffer.length < BUFFERED_CHARACTERS) return
    this.scratch ??= this.lake.scratch('.jsonl')
    await appendFile(this.scratch, this.buffer)
    this.buffer = ''
  }

  /** Writes what has come since the last time as a file of its own; gives the keys of all of them. */
  async segment(): Promise<string[]> {
    const text = await this.take()
    if (text !== '') {
      const key = `${this.folder}/quarantine-${String(this.segments.length).padStart(4, '0')}.jsonl`
      await this.lake.put(key, text)
      this.segments.push(key)
    }
    return [...this.segments]
  }

  /** Writes `quarantine.jsonl`; undefined when nothing was refused. */
  async finish(): Promise<Manifest['quarantine']> {
    if (this.rows === 0) return undefined
    const key = `${this.folder}/quarantine.jsonl`
    const earlier = await Promise.all(this.segments.map(async segment => new TextDecoder().decode(await this.lake.get(segment))))
    const bytes = new TextEncoder().encode(earlier.join('') + (await this.take()))
    await this.lake.put(key, bytes)
    return { key, rows: this.rows, bytes: bytes.length }
  }

  async close(): Promise<void> {
    if (this.scratch) await rm(this.scratch, { force: true })
  }

  private async take(): Promise<string> {
    const flushed = this.scratch ? await readFile(this.scratch, 'utf8') : ''
    await this.close()
    this.scratch = undefined
    const text = flushed + this.buffer
    this.buffer = ''
    return text
  }
}
