import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { Columns, Json } from '../../shared/core/schema.ts'
import type { Batch, ReadRequest, Rejected, Source, SourceWorld } from '../../shared/ports/source.ts'
import { recordedWorld } from '../../shared/sources/recorded.ts'

/** The day that most tests read. */
export const day: ReadRequest['partition'] = {
  key: '2001-02-14',
  start: '2001-02-14T00:00:00Z',
  end: '2001-02-15T00:00:00Z',
  timezone: 'UTC',
}
export const whole: ReadRequest['partition'] = { key: 'all' }

export interface Reading {
  partition?: ReadRequest['partition']
  columns?: Columns
  position?: Json
  signal?: AbortSignal
  secrets?: Record<string, string>
  world?: SourceWorld
}

export function read(source: Source, reading: Reading = {}): AsyncIterable<Batch> {
  return source.read({
    partition: reading.partition ?? day,
    columns: reading.columns ?? {},
    position: reading.position,
    signal: reading.signal ?? new AbortController().signal,
    world: reading.world ?? recordedWorld({ secrets: reading.secrets ?? {} }),
  })
}

export async function readAll(source: Source, reading: Reading = {}) {
  const records: Record<string, unknown>[] = []
  const rejected: Rejected[] = []
  const positions: (Json | undefined)[] = []
  for await (const batch of read(source, reading)) {
    records.push(...batch.records)
    rejected.push(...(batch.rejected ?? []))
    positions.push(batch.position)
  }
  return { records, rejected, positions }
}

/** The error a reading ends with; fails when it ends well. */
export async function errorOf(source: Source, reading: Reading = {}): Promise<RedeyeError> {
  const ended = await readAll(source, reading).then(
    () => 'ended well',
    (error: unknown) => error,
  )
  if (ended instanceof RedeyeError) return ended
  throw new Error(`expected a RedeyeError, got ${String(ended)}`, { cause: ended })
}

/**
 * For every batch that carries a position, reads anew from it, and tells whether the records up to it and those after it
 * together are the records of a reading without a break.
 */
export async function breaksAnywhere(source: Source, reading: Reading, expected: readonly unknown[], sorted = (r: unknown[]) => r) {
  const wanted = sorted([...expected])
    .map(row => JSON.stringify(row))
    .join('\n')
  const before: unknown[] = []
  let breaks = 0
  for await (const batch of read(source, reading)) {
    before.push(...batch.records)
    if (batch.position === undefined) continue
    breaks++
    const position: Json = JSON.parse(JSON.stringify(batch.position))
    const after = await readAll(source, { ...reading, position })
    // As text: comparing thousands of objects by value, once for each break, would take most of the tests' time.
    expect(
      sorted([...before, ...after.records])
        .map(row => JSON.stringify(row))
        .join('\n'),
    ).toBe(wanted)
  }
  return breaks
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redeye-sources-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
